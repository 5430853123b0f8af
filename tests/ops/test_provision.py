from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from nats.aio.client import Client
from nats.js.api import KeyValueConfig, StorageType, StreamConfig

from ops.provision import provision
from subjects import buckets, consumers, streams
from tests import servers


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with servers.NatsServer(tmp_path) as server, servers.connected(server) as connection:
        yield connection


async def test_what_is_declared_is_made_once_and_then_left_alone(client: Client) -> None:
    made = await provision(client)
    assert made == [f"made {stream.name}" for stream in streams.ALL]
    assert await provision(client) == []
    for stream in streams.ALL:
        config = (await client.jetstream().stream_info(stream.name)).config
        assert config.subjects == list(stream.subjects)
        assert config.duplicate_window == stream.duplicate_window_s
        assert config.deny_purge is not stream.allow_purge
        assert config.allow_direct
    for consumer in consumers.ALL:
        info = await client.jetstream().consumer_info(consumer.stream, consumer.name)
        assert (info.config.filter_subjects or [info.config.filter_subject]) == list(consumer.filters)


async def test_a_stream_that_differs_is_changed_and_keeps_its_messages(client: Client) -> None:
    manager = client.jetstream()
    stream = streams.MEDIA
    await manager.add_stream(
        StreamConfig(name=stream.name, subjects=list(stream.subjects), duplicate_window=5, description="of old")
    )
    await manager.publish(stream.subjects[0].replace(">", "kept"), b"x")
    assert f"changed {stream.name}" in await provision(client)
    info = await manager.stream_info(stream.name)
    assert info.config.duplicate_window == stream.duplicate_window_s
    assert info.state.messages == 1


async def test_what_cannot_be_changed_is_named(client: Client) -> None:
    stream = streams.EVENTS
    await client.jetstream().add_stream(
        StreamConfig(name=stream.name, subjects=list(stream.subjects), storage=StorageType.MEMORY)
    )
    with pytest.raises(RuntimeError, match=f"Stream {stream.name} is there but differs"):
        await provision(client)


async def test_buckets_are_read_by_their_key_also_those_of_an_older_version(client: Client) -> None:
    manager = client.jetstream()
    older = await manager.create_key_value(KeyValueConfig(buckets.SHARES.name, storage=StorageType.FILE))
    await older.put("recording", b"kept")
    await provision(client)
    for bucket in buckets.ALL:
        assert (await manager.stream_info(f"KV_{bucket.name}")).config.allow_direct
    assert (await (await manager.key_value(buckets.SHARES.name)).get("recording")).value == b"kept"
