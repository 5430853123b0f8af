"""Who reads the streams, how far behind are they, and who is slow? Consumers, services and tables alike.

A service has no consumer: its share says up to where the events of each partition were handled. Tables have a row.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, structs
from nats.aio.client import Client

from actors.jetstream import direct_get, report
from actors.jetstream.direct_get import Entry
from actors.jetstream.report import ConsumerReport
from actors.runtime.partition import Share, of
from ops.cli.instances import Service
from subjects import dead_letters, events
from subjects.streams import EVENTS

OLD_S: Final = 30.0
"""So long an event may be in hand before its reader is called slow."""
COUNTED: Final = 1_000
_POSITIONS: Final = "SELECT name, sequence FROM public.projection_positions ORDER BY name"


class Reader(Struct, frozen=True):
    """One reader of a stream."""

    name: str
    kind: Literal["consumer", "service", "tables"]
    stream: str
    reads: Annotated[list[str], Meta(description="The subjects it takes.")]
    lag: Annotated[int, Meta(description="Messages before it that it has not got, or whose handling has not ended.")]
    in_hand: Annotated[int, Meta(description="Of a consumer: delivered and not acknowledged.")] = 0
    redelivered: Annotated[int, Meta(description="Of a consumer: those of them that were delivered before.")] = 0
    oldest_s: Annotated[float, Meta(description="How old the oldest one is that is not done; 0 when all are.")] = 0.0
    slow: Annotated[str, Meta(description="Why it is called slow; empty when it keeps up.")] = ""


async def look(nats: Client, services: Sequence[Service], shares: Mapping[str, Share], database: Any) -> list[Reader]:
    """All of them, as of now; tables only with a `database`. Raises what nats-py and asyncpg raise."""
    return [
        *[_of_consumer(found) for found in await _consumers(nats)],
        *[await _of_service(nats, service, shares[service.name]) for service in services if _reads(service, shares)],
        *[await _of_tables(nats, row["name"], row["sequence"]) for row in await _positions(database)],
    ]


def compared(before: Sequence[Reader], after: Sequence[Reader]) -> list[Reader]:
    """As `after`, each with why it is slow: it falls behind, or something old is not done."""
    lags = {(reader.kind, reader.name): reader.lag for reader in before}
    return [structs.replace(reader, slow=_slow(reader, lags.get((reader.kind, reader.name)))) for reader in after]


def _slow(reader: Reader, before: int | None) -> str:
    if reader.slow:
        return reader.slow
    if before is not None and reader.lag > before > 0:
        return f"falls behind: {reader.lag - before} more"
    return "something old is not done" if reader.oldest_s > OLD_S else ""


async def _consumers(nats: Client) -> list[ConsumerReport]:
    with_some = [found.config.name for found in await report.streams(nats) if found.state.consumer_count]
    return [found for stream in with_some for found in await report.consumers(nats, stream)]


def _of_consumer(found: ConsumerReport) -> Reader:
    oldest_s, slow = 0.0, ""
    if found.num_ack_pending and found.ack_floor.last_active:
        oldest_s = (found.ts - found.ack_floor.last_active).total_seconds()
        if oldest_s > max(found.config.ack_wait / 1e9, OLD_S):
            slow = "acknowledges nothing"
    pending = (found.num_pending, found.num_ack_pending, found.num_redelivered)
    return Reader(found.name, "consumer", found.stream_name, found.config.filters, *pending, oldest_s, slow)


def _reads(service: Service, shares: Mapping[str, Share]) -> bool:
    """Whether it handles events, or did when it was last there."""
    share = shares.get(service.name)
    return share is not None and bool(service.handles or (not share.beats and any(share.positions)))


async def _of_service(nats: Client, service: Service, share: Share) -> Reader:
    """Of one that is not there nobody knows what it handles: anything may wait for it."""
    reads = service.handles or [events.everything()]
    first = min(share.positions) + 1
    page = await direct_get.batch(nats, EVENTS.name, events.widened(reads), first, most=COUNTED)
    mine = [entry for entry in page if _is_for(entry, service.handles, share)]
    slow = "" if any(answers.answers for answers in service.instances) else "nobody is there"
    lag = len(mine) + direct_get.behind(page)
    return Reader(service.name, "service", EVENTS.name, reads, lag, oldest_s=_age_s(mine), slow=slow)


def _is_for(entry: Entry, handles: Sequence[str], share: Share) -> bool:
    is_handled = not handles or events.pattern_of(entry.subject) in handles
    return is_handled and entry.sequence > share.positions[of(events.entity_of(entry.subject))]


async def _positions(database: Any) -> Sequence[Any]:
    return await database.fetch(_POSITIONS) if database else ()


async def _of_tables(nats: Client, service: str, sequence: int) -> Reader:
    subject = events.service(service)
    page = await direct_get.batch(nats, EVENTS.name, subject, sequence + 1, most=COUNTED)
    lag = len(page) + direct_get.behind(page)
    return Reader(dead_letters.projection(service), "tables", EVENTS.name, [subject], lag, oldest_s=_age_s(page))


def _age_s(page: Sequence[Entry]) -> float:
    stored_at = page[0].stored_at if page else None
    return max((datetime.now(UTC) - stored_at).total_seconds(), 0.0) if stored_at else 0.0
