import asyncio
import os
import signal
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from nats.aio.client import Client

from actors.jetstream.direct_get import Entry
from actors.jetstream.media_log import MediaLog
from actors.processing import aac_follower
from actors.processing.log_worker import LogWorker
from media.audio.aac import PRIMING, OpusPacket
from media.cmaf import fragment, init
from schemas.envelope import MESSAGE_ID
from schemas.ids import new_id
from schemas.media import AAC, AUDIO, AUDIO_TIMESCALE, FINAL, InitHeaders, PartHeaders, part_from_headers, to_headers
from subjects import consumers, media
from subjects.streams import MEDIA
from tests.actors.media_given import DEADLINE_S, NatsServer, Source, connected, provision, until
from tests.actors.processing.log_working import kill_decoders, working
from tests.media.audio.sound import BASE, PER_PACKET, Pcm, beeps, lag, opus, opus_pcm
from tests.replicas import Replica

PACKETS = opus(beeps(16))
IN_PART = 16
IN_SEGMENT = 6


class Voice(Source):
    """A recording's sound as the packager writes it."""

    def __init__(self, client: Client, channels: int = 1) -> None:
        super().__init__(client, new_id())
        self._channels = channels
        self.subject = media.part(self.recording_id, AAC)

    async def begin(self) -> None:
        said = InitHeaders(0, "opus", AUDIO_TIMESCALE, channels=self._channels)
        headers = to_headers(said) | {MESSAGE_ID: media.message_id(self.recording_id, AUDIO, said)}
        await self._js.publish(media.init(self.recording_id, AUDIO), init.opus(self._channels), headers=headers)

    async def say(self, first: int, last: int, damage: Callable[[bytes], bytes] = bytes) -> None:
        for number in range(first, last + 1):
            await self._say_part(number, PACKETS[number * IN_PART : (number + 1) * IN_PART], damage)

    async def _say_part(self, number: int, packets: list[OpusPacket], damage: Callable[[bytes], bytes]) -> None:
        at = BASE + number * IN_PART * PER_PACKET
        said = PartHeaders(
            number // IN_SEGMENT, number % IN_SEGMENT, 0, AUDIO_TIMESCALE, at, len(packets) * PER_PACKET,
            1_700_000_000_000_000, 0, independent=True,
        )  # fmt: skip
        data = fragment.write(number + 1, at, [fragment.Sample(packet.data, packet.duration) for packet in packets])
        headers = to_headers(said) | {MESSAGE_ID: media.message_id(self.recording_id, AUDIO, said)}
        await self._js.publish(media.part(self.recording_id, AUDIO), damage(data), headers=headers)


async def heard(client: Client, voice: Voice, parts: int) -> list[Entry]:
    """The AAC parts, once there are so many."""
    log = MediaLog(client)

    async def holds() -> bool:
        return await log.holds(voice.subject) >= parts

    await until(holds)
    return [entry async for entry in log.read(voice.subject, 1)]


def assert_contiguous(parts: list[Entry]) -> None:
    said = [part_from_headers(part.headers) for part in parts]
    assert len({(one.segment, one.part) for one in said}) == len(said)
    for before, after in pairwise(said):
        assert after.decode_time == before.decode_time + before.duration


async def played(client: Client, voice: Voice, parts: list[Entry], folder: Path) -> Pcm:
    """What ffmpeg makes of init and parts; it must not complain."""
    first = await MediaLog(client).last(media.init(voice.recording_id, AAC))
    assert first
    path = folder / f"{voice.recording_id}.mp4"
    path.write_bytes(first.data + b"".join(part.data for part in parts))
    process = await asyncio.create_subprocess_exec(
        *("ffmpeg", "-v", "warning", "-i", str(path), "-f", "f32le", "-ac", "1", "-"),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    pcm, complaints = await asyncio.wait_for(process.communicate(), DEADLINE_S)
    assert complaints == b""
    return np.frombuffer(pcm, np.float32)


@pytest.mark.parametrize("channels", [1, 2])
async def test_aac_follows_part_by_part_and_plays_in_time_with_opus(
    client: Client, tmp_path: Path, channels: int
) -> None:
    voice = Voice(client, channels)
    async with working(aac_follower.worker, client) as worker:
        await voice.begin()
        await voice.say(0, 19)
        assert len(await heard(client, voice, 20)) == 20
        await voice.end()
        parts = await heard(client, voice, 21)
        await until(lambda: _forgot_all(worker))
    assert_contiguous(parts)
    pcm = await played(client, voice, parts, tmp_path)
    offset = lag(pcm[PRIMING:], opus_pcm(PACKETS[: 20 * IN_PART]))
    assert abs(offset) <= 2  # samples; 5 ms would be 240


async def _forgot_all(worker: LogWorker) -> bool:
    return worker.statistics() == {"recordings": 0, "waiting": 0}


async def test_a_killed_worker_is_followed_without_a_hole_or_a_double(
    server: NatsServer, client: Client, tmp_path: Path
) -> None:
    voice = Voice(client)
    await voice.begin()
    for round_number in range(3):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.actors.processing.aac_process", server.url), cwd=Path(__file__).parents[3]
        )
        await voice.say(round_number * 8, round_number * 8 + 4)
        await heard(client, voice, round_number * 8 + 2)
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
        await voice.say(round_number * 8 + 5, round_number * 8 + 7)
    async with working(aac_follower.worker, client):
        await voice.say(24, 25)
        await voice.end()
        parts = await heard(client, voice, 27)
    assert_contiguous(parts)
    pcm = await played(client, voice, parts, tmp_path)
    said = opus_pcm(PACKETS[: 26 * IN_PART])
    assert lag(pcm[PRIMING:], said) == 0
    error = pcm[PRIMING:][: len(said)] - said
    assert 10 * np.log10((said**2).sum() / (error**2).sum()) > 20


async def test_a_damaged_part_is_silence_and_others_go_on(client: Client, tmp_path: Path) -> None:
    voice, other = Voice(client), Voice(client)
    async with working(aac_follower.worker, client):
        for one in (voice, other):
            await one.begin()
            await one.say(0, 3)
        await voice.say(4, 4, damage=lambda data: data[: len(data) // 2])
        for one in (voice, other):
            await one.say(5, 9)
            await one.end()
        for one in (voice, other):
            parts = await heard(client, one, 11 if one is other else 10)
            assert_contiguous(parts)
            assert lag((await played(client, one, parts, tmp_path))[PRIMING:], opus_pcm(PACKETS[: 10 * IN_PART])) == 0


async def test_a_child_that_is_killed_is_followed_by_another(client: Client, tmp_path: Path) -> None:
    voice = Voice(client)
    async with working(aac_follower.worker, client):
        await voice.begin()
        await voice.say(0, 3)
        await heard(client, voice, 3)
        assert kill_decoders()
        await voice.say(4, 9)
        await voice.end()
        parts = await heard(client, voice, 10)
    assert_contiguous(parts)
    assert lag((await played(client, voice, parts, tmp_path))[PRIMING:], opus_pcm(PACKETS[: 10 * IN_PART])) == 0


async def test_a_replica_that_is_behind_does_not_cut_it_short(client: Client, replica: Replica) -> None:
    voice = Voice(client)
    await voice.begin()
    await voice.say(0, 9)
    await voice.end()
    replica.falls_behind(MEDIA, at=5, times=4)
    async with working(aac_follower.worker, client):
        await until(lambda: _is_whole(client, voice))
        parts = await heard(client, voice, 11)
    assert (len(parts), replica.times) == (11, 0)
    assert_contiguous(parts)


async def _is_whole(client: Client, voice: Voice) -> bool:
    last = await MediaLog(client).known(voice.subject)
    return last is not None and FINAL in last.headers


async def test_two_workers_make_one_rendition(
    server: NatsServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.processing.log_worker.STAND_BACK_S", 0.1)
    voice = Voice(client)
    async with connected(server) as second, working(aac_follower.worker, client), working(aac_follower.worker, second):
        await voice.begin()
        await voice.say(0, 19)
        await voice.end()
        parts = await heard(client, voice, 21)
    assert_contiguous(parts)


async def test_everything_is_acknowledged_after_the_end(client: Client) -> None:
    silent, voice = Source(client, new_id()), Voice(client)
    async with working(aac_follower.worker, client):
        await silent.end()
        await voice.begin()
        await voice.say(0, 6)
        await voice.end()
        await heard(client, voice, 8)
        await until(lambda: _all_acknowledged(client))


async def _all_acknowledged(client: Client) -> bool:
    return not (await client.jetstream().consumer_info("MEDIA", consumers.AAC.name)).num_ack_pending


async def test_after_a_long_pause_it_goes_on_where_it_was(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.processing.log_worker.IDLE_S", 0.2)
    voice = Voice(client)
    async with working(aac_follower.worker, client) as worker:
        await voice.begin()
        await voice.say(0, 5)
        await heard(client, voice, 6)
        await until(lambda: _forgot_all(worker))
        await voice.say(6, 9)
        await voice.end()
        parts = await heard(client, voice, 11)
    assert_contiguous(parts)


async def test_nats_that_was_away_costs_nothing_but_time(server: NatsServer) -> None:
    async with connected(server) as client:
        await provision(client)
        voice = Voice(client)
        async with working(aac_follower.worker, client):
            await voice.begin()
            await voice.say(0, 5)
            await heard(client, voice, 3)
            await server.__aexit__(None, None, None)
            await server.__aenter__()
            await until(lambda: _is_connected(client))
            await voice.say(6, 9)
            await voice.end()
            parts = await heard(client, voice, 11)
    assert_contiguous(parts)


async def _is_connected(client: Client) -> bool:
    return client.is_connected
