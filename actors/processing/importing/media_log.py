"""How do the parts of a file get into the log, once each, whoever begins again?

The same file makes the same parts. Whoever takes over from a killed process makes them again from the beginning, and
leaves out what is there; two at the same file are told apart by the fence of `MediaWriter`.
"""

from collections.abc import Iterable
from typing import NamedTuple, Self

from nats.aio.client import Client as Nats

from actors.jetstream import direct_get
from actors.jetstream.media_writer import MediaWriter
from media.samples import Init, Part
from schemas.envelope import MESSAGE_ID
from schemas.media import AUDIO, VIDEO, init_from_headers, part_from_headers, to_headers
from subjects import media
from subjects.streams import MEDIA


class _Reached(NamedTuple):
    """The last init and the last part of a rendition that are in the log."""

    init: int = -1
    segment: int = -1
    part: int = -1


class ImportedLog:
    """One recording's way into MEDIA. Raises what `actors.jetstream.media_writer` raises."""

    def __init__(self, nats: Nats, recording_id: str, reached: dict[str, _Reached], sequences: dict[str, int]) -> None:
        self._recording_id = recording_id
        self._reached = reached
        self._writer = MediaWriter(nats, MEDIA.name, sequences)
        self.is_empty = not sequences
        """Whether there is not a single part."""

    @classmethod
    async def open(cls, nats: Nats, recording_id: str) -> Self:
        """Behind what is there already."""
        reached: dict[str, _Reached] = {}
        sequences: dict[str, int] = {}
        for rendition in (VIDEO, AUDIO):
            init = await direct_get.known(nats, MEDIA.name, media.init(recording_id, rendition))
            number = init_from_headers(init.headers).number if init else -1
            reached[rendition] = _Reached(number)
            part = await direct_get.known(nats, MEDIA.name, media.part(recording_id, rendition))
            if part:
                said = part_from_headers(part.headers)
                reached[rendition] = _Reached(number, said.segment, said.part)
                sequences[part.subject] = part.sequence
        return cls(nats, recording_id, reached, sequences)

    async def write(self, outputs: Iterable[Init | Part]) -> None:
        """All of them, in order, but for those that are there."""
        for said in outputs:
            if isinstance(said, Init):
                await self._init(said)
            else:
                await self._part(said)

    async def _init(self, said: Init) -> None:
        if said.headers.number > self._reached[said.rendition].init:
            await self._put(media.init(self._recording_id, said.rendition), said, fenced=False)

    async def _part(self, said: Part) -> None:
        reached = self._reached[said.rendition]
        if (said.headers.segment, said.headers.part) > (reached.segment, reached.part):
            await self._put(media.part(self._recording_id, said.rendition), said, fenced=True)
            self.is_empty = False

    async def _put(self, subject: str, said: Init | Part, *, fenced: bool) -> None:
        message_id = media.message_id(self._recording_id, said.rendition, said.headers)
        await self._writer.write(subject, said.data, to_headers(said.headers) | {MESSAGE_ID: message_id}, fenced=fenced)
