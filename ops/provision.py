"""Are all streams and consumers there, as `subjects/` declares them? Made or updated at every start, idempotently."""

from nats.aio.client import Client as Nats
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import BadRequestError, NotFoundError

from actors.runtime.actor import ensure
from subjects import consumers, streams
from subjects.streams import Stream


async def provision(nats: Nats) -> None:
    """Raises what nats-py raises when a declaration cannot be met."""
    for stream in streams.ALL:
        await _stream(nats, stream)
    for consumer in consumers.ALL:
        await ensure(nats, consumer)


async def _stream(nats: Nats, stream: Stream) -> None:
    wanted = StreamConfig(
        name=stream.name,
        description=stream.reason,
        subjects=list(stream.subjects),
        retention=RetentionPolicy.LIMITS,
        discard=DiscardPolicy.NEW,
        storage=StorageType.FILE,
        duplicate_window=stream.duplicate_window_s,
        allow_direct=True,
        deny_purge=not stream.allow_purge,
        deny_delete=not stream.allow_purge,
    )
    manager = nats.jetstream()
    try:
        await manager.stream_info(stream.name)
    except NotFoundError:
        await manager.add_stream(wanted)
        return
    try:
        await manager.update_stream(wanted)
    except BadRequestError as error:
        raise RuntimeError(f"Stream {stream.name} is there but differs and cannot be changed: {error}") from error
