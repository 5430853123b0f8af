"""While somebody watches, a recording has a low rung: the same parts, fenced, by one worker at a time."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import av
import pytest
from nats.aio.client import Client

from actors.jetstream.direct_get import Entry
from actors.jetstream.media_log import MediaLog
from actors.jetstream.tasks import ended
from actors.outside.sandbox import Sandbox
from actors.processing.jobs.claims import Claims
from actors.processing.ladder import live_follower, live_rungs
from actors.processing.ladder.live_rungs import LiveRungs, Policy
from media.cmaf import fragment
from schemas.envelope import MESSAGE_ID
from schemas.ids import new_id
from schemas.media import (
    LIVE_RUNG,
    VIDEO,
    VIDEO_TIMESCALE,
    End,
    InitHeaders,
    PartHeaders,
    part_from_headers,
    to_headers,
)
from subjects import live, media
from tests.actors.media_given import until
from tests.media.transcode.given import BEGIN, TICKS, in_parts, segment

PARTS = 4
STEADY = (TICKS,) * 5 * PARTS
CLAIM_S = 1.5


class Source:
    """A recording as the gateway says it, real enough to be decoded."""

    def __init__(self, client: Client, size: tuple[int, int] = (1280, 720)) -> None:
        self.js, self.id, self.size = client.jetstream(), new_id(), size
        self.client, self.log = client, MediaLog(client)

    async def init(self, number: int = 0) -> None:
        said = InitHeaders(number, "avc1.42c01f", VIDEO_TIMESCALE, *self.size)
        await self._say(media.init(self.id, VIDEO), said, segment(*self.size, STEADY)[0])

    async def parts(self, number: int, first: int = 0, last: int = PARTS - 1, init: int = 0) -> None:
        begin = BEGIN + number * len(STEADY) * TICKS
        chunks = fragment.read_all(segment(*self.size, STEADY, begin)[1])
        for place in range(first, last + 1):
            chunk = chunks[place]
            said = PartHeaders(
                number, place, init, VIDEO_TIMESCALE, chunk.decode_time, 5 * TICKS,
                1_700_000_000_000_000 + (chunk.decode_time - BEGIN) * 100 // 9, 0, independent=place == 0,
            )  # fmt: skip
            await self._say(media.part(self.id, VIDEO), said, in_parts(chunk.samples, chunk.decode_time))

    async def end(self) -> None:
        await self.js.publish(media.end(self.id), b"", headers=to_headers(End("stopped")))

    async def watched(self) -> None:
        await self.client.publish(live.watched(self.id))

    async def made(self) -> list[Entry]:
        return [entry async for entry in self.log.read(media.part(self.id, LIVE_RUNG), 1)]

    async def numbers(self) -> list[tuple[int, int]]:
        return [(said.segment, said.part) for said in (part_from_headers(one.headers) for one in await self.made())]

    async def until_made(self, number: int, part: int = PARTS - 1, *, watching: bool = False) -> None:
        async def there() -> bool:
            if watching:
                await self.watched()
            return (number, part) in await self.numbers()

        await until(there)

    async def _say(self, subject: str, said: InitHeaders | PartHeaders, data: bytes) -> None:
        headers = to_headers(said) | {MESSAGE_ID: media.message_id(self.id, VIDEO, said)}
        await self.js.publish(subject, data, headers=headers)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(preload=("media.transcode.live_rung",)) as sandbox:
        yield sandbox


@asynccontextmanager
async def at_work(client: Client, sandbox: Sandbox, policy: Policy = "watched") -> AsyncIterator[LiveRungs]:
    rungs = LiveRungs(client, sandbox, Claims(client, new_id()[:8], CLAIM_S), policy)
    task = asyncio.create_task(rungs.run())
    try:
        await asyncio.sleep(0)
        await client.flush()
        yield rungs
    finally:
        await ended([task])


def segments(*numbers: int) -> list[tuple[int, int]]:
    return [(number, part) for number in numbers for part in range(PARTS)]


async def test_it_joins_with_the_segment_that_is_being_recorded_and_follows_to_the_end(
    client: Client, sandbox: Sandbox
) -> None:
    source = Source(client)
    async with at_work(client, sandbox) as rungs:
        await source.init()
        await source.parts(0)
        await source.parts(1, 0, 1)
        await source.watched()
        await source.until_made(1, 1)
        await source.parts(1, 2)
        await source.parts(2)
        await source.until_made(2)
        await source.end()

        async def over() -> bool:
            return rungs.statistics() == {"recordings": 0}

        await until(over)
    assert await source.numbers() == segments(1, 2)
    (init,) = [entry async for entry in source.log.read(media.init(source.id, LIVE_RUNG), 1)]
    assert (init.headers["Loom-Width"], init.headers["Loom-Height"]) == ("640", "360")
    with av.open(io.BytesIO(init.data + b"".join([one.data for one in await source.made()]))) as container:
        times = [frame.pts for frame in container.decode(video=0)]
    assert times == [BEGIN + number * TICKS for number in range(len(STEADY), 3 * len(STEADY))]


async def test_without_anybody_who_watches_there_is_none(client: Client, sandbox: Sandbox) -> None:
    watched, alone = Source(client), Source(client)
    for source in (watched, alone):
        await source.init()
        await source.parts(0)
    async with at_work(client, sandbox):
        await watched.watched()
        await watched.until_made(0)
    async with at_work(client, sandbox, "off"):
        await alone.watched()
    assert await alone.made() == []


async def test_it_stops_when_nobody_watches_any_more_and_begins_again_later(
    client: Client, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_rungs, "UNWATCHED_S", 1.0)
    monkeypatch.setattr(live_follower, "CATCH_UP", 1)
    source = Source(client)
    await source.init()
    await source.parts(0, 0, 0)
    async with at_work(client, sandbox) as rungs:
        await source.until_made(0, 0, watching=True)
        await asyncio.sleep(1.1)
        await source.parts(0, 1)
        await source.parts(1)

        async def over() -> bool:
            return rungs.statistics() == {"recordings": 0}

        await until(over)
        await source.parts(2)
        await source.until_made(2, watching=True)
    assert await source.numbers() == segments(0, 2)


async def test_a_worker_that_takes_over_goes_on_behind_the_last_part(client: Client, sandbox: Sandbox) -> None:
    source = Source(client)
    await source.init()
    await source.parts(0, 0, 1)
    async with at_work(client, sandbox):
        await source.watched()
        await source.until_made(0, 1)
    await source.parts(0, 2)
    async with at_work(client, sandbox, "always"):
        await source.parts(1)
        await source.until_made(1)
    assert await source.numbers() == segments(0, 1)
    independent = [part_from_headers(one.headers).independent for one in await source.made()]
    assert independent == [True, False, True, False, True, False, False, False]


async def test_a_small_picture_needs_none(client: Client, sandbox: Sandbox) -> None:
    small, large = Source(client, (640, 360)), Source(client)
    for source in (small, large):
        await source.init()
        await source.parts(0)
    async with at_work(client, sandbox, "always"):
        await large.until_made(0)
        await large.parts(1)
        await large.until_made(1)
    assert await small.made() == []
