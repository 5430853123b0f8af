"""Pages in RAW become parts in MEDIA, whoever is killed; then the worker says the end."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from nats.aio.client import Client

from actors.jetstream.media_log import MediaLog
from actors.processing import fallback_follower
from actors.processing.log_worker import LogWorker
from media.audio.opus import SILENCE
from media.journal.journal import Written
from media.samples import Init, Part
from schemas.envelope import MESSAGE_ID
from schemas.ids import new_id
from schemas.media import AUDIO, VIDEO, End, init_from_headers, part_from_headers, to_headers
from subjects import consumers, media
from subjects.streams import RAW
from tests.actors import media_given
from tests.actors.media_given import NatsServer, connected, provision, until
from tests.actors.processing.log_working import kill_decoders, working
from tests.actors.raw_given import Pages
from tests.media.journal.numbered import Source, coded, heard, said_packets, shown
from tests.replicas import Replica


class Recording(Pages):
    """And what a worker has made of it."""

    def __init__(self, client: Client) -> None:
        super().__init__(client, new_id())
        self.id = self.recording_id
        self._log = MediaLog(client)

    async def holds(self, parts: int) -> None:
        """Until so many parts of video are there."""

        async def there() -> bool:
            return await self._log.holds(media.part(self.id, VIDEO)) >= parts

        await until(there)

    async def ended(self) -> str:
        """Until the end is said; with which reason."""

        async def there() -> bool:
            return await self._log.last(media.end(self.id)) is not None

        await until(there)
        last = await self._log.last(media.end(self.id))
        assert last
        return last.headers["Loom-Reason"]

    async def made(self) -> list[Init | Part]:
        """All that is in MEDIA, in its order."""
        found: list[tuple[int, Init | Part]] = []
        for name in (VIDEO, AUDIO):
            inits, parts = (
                self._log.read(subject, 1) for subject in (media.init(self.id, name), media.part(self.id, name))
            )
            found += [(one.sequence, Init(name, init_from_headers(one.headers), one.data)) async for one in inits]
            found += [(one.sequence, Part(name, part_from_headers(one.headers), one.data)) async for one in parts]
        return [said for _, said in sorted(found, key=lambda one: one[0])]


async def assert_whole(recording: Recording, frames: int, pages: Sequence[Written]) -> None:
    made = await recording.made()
    assert shown(made) == list(range(frames))
    assert [data for data in heard(made) if data != SILENCE] == said_packets(pages)


async def test_parts_follow_page_by_page_and_the_end_with_its_reason(client: Client) -> None:
    recording = Recording(client)
    source = Source().send(coded(60))
    async with working(fallback_follower.worker, client) as worker:
        await recording.write(source.pages)
        await recording.holds(4)  # before the source is over
        pages = source.close()
        await recording.write(pages[-1:])
        await recording.end("abandoned")
        assert await recording.ended() == "abandoned"
        await until(lambda: _is_done(client, worker))
    await assert_whole(recording, 60, pages)


async def _is_done(client: Client, worker: LogWorker) -> bool:
    info = await client.jetstream().consumer_info("RAW", consumers.FALLBACK.name)
    return worker.statistics() == {"recordings": 0, "waiting": 0} and not info.num_ack_pending


async def test_a_killed_worker_is_followed_and_nothing_is_missing_or_there_twice(
    server: NatsServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.processing.fallback_follower.FRESH_S", 0.3)
    recording = Recording(client)
    source = Source().send(coded(90, 30))
    half = len(source.pages) // 2
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.actors.processing.fallback_process", server.url), cwd=Path(__file__).parents[3]
    )
    await recording.write(source.pages[:half])
    await recording.holds(3)
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()
    pages = source.close()
    async with working(fallback_follower.worker, client):
        await recording.write(pages[half:])
        await recording.end()
        await recording.ended()
    await assert_whole(recording, 90, pages)
    stretches = {said.headers.stretch for said in await recording.made() if isinstance(said, Part)}
    assert stretches == {0, 1}


async def test_a_child_that_is_killed_costs_nothing(client: Client) -> None:
    recording = Recording(client)
    source = Source().send(coded(60, 20))
    async with working(fallback_follower.worker, client):
        await recording.write(source.pages[:10])
        await recording.holds(2)
        assert kill_decoders()
        pages = source.close()
        await recording.write(pages[10:])
        await recording.end()
        await recording.ended()
    await assert_whole(recording, 60, pages)


async def test_of_two_workers_one_makes_it_alone(server: NatsServer, client: Client) -> None:
    recording = Recording(client)
    source = Source().send(coded(60))
    async with (
        connected(server) as second,
        working(fallback_follower.worker, client),
        working(fallback_follower.worker, second),
    ):
        for page in source.pages:
            await recording.write([page])
        pages = source.close()
        await recording.write(pages[-1:])
        await recording.end()
        await recording.ended()
    await assert_whole(recording, 60, pages)
    assert {said.headers.stretch for said in await recording.made() if isinstance(said, Part)} == {0}


async def test_nats_that_was_away_leaves_no_seam(server: NatsServer) -> None:
    async with connected(server) as client:
        await provision(client)
        recording = Recording(client)
        source = Source().send(coded(60))
        async with working(fallback_follower.worker, client):
            await recording.write(source.pages[:9])
            await recording.holds(1)
            await server.__aexit__(None, None, None)
            await server.__aenter__()
            await until(lambda: _is_connected(client))
            pages = source.close()
            await recording.write(pages[9:])
            await recording.end()
            await recording.ended()
        await assert_whole(recording, 60, pages)
        assert {said.headers.stretch for said in await recording.made() if isinstance(said, Part)} == {0}


async def _is_connected(client: Client) -> bool:
    return client.is_connected


async def test_a_replica_that_is_behind_holds_nothing_up(client: Client, replica: Replica) -> None:
    recording = Recording(client)
    pages = Source(channels=0).send(coded(30)).pause().pages  # after which nothing comes for long
    async with working(fallback_follower.worker, client) as worker:
        replica.falls_behind(RAW, at=len(pages) - 1, times=3)
        await recording.write(pages)
        await until(lambda: _has_acknowledged(client), 10)  # it comes again after fifteen
        assert worker.statistics() == {"recordings": 1, "waiting": 0}
    assert replica.times == 0
    assert shown(await recording.made()) == list(range(30))


async def _has_acknowledged(client: Client) -> bool:
    info = await client.jetstream().consumer_info("RAW", consumers.FALLBACK.name)
    return not info.num_ack_pending and not info.num_pending


async def test_what_is_no_page_costs_itself_and_nothing_else(client: Client) -> None:
    recording = Recording(client)
    pages = Source(channels=0).send(coded(60, 20)).close()
    nonsense = Written(pages[10].headers, b"nonsense")
    async with working(fallback_follower.worker, client):
        await recording.write([*pages[:10], nonsense, *pages[11:]])
        await recording.end()
        await recording.ended()
    found = shown(await recording.made())
    assert found[:20] == list(range(20))
    assert found[-15:] == list(range(45, 60))


async def test_what_another_source_has_put_behind_them_is_no_reason_to_begin_anew(client: Client) -> None:
    recording = Recording(client)
    pages = Source(channels=0).send(coded(60)).close()
    async with working(fallback_follower.worker, client):
        await recording.write(pages[:-5])
        await recording.holds(4)
    await media_given.Source(client, recording.id).part(7, 0)
    async with working(fallback_follower.worker, client):
        await recording.write(pages[-5:])
        await recording.end()
        await recording.ended()
    made = [said for said in await recording.made() if said.data != media_given.part_bytes(VIDEO, 7, 0)]
    assert shown(made) == list(range(60))


async def test_a_recording_that_has_ended_is_left_alone(client: Client) -> None:
    recording = Recording(client)
    said = to_headers(End("stopped")) | {MESSAGE_ID: media.message_id(recording.id, "all", None)}
    await client.jetstream().publish(media.end(recording.id), b"", headers=said)
    async with working(fallback_follower.worker, client) as worker:
        await recording.write(Source().send(coded(10)).close())
        await until(lambda: _is_done(client, worker))
    assert await recording.made() == []
