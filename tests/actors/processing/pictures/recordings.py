"""Recordings as they lie in storage, made by the packager from frames whose brightness says when they were."""

from collections.abc import Mapping
from functools import cache

import obstore
from obstore.store import LocalStore

from actors.processing.jobs.work import Job, Work
from media.packager import Packager
from media.samples import Init, Part
from schemas.envelope import LOCAL_WORKSPACE
from schemas.ids import RecordingId, job_id, new_id
from schemas.processing import JobType, Settings
from subjects import objects
from tests.gateways.edge.archive import store_all
from tests.media.encoded import audio, in_order, video
from tests.media.test_packager import Run

FPS = 30


@cache
def messages(*, seconds: float = 7.0, picture: bool = True, sound: bool = True) -> tuple[Init | Part, ...]:
    """What the packager makes of them."""
    tracks = ([video(seconds, FPS)] if picture else []) + ([audio(seconds)] if sound else [])  # type: ignore[list-item]
    run = Run(Packager(video=picture, audio=sound)).feed(in_order(*tracks)).close(seconds)
    return tuple(one for one in run.out if isinstance(one, Init | Part))


def brightness(frame: int) -> int:
    """Of the right edge of a frame, as `tests.media.encoded.video` draws it."""
    return frame * 3 % 256


async def stored(store: LocalStore, *, seconds: float = 7.0, picture: bool = True, sound: bool = True) -> RecordingId:
    """A complete recording."""
    recording_id = RecordingId(new_id())
    await store_all(store, recording_id, messages(seconds=seconds, picture=picture, sound=sound))
    return recording_id


async def do(
    work: Work, recording_id: RecordingId, job_type: JobType, settings: Settings | None = None
) -> Mapping[str, bytes]:
    """A whole job, by one worker; what its units gave."""
    job = Job(job_id(recording_id, job_type), recording_id, LOCAL_WORKSPACE, job_type, settings=settings or {})
    results = {unit.name: await work.do(job, unit) for unit in await work.plan(job)}
    await work.finish(job, results)
    return results


async def read(store: LocalStore, recording_id: str, name: str) -> bytes:
    """An object. Raises FileNotFoundError."""
    found = await obstore.get_async(store, objects.prefix(recording_id) + name)
    return bytes(await found.bytes_async())


async def names(store: LocalStore, recording_id: str) -> set[str]:
    """The objects directly under it."""
    prefix = objects.prefix(recording_id)
    found = {one["path"] async for batch in obstore.list(store, prefix) for one in batch}
    return {path.removeprefix(prefix) for path in found if "/" not in path.removeprefix(prefix)}
