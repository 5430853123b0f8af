"""Which deleted recordings have to be looked at once more? A job that was at work then may have written since; pure.

Each is looked at some times, ever more rarely; those of the last hours are learned from the log when a process starts.
"""

from typing import Final

LOOKS_S: Final = (15.0, 60.0, 300.0, 1800.0, 7200.0)
"""So long after the deletion."""
REMEMBERED_S: Final = LOOKS_S[-1]


class Deletions:
    """What was deleted lately. Times are in seconds of any clock."""

    def __init__(self) -> None:
        self._looks: dict[str, list[float]] = {}

    def __len__(self) -> int:
        return len(self._looks)

    def note(self, recording_id: str, at: float) -> None:
        """It was deleted then."""
        self._looks.setdefault(recording_id, [at + look for look in LOOKS_S])

    def due(self, now: float) -> list[str]:
        """Those to be looked at now."""
        return [recording_id for recording_id, looks in self._looks.items() if looks[0] <= now]

    def looked(self, recording_id: str, now: float) -> None:
        """Nothing of it was there, or is any more."""
        left = [look for look in self._looks.pop(recording_id, ()) if look > now]
        if left:
            self._looks[recording_id] = left
