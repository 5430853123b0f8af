"""Which work measures a complete recording? Waveform and metadata, from its packets, stretch by stretch."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
import structlog
from msgspec import Struct
from obstore.store import ObjectStore

from actors.outside import storage
from actors.outside.limits import Limits
from actors.outside.sandbox import Sandbox, Spoiled
from actors.processing.jobs.work import Job, Unit
from actors.processing.pictures import archive
from actors.processing.pictures.archive import Archive
from actors.processing.said import Said
from media import probe
from media.audio import waveform
from media.audio.waveform import Peaks, Sound
from media.cmaf import codec
from media.hls.index import IndexedSegment
from media.probe import Measured
from schemas.errors import Invalid
from schemas.ids import RecordingId
from schemas.media import AUDIO, VIDEO
from schemas.processing import MetadataMeasured
from subjects import objects

COST: Final = 0.003
"""Seconds of computing, about, of a second of picture and sound."""
SEGMENTS: Final = 150
"""Of a unit: five minutes."""
BATCH_BYTES: Final = 16 << 20
"""So much of the picture is read at a time, and looked at by one child."""
LIMITS: Final = Limits(seconds=60.0, cpu_seconds=60)
FORMAT: Final = "fmp4"

log = structlog.get_logger(__name__)


class Found(Struct, frozen=True):
    """What a unit found: renditions by name, and what is heard, as base64 of `Peaks`."""

    measured: dict[str, Measured]
    first: int = 0
    pairs: bytes = b""  # base64 in JSON


class AnalyzeWork:
    """job_type `analyze`."""

    def __init__(self, store: ObjectStore, sandbox: Sandbox, said: Said) -> None:
        self._store = store
        self._sandbox = sandbox
        self._said = said

    async def plan(self, job: Job) -> Sequence[Unit]:
        """Stretches, named by their first and one more than their last segment."""
        found = await archive.opened(self._store, job.recording_id)
        numbers = [segment.number for segment in (*found.video, *found.audio)]
        borders = range(min(numbers), max(numbers) + 1, SEGMENTS) if numbers else range(0)
        return [Unit(f"{first}-{first + SEGMENTS}", COST * _lasting_s(found, first)) for first in borders]

    async def do(self, job: Job, unit: Unit) -> bytes:
        """What is in a stretch, as JSON."""
        found = await archive.opened(self._store, job.recording_id)
        first, end = map(int, unit.name.split("-"))
        measured = {name: await self._measured(found, name, segments) for name, segments in _within(found, first, end)}
        heard = await self._heard(found, [one for one in found.audio if first <= one.number < end])
        there = {name: one for name, one in measured.items() if one}
        return msgspec.json.encode(Found(there, heard.first, heard.pairs))

    async def finish(self, job: Job, results: Mapping[str, bytes]) -> None:
        """The waveform, if there is sound, and what was measured. Raises Invalid when nothing could be."""
        found = await archive.opened(self._store, job.recording_id)
        stretches = [msgspec.json.decode(results[name], type=Found) for name in sorted(results, key=_first)]
        tracks = {
            name: probe.in_a_row(there)
            for name in (VIDEO, AUDIO)
            if (there := [one.measured[name] for one in stretches if name in one.measured])
        }
        if not tracks:
            raise Invalid("Neither picture nor sound of it can be read.")
        if found.audio:
            heard = waveform.merge([Peaks(one.first, one.pairs) for one in stretches], found.duration_s)
            await storage.put(self._store, objects.waveform(found.recording_id), msgspec.json.encode(heard))
        measured = await _metadata(job.recording_id, found, tracks)
        await self._said.once(measured, job.recording_id, f"{job.id}.measured")

    async def _measured(self, found: Archive, rendition: str, segments: Sequence[IndexedSegment]) -> Measured | None:
        """None when nothing of it can be read."""
        measured = []
        for batch in _batches(segments):
            init = await found.init(rendition, batch[0].init)
            data = await asyncio.gather(*(found.segment(rendition, segment) for segment in batch))
            try:
                measured.append(await self._sandbox.run(probe.pieces, init, data, limits=LIMITS))
            except Spoiled as error:
                log.warning("not measured", recording=found.recording_id, segment=batch[0].number, error=str(error))
        return probe.in_a_row(measured) if measured else None

    async def _heard(self, found: Archive, segments: Sequence[IndexedSegment]) -> Peaks:
        """Silence when it cannot be decoded."""
        if not segments:
            return Peaks(0, b"")
        sounds = [await self._sound(found, segment) for segment in segments]
        per_value = waveform.samples_per_value(found.duration_s)
        try:
            return await self._sandbox.run(waveform.peaks, sounds, per_value, limits=LIMITS)
        except Spoiled as error:
            log.warning("not heard", recording=found.recording_id, segment=segments[0].number, error=str(error))
            return Peaks(0, b"")

    async def _sound(self, found: Archive, segment: IndexedSegment) -> Sound:
        init = await found.init(AUDIO, segment.init)
        return Sound(segment.start_s - found.begins_s, init, await found.segment(AUDIO, segment))


async def _metadata(recording_id: RecordingId, found: Archive, tracks: Mapping[str, Measured]) -> MetadataMeasured:
    """Of the whole: picture and sound as they were recorded."""
    video, audio = tracks.get(VIDEO), tracks.get(AUDIO)
    whole = probe.side_by_side(video, audio) if video and audio else tracks[next(iter(tracks))]
    codecs = [codec.of(await found.init(name, segments[-1].init)) for name, segments in _renditions(found)]
    return MetadataMeasured(
        recording_id=recording_id,
        file_path=objects.prefix(found.recording_id),
        file_size_bytes=whole.size_bytes,
        duration_seconds=round(whole.duration_seconds, 3),
        width=video.width if video else None,
        height=video.height if video else None,
        frame_rate=round(video.frame_rate, 3) if video else None,
        bitrate=whole.bitrate,
        codec=",".join(codecs),
        format=FORMAT,
        at=datetime.now(UTC),
    )


def _renditions(found: Archive) -> list[tuple[str, Sequence[IndexedSegment]]]:
    return [(name, segments) for name, segments in ((VIDEO, found.video), (AUDIO, found.audio)) if segments]


def _within(found: Archive, first: int, end: int) -> list[tuple[str, list[IndexedSegment]]]:
    return [(name, [one for one in segments if first <= one.number < end]) for name, segments in _renditions(found)]


def _lasting_s(found: Archive, first: int) -> float:
    return sum(one.duration_s for _, segments in _within(found, first, first + SEGMENTS) for one in segments)


def _first(unit: str) -> int:
    return int(unit.split("-", maxsplit=1)[0])


def _batches(segments: Sequence[IndexedSegment]) -> list[list[IndexedSegment]]:
    """One init each, and not too many bytes."""
    batches: list[list[IndexedSegment]] = []
    size = 0
    for segment in segments:
        size += segment.size_bytes
        if not batches or batches[-1][0].init != segment.init or size > BATCH_BYTES:
            batches.append([])
            size = segment.size_bytes
        batches[-1].append(segment)
    return batches
