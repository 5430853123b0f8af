"""Which work makes the pictures of a complete recording? A unit for each sheet of thumbnails, one for the preview."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec
from obstore.store import ObjectStore

from actors.outside import storage
from actors.outside.limits import Limits
from actors.outside.sandbox import Sandbox
from actors.processing.jobs.work import Job, Unit
from actors.processing.pictures import album, archive
from actors.processing.pictures.album import Filed
from actors.processing.pictures.archive import Archive
from actors.processing.pictures.moments import moments
from actors.processing.pictures.version_pictures import Version, version_of
from media.edits.edit_list import Range
from media.hls.index import IndexedSegment
from media.pictures.poster import MAX_WIDTH, poster
from media.pictures.preview import Clip, preview
from media.pictures.sprite import PER_SHEET, spacing_s, spread, thumbnails
from schemas.media import VIDEO
from subjects import objects

T = TypeVar("T")
PREVIEW: Final = "preview"
COST: Final = 0.02
PREVIEW_COST: Final = 1.0
"""Seconds of computing, about: of a thumbnail, and of the preview. A ladder costs far more: pictures come first."""
BATCH: Final = 10
"""So many key frames are read, and decoded by one child, at a time: of a 4K screen 10 MB."""
LIMITS: Final = Limits(seconds=60.0, cpu_seconds=60)


class ThumbnailWork:
    """job_type `thumbnail`."""

    def __init__(self, store: ObjectStore, sandbox: Sandbox) -> None:
        self._store = store
        self._sandbox = sandbox

    async def plan(self, job: Job) -> Sequence[Unit]:
        """The sheets by their numbers, of a version the preview alone; nothing for sound alone."""
        found = await archive.opened(self._store, job.recording_id)
        shown = _shown(found)
        if version_of(job):
            return [Unit(PREVIEW, PREVIEW_COST)] if shown else []
        sheets = [Unit(str(at // PER_SHEET), COST * len(shown[at : at + PER_SHEET])) for at in _sheets(shown)]
        return [*sheets, Unit(PREVIEW, PREVIEW_COST)] if sheets else []

    async def do(self, job: Job, unit: Unit) -> bytes:
        """What the sheet shows, as msgpack; nothing for the preview, which then lies in storage."""
        found = await archive.opened(self._store, job.recording_id)
        if unit.name == PREVIEW:
            await self._preview(found, version_of(job))
            return b""
        first = int(unit.name) * PER_SHEET
        return msgspec.msgpack.encode(await self._sheet(found, int(unit.name), _shown(found)[first:][:PER_SHEET]))

    async def finish(self, job: Job, results: Mapping[str, bytes]) -> None:
        """The WebVTT file over all sheets; those of the live series that are not in it go."""
        sheets = sorted((int(name), result) for name, result in results.items() if name != PREVIEW)
        filed = [one for _, result in sheets if (one := msgspec.msgpack.decode(result, type=Filed | None))]
        if not filed:
            return
        found = await archive.opened(self._store, job.recording_id)
        await album.file_cues(self._store, job.recording_id, filed, found.duration_s)
        await album.drop_sheets(self._store, job.recording_id, filed)

    async def _sheet(self, found: Archive, number: int, shown: Sequence[IndexedSegment]) -> Filed | None:
        """None when none of its key frames can be decoded."""
        shots = []
        for at in range(0, len(shown), BATCH):
            batch = shown[at : at + BATCH]
            tracks = await asyncio.gather(*(self._track(found, segment) for segment in batch))
            small = await self._run(thumbnails, tracks)
            shots += [(segment.start_s - found.begins_s, one) for segment, one in zip(batch, small, strict=True) if one]
        return await album.file_sheet(self._store, found.recording_id, number, shots) if shots else None

    async def _preview(self, found: Archive, version: Version | None) -> None:
        """Of a version also a poster: there may be in that of the recording what was cut out."""
        keep = version.keep if version else (Range(0.0, found.duration_s),)
        shown = moments(found.video, found.begins_s, keep)
        if not shown:
            return
        tracks = await asyncio.gather(*(self._track(found, one.segment, one.skip_s + one.lasting_s) for one in shown))
        clips = [
            Clip(init + parts, one.skip_s, one.lasting_s) for one, (init, parts) in zip(shown, tracks, strict=True)
        ]
        folder = objects.edit_path(version.number) if version else ""
        place = objects.prefix(found.recording_id) + folder
        await storage.put(self._store, place + objects.PREVIEW, await self._run(preview, clips))
        if version:
            made = [
                await self._run(poster, init, parts, MAX_WIDTH, one.skip_s)
                for one, (init, parts) in zip(shown, tracks, strict=True)
            ]
            best = max(made, key=lambda picture: picture.detail)
            await storage.put(self._store, place + objects.POSTER, best.jpeg)

    async def _run(self, work: Callable[..., T], *arguments: Any) -> T:
        return await self._sandbox.run(work, *arguments, limits=LIMITS)

    async def _track(self, found: Archive, segment: IndexedSegment, seconds: float = 0.0) -> tuple[bytes, bytes]:
        return await found.init(VIDEO, segment.init), await found.opening(segment, seconds)


def _shown(found: Archive) -> Sequence[IndexedSegment]:
    """Those that have a thumbnail: they begin with a key frame, and lie as far apart as the length asks."""
    keyed = [segment for segment in found.video if segment.parts[0].independent]
    apart_s = spacing_s(found.duration_s)
    return [keyed[at] for at in spread([segment.start_s for segment in keyed], lambda _: apart_s)]


def _sheets(shown: Sequence[IndexedSegment]) -> range:
    return range(0, len(shown), PER_SHEET)
