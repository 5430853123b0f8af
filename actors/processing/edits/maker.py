"""How does a version come into being? Planned on tables alone; only segments at a cut are read, few are coded anew.

What is coded is coded in the sandbox, all cuts at the same time. The version's index is written last: where it is,
everything is. Made again, it is the same.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from obstore.exceptions import BaseError
from obstore.store import ObjectStore

from actors.outside import storage
from actors.outside.limits import Limits
from actors.outside.sandbox import Sandbox
from actors.processing.edits.archive import Archive, Archived
from media.edits import assembly, edit_list, splice, version
from media.edits.assembly import Paths
from media.edits.edit_list import Range
from media.edits.plan import Moment, Piece, duration_s, plan
from media.edits.splice import Spliced
from media.edits.version import Current, Version
from media.mp4 import samples
from schemas.errors import Conflict, Invalid, Unavailable
from schemas.media import VIDEO
from subjects import objects

LIMITS: Final = Limits(seconds=40.0, cpu_seconds=60, niceness=0)
"""Somebody looks on: it is as urgent as a page."""
AT_ONCE: Final = 8
AWAY: Final = (OSError, BaseError)


class Maker:
    """Makes versions. Raises: Invalid and Conflict with a sentence, Unavailable while storage is away."""

    def __init__(self, store: ObjectStore, sandbox: Sandbox) -> None:
        self._store = store
        self._sandbox = sandbox
        self._archive = Archive(store)

    async def make(self, recording_id: str, number: int, keep: Sequence[Range]) -> Version:
        """Version `number` of a recording, complete in storage."""
        found = await self._archive.recording(recording_id)
        try:
            kept = edit_list.checked(keep, duration_s(found.index, found.timescales, found.tables))
        except ValueError as error:
            raise Invalid(str(error)) from error
        moments = plan(kept, found.index, found.timescales, found.tables)
        made = await self.pieces(found, moments)
        made_of = assembly.version(number, kept, moments, made, found.index, _paths(number))
        await self._store_all(recording_id, made_of, made)
        return made_of

    async def show(self, recording_id: str, number: int) -> None:
        """From now on, who opens the recording gets this version."""
        await self._put(objects.edit(recording_id), version.encode(Current(number)))

    async def pieces(self, found: Archived, moments: Sequence[Moment]) -> dict[tuple[str, int], Spliced]:
        """What cannot stay as it is, by rendition and place among the moments."""
        wanted = [
            (name, place, piece)
            for place, moment in enumerate(moments)
            for name, piece in moment.pieces.items()
            if piece and not piece.whole
        ]
        turn = asyncio.Semaphore(AT_ONCE)

        async def one(name: str, piece: Piece) -> Spliced:
            async with turn:
                return await self._piece(found, name, piece)

        made = await asyncio.gather(*(one(name, piece) for name, _, piece in wanted))
        return {(name, place): each for (name, place, _), each in zip(wanted, made, strict=True)}

    async def _piece(self, found: Archived, rendition: str, piece: Piece) -> Spliced:
        segment = await self._archive.object(objects.segment(found.recording_id, rendition, piece.number))
        try:
            if rendition != VIDEO:
                return splice.sound(segment, piece.begin, piece.end)
            if not piece.encode:
                return splice.picture(segment, piece.begin, piece.end)
        except ValueError as error:
            raise Conflict(f"A segment of this recording cannot be cut: {error}.") from error
        table = found.tables[rendition][piece.number]
        init = await self._archive.object(objects.init(found.recording_id, rendition, table.init))
        return await self._sandbox.run(splice.coded, init, segment, piece.begin, piece.end, limits=LIMITS)

    async def _store_all(self, recording_id: str, said: Version, made: dict[tuple[str, int], Spliced]) -> None:
        prefix = objects.prefix(recording_id)
        wanted = {prefix + path: data for path, data in assembly.own_inits(said, made)}
        tables: dict[str, list[samples.SegmentSamples]] = {}
        for (name, place), piece in sorted(made.items()):
            wanted[prefix + said.segment_path(name, place)] = piece.data
            tables.setdefault(name, []).append(samples.read(piece.data, place, 0))
        wanted |= {
            objects.edit_samples(recording_id, said.number, name): samples.encode(all_of_it)
            for name, all_of_it in tables.items()
        }
        await asyncio.gather(*(self._put(path, data) for path, data in wanted.items()))
        await self._put(objects.edit_index(recording_id, said.number), version.encode(said))

    async def _put(self, path: str, data: bytes) -> None:
        try:
            await storage.put(self._store, path, data)
        except AWAY as error:
            raise Unavailable("Storage does not answer; try again in a moment.") from error


def _paths(number: int) -> Paths:
    prefix = objects.edit_path(number)
    return Paths(
        objects.init_path,
        objects.segment_path,
        lambda rendition, init: prefix + objects.init_path(rendition, init),
        lambda rendition, segment: prefix + objects.segment_path(rendition, segment),
    )
