import io
from collections.abc import AsyncIterator

import av
import msgspec
import numpy as np
import obstore
import pytest
from nats.aio.client import Client
from obstore.store import LocalStore

from actors.jetstream import direct_get
from actors.outside.sandbox import Sandbox
from actors.processing.pictures.analyze_work import AnalyzeWork
from actors.processing.said import Said
from media.audio.audiowaveform import Waveform
from schemas.errors import Invalid
from schemas.ids import RecordingId
from schemas.processing import MetadataMeasured
from subjects import events, objects
from subjects.streams import EVENTS
from tests.actors.processing.pictures.recordings import do, messages, read, stored


@pytest.fixture
async def work(client: Client, store: LocalStore) -> AsyncIterator[AnalyzeWork]:
    async with Sandbox() as sandbox:
        yield AnalyzeWork(store, sandbox, Said(client))


async def measured(client: Client, recording_id: RecordingId) -> MetadataMeasured | None:
    """What was said of it."""
    found = await direct_get.last(client, EVENTS.name, events.of(MetadataMeasured, recording_id))
    return found and msgspec.json.decode(found.data, type=MetadataMeasured)


async def heard(store: LocalStore, recording_id: RecordingId) -> np.ndarray:
    """The heights of its waveform."""
    found = msgspec.json.decode(await read(store, recording_id, "waveform.json"), type=Waveform)
    pairs = np.array(found.data).reshape(-1, 2)
    return pairs[:, 1] - pairs[:, 0]


def told_by_ffmpeg(rendition: str) -> tuple[int, float, int]:
    """Packets, seconds and bytes of a rendition, as FFmpeg counts them in the file."""
    said = [one for one in messages() if one.rendition == rendition]
    with av.open(io.BytesIO(b"".join(one.data for one in said))) as file:
        packets = [packet for packet in file.demux() if packet.size]
        last = packets[-1]
        assert packets[0].pts is not None
        assert last.pts is not None
        assert last.duration is not None
        seconds = float((last.pts + last.duration - packets[0].pts) * last.time_base)
    return len(packets), seconds, sum(len(one.data) for one in said[1:])


async def test_metadata_is_what_ffmpeg_finds_in_the_media(work: AnalyzeWork, client: Client, store: LocalStore) -> None:
    recording_id = await stored(store)
    await do(work, recording_id, "analyze")
    found = await measured(client, recording_id)
    assert found
    (frames, seconds, size), (_, sound_s, sound_size) = told_by_ffmpeg("video"), told_by_ffmpeg("audio")
    assert (found.width, found.height, found.codec, found.format) == (320, 180, "avc1.42c00d,opus", "fmp4")
    assert found.duration_seconds == pytest.approx(max(seconds, sound_s), abs=0.05)
    assert found.frame_rate == pytest.approx(frames / seconds, rel=0.01)
    assert found.file_size_bytes == size + sound_size
    assert found.bitrate == pytest.approx(found.file_size_bytes * 8 / found.duration_seconds, rel=0.01)
    assert found.file_path == objects.prefix(recording_id)


async def test_a_tone_is_heard_all_along(work: AnalyzeWork, store: LocalStore) -> None:
    recording_id = await stored(store)
    await do(work, recording_id, "analyze")
    height = await heard(store, recording_id)
    assert len(height) == pytest.approx(140, abs=3)
    assert height[2:-3].min() > 40  # a quarter of full scale, up and down


async def test_without_sound_there_is_no_waveform_and_without_picture_no_size(
    work: AnalyzeWork, client: Client, store: LocalStore
) -> None:
    silent, blind = await stored(store, sound=False), await stored(store, picture=False)
    for recording_id in (silent, blind):
        await do(work, recording_id, "analyze")
    with pytest.raises(FileNotFoundError):
        await read(store, silent, "waveform.json")
    seen, only_heard = await measured(client, silent), await measured(client, blind)
    assert seen
    assert only_heard
    assert (seen.width, seen.codec) == (320, "avc1.42c00d")
    assert (only_heard.width, only_heard.height, only_heard.frame_rate, only_heard.codec) == (None, None, None, "opus")
    assert only_heard.duration_seconds == pytest.approx(7.0, abs=0.1)
    assert (await heard(store, blind))[2:-3].min() > 40


async def test_a_damaged_segment_is_silent_and_the_rest_is_measured(
    work: AnalyzeWork, client: Client, store: LocalStore
) -> None:
    recording_id = await stored(store)
    await obstore.put_async(store, objects.segment(recording_id, "audio", 1), b"no fragment" * 100)
    await do(work, recording_id, "analyze")
    height = await heard(store, recording_id)
    assert height[42:78].max() == 0
    assert height[2:38].min() > 40
    assert await measured(client, recording_id)


async def test_a_recording_of_nothing_but_damage_fails_with_a_sentence(
    work: AnalyzeWork, client: Client, store: LocalStore
) -> None:
    recording_id = await stored(store, sound=False)
    for number in range(4):
        await obstore.put_async(store, objects.segment(recording_id, "video", number), b"nonsense" * 1000)
    with pytest.raises(Invalid, match="can be read"):
        await do(work, recording_id, "analyze")
    assert await measured(client, recording_id) is None
