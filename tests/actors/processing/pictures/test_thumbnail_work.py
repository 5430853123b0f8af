from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial

import numpy as np
import obstore
import pytest
from obstore.store import LocalStore

from actors.outside.sandbox import Sandbox
from actors.processing.jobs.work import Job
from actors.processing.pictures import album
from actors.processing.pictures.thumbnail_work import PREVIEW, ThumbnailWork
from actors.processing.pictures.version_pictures import version_pictures
from media.pictures.sprite import Thumbnail
from schemas.envelope import LOCAL_WORKSPACE
from schemas.errors import Invalid, Unavailable
from schemas.ids import JobId, RecordingId, new_id
from schemas.processing import KeptRange, RecordingEdited
from subjects import objects
from tests.actors.processing.pictures.cues import pixels, shown
from tests.actors.processing.pictures.recordings import FPS, brightness, do, names, read, stored
from tests.media.pictures.webp import frames


@pytest.fixture
async def work(store: LocalStore) -> AsyncIterator[ThumbnailWork]:
    async with Sandbox() as sandbox:
        yield ThumbnailWork(store, sandbox)


def edge_of(pixels: np.ndarray) -> float:
    """How bright the right edge is, which says when the frame was."""
    return float(pixels[20:-20, -4:].mean())


async def test_each_moment_shows_the_frame_that_was_there(work: ThumbnailWork, store: LocalStore) -> None:
    recording_id = await stored(store)
    await do(work, recording_id, "thumbnail")
    found = await shown(partial(read, store, recording_id))
    assert [round(cue.start_s) for cue in found] == [0, 2, 4, 6]
    assert found[-1].end_s == pytest.approx(7.0, abs=0.1)
    for cue in found:
        assert edge_of(cue.pixels) == pytest.approx(brightness(round(cue.start_s * FPS)), abs=4)
        assert cue.pixels.shape == (90, 160, 3)


async def test_the_preview_has_moments_from_all_over_it(work: ThumbnailWork, store: LocalStore) -> None:
    recording_id = await stored(store)
    await do(work, recording_id, "thumbnail")
    found = frames(await read(store, recording_id, "preview.webp"))
    assert sum(frame.duration_ms for frame in found) == pytest.approx(3000, abs=250)
    assert len(found) > 20


async def test_what_is_left_of_the_live_series_goes(work: ThumbnailWork, store: LocalStore) -> None:
    recording_id = await stored(store)
    await album.file_sheet(store, recording_id, album.LIVE, [(0.0, Thumbnail(2, 2, bytes(6)))])
    await do(work, recording_id, "thumbnail")
    assert {"sprite-0.jpg", "thumbnails.vtt", "preview.webp"} <= await names(store, recording_id)
    assert objects.sprite_path(album.LIVE) not in await names(store, recording_id)


async def test_a_damaged_segment_lacks_its_own_thumbnail_only(work: ThumbnailWork, store: LocalStore) -> None:
    recording_id = await stored(store)
    path = objects.segment(recording_id, "video", 1)
    size = (await obstore.head_async(store, path))["size"]
    await obstore.put_async(store, path, b"\x00" * size)
    await do(work, recording_id, "thumbnail")
    assert [round(cue.start_s) for cue in await shown(partial(read, store, recording_id))] == [0, 4, 6]


async def test_sound_alone_has_no_pictures(work: ThumbnailWork, store: LocalStore) -> None:
    recording_id = await stored(store, picture=False)
    assert await do(work, recording_id, "thumbnail") == {}
    assert not {"thumbnails.vtt", "preview.webp"} & await names(store, recording_id)


async def test_what_is_not_complete_is_waited_for(work: ThumbnailWork) -> None:
    job = Job(JobId("x-thumbnail"), RecordingId(new_id()), LOCAL_WORKSPACE, "thumbnail")
    with pytest.raises(Unavailable):
        await work.plan(job)


async def test_the_units_are_the_sheets_and_the_preview(work: ThumbnailWork, store: LocalStore) -> None:
    recording_id = await stored(store, sound=False)
    units = await work.plan(Job(JobId("x-thumbnail"), recording_id, LOCAL_WORKSPACE, "thumbnail"))
    assert [unit.name for unit in units] == ["0", PREVIEW]
    assert units[0].cost < units[1].cost <= 1


async def test_a_version_has_a_poster_and_a_preview_of_what_it_keeps(work: ThumbnailWork, store: LocalStore) -> None:
    recording_id = await stored(store)
    edited = RecordingEdited(recording_id, 3, 0, [KeptRange(2.5, 3.5)], 1.0, datetime.now(UTC))
    await do(work, recording_id, "thumbnail", version_pictures(edited).settings)
    assert await names(store, recording_id) == {"index.json"}
    shown = [edge_of(frame.pixels) for frame in frames(await read(store, recording_id, "edits/3/preview.webp"))]
    kept = [brightness(frame) for frame in range(75, 105)]
    assert min(kept) - 4 < min(shown)
    assert max(shown) < max(kept) + 4
    assert edge_of(pixels(await read(store, recording_id, "edits/3/poster.jpg"))) == pytest.approx(kept[0], abs=4)


async def test_settings_that_mean_nothing_fail_the_job_with_a_sentence(work: ThumbnailWork, store: LocalStore) -> None:
    recording_id = await stored(store)
    with pytest.raises(Invalid, match="settings"):
        await do(work, recording_id, "thumbnail", {"number": "three"})
