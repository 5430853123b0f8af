"""Parts get into the log in order, once in effect, whatever happens to NATS on the way."""

import asyncio

import pytest
from nats.aio.client import Client

from actors.jetstream import direct_get
from actors.jetstream.media_writer import Overtaken, continuation
from gateways.ingest.publisher import Overflow, Publisher
from media.samples import Init, Part
from schemas.ids import new_id
from schemas.media import AUDIO, VIDEO, InitHeaders, PartHeaders
from subjects import media, raw
from tests.media.journal.numbered import Source, coded
from tests.servers import NatsServer, until


def init(rendition: str = VIDEO) -> Init:
    return Init(rendition, InitHeaders(0, "avc1.42e01f", 90_000, 1280, 720), b"init")


def part(number: int, rendition: str = VIDEO, size: int = 1000) -> Part:
    said = PartHeaders(number // 6, number % 6, 0, 90_000, 900_000 + number * 30_000, 30_000, 0, 0)
    return Part(rendition, said, bytes(size))


async def published(client: Client, recording_id: str, outputs: list[Init | Part]) -> Publisher:
    _, sequences = await continuation(client, recording_id)
    publisher = Publisher(client, recording_id, sequences)
    for output in outputs:
        publisher.put(output)
    publisher.close()
    async with asyncio.timeout(30):
        await publisher.run()
    return publisher


async def stored(client: Client, recording_id: str) -> int:
    info = await client.jetstream().stream_info("MEDIA", subjects_filter=media.recording(recording_id))
    return sum((info.state.subjects or {}).values())


async def test_a_second_session_goes_on_where_the_log_ends(nats_client: Client) -> None:
    recording_id = new_id()
    await published(nats_client, recording_id, [init(), *(part(n) for n in range(8)), init(AUDIO), part(0, AUDIO)])
    there, _ = await continuation(nats_client, recording_id)
    assert there.segments == {VIDEO: 2, AUDIO: 1}
    assert there.inits == {VIDEO: 1, AUDIO: 1}
    assert there.ends[VIDEO] == 900_000 + 8 * 30_000
    assert (there.stretch, there.base_time_s) == (1, pytest.approx(10 + 8 / 3))
    await published(nats_client, recording_id, [part(12)])
    assert await stored(nats_client, recording_id) == 12


async def test_who_was_overtaken_is_refused_and_leaves_nothing(nats_client: Client) -> None:
    recording_id = new_id()
    old = Publisher(nats_client, recording_id, {})
    await published(nats_client, recording_id, [part(0)])
    old.put(part(1))
    old.close()
    with pytest.raises(ExceptionGroup) as raised:
        await old.run()
    assert raised.group_contains(Overtaken)
    assert await stored(nats_client, recording_id) == 1


async def test_a_lost_acknowledgement_is_no_overtaking(nats_client: Client) -> None:
    recording_id = new_id()
    await published(nats_client, recording_id, [part(0)])
    again = Publisher(nats_client, recording_id, {})
    again.put(part(0))
    again.put(part(1))
    again.close()
    await again.run()
    assert await stored(nats_client, recording_id) == 2


async def test_sound_is_never_there_before_the_picture_that_was_put_before_it(nats_client: Client) -> None:
    """Else a gateway that is killed in between leaves a segment with sound alone, which nobody can fill."""
    recording_id = new_id()
    outputs = [init(AUDIO), *(one for n in range(12) for one in (init(), init(), part(n), part(n, AUDIO)))]
    await published(nats_client, recording_id, outputs)
    found = [
        (entry.sequence, rendition)
        for rendition in (VIDEO, AUDIO)
        for entry in await direct_get.batch(nats_client, "MEDIA", media.part(recording_id, rendition), 1)
    ]
    assert [rendition for _, rendition in sorted(found)] == [VIDEO, AUDIO] * 12


async def test_pages_go_into_their_own_stream_and_so_does_their_end(nats_client: Client) -> None:
    recording_id = new_id()
    first, late = (Publisher(nats_client, recording_id, {}, is_raw=True) for _ in range(2))
    for publisher, session in ((first, "a"), (late, "b")):
        for page in Source(session, channels=0).send(coded(12)).pages:
            publisher.put(page)
        publisher.close()
    await first.run()
    await first.end("stopped")
    with pytest.raises(ExceptionGroup) as raised:
        await late.run()
    assert raised.group_contains(Overtaken)
    info = await nats_client.jetstream().stream_info("RAW", subjects_filter=raw.recording(recording_id))
    assert info.state.subjects == {raw.page(recording_id): first.acknowledged, raw.end(recording_id): 1}
    assert await stored(nats_client, recording_id) == 0


async def test_when_nats_is_killed_and_comes_back_nothing_is_lost(nats_server: NatsServer, nats_client: Client) -> None:
    recording_id = new_id()
    publisher = Publisher(nats_client, recording_id, {})
    running = asyncio.create_task(publisher.run())
    publisher.put(part(0))

    async def acknowledged() -> bool:
        return publisher.acknowledged == 1

    await until(acknowledged)
    nats_server.kill()
    for number in range(1, 20):
        publisher.put(part(number))
    nats_server.start()
    publisher.close()
    async with asyncio.timeout(30):
        await running
    assert await stored(nats_client, recording_id) == 20


async def test_what_memory_cannot_hold_is_refused_at_once(nats_client: Client) -> None:
    publisher = Publisher(nats_client, new_id(), {})
    for number in range(64):
        publisher.put(part(number, size=1 << 20))
    with pytest.raises(Overflow):
        publisher.put(part(64))
