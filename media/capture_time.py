"""What time is it where samples may be late, but none is lost? As late as all tracks have come: nobody is given up."""

from typing import Final

_NEVER: Final = float("-inf")


class CaptureTime:
    """Follows the captures of `tracks`; who is behind the others for longer than `patience_s` is not waited for."""

    def __init__(self, tracks: tuple[str, ...], patience_s: float) -> None:
        self._latest = dict.fromkeys(tracks, _NEVER)
        self._patience_s = patience_s
        self.now_s = _NEVER

    def see(self, track: str, captured_s: float) -> None:
        """A sample was captured then."""
        self._latest[track] = max(self._latest[track], captured_s)
        latest = self._latest.values()
        self.now_s = max(self.now_s, min(latest), max(latest) - self._patience_s)
