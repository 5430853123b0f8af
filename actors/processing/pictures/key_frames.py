"""How is a part of the log read so that it can be decoded? With the init segment it belongs to."""

from contextlib import suppress

from actors.jetstream.direct_get import Entry
from actors.jetstream.media_log import MediaLog
from schemas.media import VIDEO, init_from_headers, part_from_headers
from subjects import media


class KeyFrames:
    """Of the picture of one recording. Inits, of which there are few, are remembered."""

    def __init__(self, log: MediaLog, recording_id: str) -> None:
        self._log = log
        self._recording_id = recording_id
        self._inits: dict[int, bytes] = {}

    async def track(self, entry: Entry) -> tuple[bytes, bytes] | None:
        """Init and part; None when they are in the log no more. Raises what `MediaLog` raises."""
        number = part_from_headers(entry.headers).init
        if number not in self._inits:
            async for found in self._log.read(media.init(self._recording_id, VIDEO), 1):
                with suppress(KeyError, ValueError):  # no init: nobody will ask for it
                    self._inits[init_from_headers(found.headers).number] = found.data
        init = self._inits.get(number)
        async for found in self._log.read(entry.subject, entry.sequence, entry.sequence):
            return None if init is None else (init, found.data)
        return None
