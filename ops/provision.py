"""Are all streams, buckets and consumers as `subjects/` declares them? Made or updated at every start, idempotently."""

from typing import Final

import stamina
from nats.aio.client import Client as Nats
from nats.js.api import DiscardPolicy, KeyValueConfig, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import APIError, NotFoundError

from actors.jetstream.deliveries import ensure
from subjects import buckets, consumers, streams
from subjects.buckets import Bucket
from subjects.streams import Stream

TOGETHER_S: Final = 15.0
NO_SUITABLE_PEERS: Final = 10005


async def provision(nats: Nats, replicas: int = 1) -> list[str]:
    """What was made or changed; every message is kept by so many servers.

    Raises RuntimeError when a declaration cannot be met, else what nats-py raises.
    """
    changed: list[str] = []
    for stream in streams.ALL:
        async for attempt in stamina.retry_context(_are_alone, attempts=None, timeout=TOGETHER_S, wait_max=1):
            with attempt:
                changed += await _stream(nats, stream, replicas)
    for bucket in buckets.ALL:
        await _bucket(nats, bucket, replicas)
    for consumer in consumers.ALL:
        await ensure(nats, consumer)
    return changed


def _are_alone(error: Exception) -> bool:
    """Servers that have just been started and have not found each other."""
    return isinstance(error, APIError) and error.err_code == NO_SUITABLE_PEERS


async def _stream(nats: Nats, stream: Stream, replicas: int) -> list[str]:
    wanted = _configuration(stream, replicas)
    manager = nats.jetstream()
    try:
        found = (await manager.stream_info(stream.name)).config
    except NotFoundError:
        await manager.add_stream(wanted)
        return [f"made {stream.name}"]
    if not _differs(wanted, found):
        return []
    try:
        await manager.update_stream(wanted)
    except APIError as error:
        raise RuntimeError(f"Stream {stream.name} is there but differs and cannot be changed: {error}") from error
    return [f"changed {stream.name}"]


async def _bucket(nats: Nats, bucket: Bucket, replicas: int) -> None:
    """Read by direct get: the key stands in its subject, so who may not read it can be refused."""
    manager = nats.jetstream()
    try:
        found = (await manager.stream_info(f"KV_{bucket.name}")).config
    except NotFoundError:
        about = KeyValueConfig(bucket.name, description=bucket.reason, ttl=bucket.ttl_s or None, direct=True)
        await manager.create_key_value(about, storage=StorageType.FILE, replicas=replicas)
        return
    if not found.allow_direct or found.num_replicas != replicas:
        await manager.update_stream(found.evolve(allow_direct=True, num_replicas=replicas))


def _configuration(stream: Stream, replicas: int) -> StreamConfig:
    return StreamConfig(
        name=stream.name,
        description=stream.reason,
        subjects=list(stream.subjects),
        retention=RetentionPolicy.WORK_QUEUE if stream.work_queue else RetentionPolicy.LIMITS,
        discard=DiscardPolicy.NEW,
        storage=StorageType.FILE,
        num_replicas=replicas,
        duplicate_window=stream.duplicate_window_s,
        allow_direct=True,
        allow_atomic=stream.allow_atomic or None,
        deny_purge=not stream.allow_purge,
        deny_delete=not stream.allow_purge,
    )


def _differs(wanted: StreamConfig, found: StreamConfig) -> bool:
    said = {name: value for name, value in wanted.as_dict().items() if value is not None}
    return any(value != found.as_dict().get(name) for name, value in said.items())
