"""A link that is opened often is looked up once; what changes is seen at once; without Redis it is always looked up."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from nats.aio.client import Client as Nats

from actors.outside.shared_redis import SharedRedis
from actors.runtime.client import Client
from gateways.api.link_cache import LinkCache
from ops.connections import shared_redis
from schemas.envelope import NOBODY
from schemas.errors import NotFound
from schemas.ids import RecordingId, new_id
from schemas.recording import DeleteRecording, GetRecording, RecordingView, StartRecording, UpdateRecording
from subjects import redis_keys
from tests.gateways.api.conftest import until_connected
from tests.servers import RedisServer, until

pytestmark = pytest.mark.usefixtures("service")


class Asked(Client):
    """The client, and what it was asked to look up."""

    def __init__(self, nats: Nats) -> None:
        super().__init__(nats)
        self.lookups = 0
        self.meanwhile: Any = None

    async def ask(self, message: Any, caller: Any = NOBODY, **how: Any) -> Any:
        answer = await super().ask(message, caller, **how)
        if isinstance(message, GetRecording):
            self.lookups += 1
            if self.meanwhile:
                await self.meanwhile()
        return answer


@pytest.fixture
def client(nats_client: Nats) -> Asked:
    return Asked(nats_client)


@pytest.fixture
async def links(nats_client: Nats, client: Asked, redis: SharedRedis) -> AsyncIterator[LinkCache]:
    cache = LinkCache(client, redis)
    following = await cache.follow(nats_client)
    await nats_client.flush()
    yield cache
    await following.unsubscribe()


async def recorded(client: Client, redis: SharedRedis) -> RecordingId:
    """A recording whose beginning is no news any more."""
    recording_id = RecordingId(new_id())
    await client.ask(StartRecording(recording_id, "Demo"))
    await until_marked(redis, recording_id)
    await redis(lambda held: held.delete(redis_keys.link(recording_id)))
    return recording_id


async def until_marked(redis: SharedRedis, recording_id: RecordingId) -> None:
    async def is_marked() -> bool:
        return await redis(lambda held: held.get(redis_keys.link(recording_id))) == b""

    await until(is_marked)


async def title(links: LinkCache, recording_id: RecordingId) -> str:
    return (await links.get(recording_id, NOBODY)).title


async def test_it_is_looked_up_once(links: LinkCache, client: Asked, redis: SharedRedis) -> None:
    recording_id = await recorded(client, redis)
    assert [await title(links, recording_id) for _ in range(5)] == ["Demo"] * 5
    assert client.lookups == 1
    assert 0 < await redis(lambda held: held.ttl(redis_keys.link(recording_id))) <= 10


async def test_an_event_makes_it_new(links: LinkCache, client: Asked, redis: SharedRedis) -> None:
    recording_id = await recorded(client, redis)
    assert await title(links, recording_id) == "Demo"
    await client.ask(UpdateRecording(recording_id, "New"))
    await until_marked(redis, recording_id)
    assert await title(links, recording_id) == "New"


async def test_an_answer_from_before_the_event_is_not_kept(links: LinkCache, client: Asked, redis: SharedRedis) -> None:
    recording_id = await recorded(client, redis)

    async def change() -> None:
        client.meanwhile = None
        await client.ask(UpdateRecording(recording_id, "New"))
        await until_marked(redis, recording_id)

    client.meanwhile = change
    assert await title(links, recording_id) == "Demo"
    assert await title(links, recording_id) == "New"


async def test_what_is_not_there_is_not_kept(links: LinkCache, client: Asked, redis: SharedRedis) -> None:
    recording_id = await recorded(client, redis)
    await title(links, recording_id)
    await client.ask(DeleteRecording(recording_id))
    await until_marked(redis, recording_id)
    for _ in range(2):
        with pytest.raises(Exception, match="deleted"):
            await links.get(recording_id, NOBODY)
    with pytest.raises(NotFound):
        await links.get(RecordingId(new_id()), NOBODY)


@pytest.mark.parametrize("held", [b"{", b'{"id": "of another version"}'])
async def test_what_another_version_has_kept_is_looked_up(
    links: LinkCache, client: Asked, redis: SharedRedis, held: bytes
) -> None:
    recording_id = await recorded(client, redis)
    await redis(lambda redis: redis.set(redis_keys.link(recording_id), held))
    assert await title(links, recording_id) == "Demo"


async def test_what_is_kept_is_what_was_told(links: LinkCache, client: Asked, redis: SharedRedis) -> None:
    recording_id = await recorded(client, redis)
    told = await links.get(recording_id, NOBODY)
    held = await redis(lambda held: held.get(redis_keys.link(recording_id)))
    assert held
    assert msgspec.json.decode(held, type=RecordingView) == told == await links.get(recording_id, NOBODY)


async def test_without_redis_it_is_looked_up(client: Asked, redis_server: RedisServer) -> None:
    async with shared_redis(redis_server.url) as redis:
        await until_connected(redis)
        recording_id = RecordingId(new_id())
        await client.ask(StartRecording(recording_id, "Demo"))
        links = LinkCache(client, redis)
        redis_server.kill()
        assert [await title(links, recording_id) for _ in range(3)] == ["Demo"] * 3
        assert client.lookups == 3
