"""What is going on? Looks at everything, and what two of them a moment apart tell: how much flows, who is slow."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct, structs
from nats.aio.client import Client
from nats.aio.msg import Msg

from actors.jetstream import direct_get, report
from actors.jetstream.report import StreamReport
from ops.cli import instances, readers, told
from ops.cli.instances import Endpoint, Instance, Service
from ops.cli.readers import Reader
from schemas.live import SourceMeasured
from schemas.recording import RecordingPrepared
from subjects import events, names
from subjects.streams import EVENTS

FORGOTTEN_S: Final = 5.0
"""A source that has not been heard of for so long is not shown; it is measured once a second."""


class Stream(Struct, frozen=True):
    """One stream, or the stream behind a key-value bucket."""

    name: str
    messages: int
    size_bytes: int
    stored_per_s: Annotated[float, Meta(description="Messages that were stored since the look before, a second.")]
    grows_bytes_per_s: Annotated[float, Meta(description="Negative where messages go.")]


class Actor(Struct, frozen=True):
    """A service, all its processes together."""

    service: str
    processes: int
    unowned: Annotated[int, Meta(description="Partitions that nobody has: their entities wait.")]
    requests_per_s: float
    errors_per_s: float
    mean_ms: Annotated[float, Meta(description="Of the requests since the look before; 0 without any.")]
    trouble: Annotated[str, Meta(description="Empty when all is well.")]


class Source(Struct, frozen=True):
    """A recording that somebody sends to right now."""

    recording_id: str
    title: str
    begun_at: datetime | None
    heard_at: datetime
    measured: SourceMeasured


class Look(Struct, frozen=True):
    """Everything at one moment."""

    at: datetime
    nats: Annotated[str, Meta(description="The server that was asked, and its version.")]
    streams: list[Stream]
    readers: list[Reader]
    actors: list[Actor]
    sources: list[Source]


class Seen(Struct, frozen=True):
    """What servers and services say at one moment; two of them make a look."""

    at: datetime
    streams: list[StreamReport]
    readers: list[Reader]
    services: list[Service]


class Sources:
    """Who sends, by what gateways tell of them once a second. Used as a callback of a subscription."""

    def __init__(self, nats: Client) -> None:
        self._nats = nats
        self._found: dict[str, Source] = {}

    async def take(self, message: Msg) -> None:
        """One measurement."""
        recording_id = names.read(message.subject).about
        with suppress(msgspec.MsgspecError):  # of another version
            measured = msgspec.json.decode(message.data, type=SourceMeasured)
            known = self._found.get(recording_id) or await self._introduce(recording_id, measured)
            self._found[recording_id] = structs.replace(known, measured=measured, heard_at=datetime.now(UTC))

    async def _introduce(self, recording_id: str, measured: SourceMeasured) -> Source:
        entry = await direct_get.last(self._nats, EVENTS.name, events.of(RecordingPrepared, recording_id))
        title = told.stored(entry).fields.get("title", "") if entry else ""
        return Source(recording_id, title, entry.stored_at if entry else None, datetime.now(UTC), measured)

    def now(self) -> list[Source]:
        """Those that were heard of just now, the oldest recording first."""
        now = datetime.now(UTC)
        self._found = {
            name: one for name, one in self._found.items() if (now - one.heard_at).total_seconds() < FORGOTTEN_S
        }
        return sorted(self._found.values(), key=lambda one: (one.begun_at or now, one.recording_id))


async def see(nats: Client, database: Any) -> Seen:
    """Ask everybody; tables only with a `database`. Raises what nats-py and asyncpg raise."""
    shares = await instances.shares(nats)
    there, services = await asyncio.gather(report.streams(nats), instances.services(nats, shares))
    return Seen(datetime.now(UTC), there, await readers.look(nats, services, shares, database), services)


def look(nats: str, before: Seen, after: Seen, sources: Sequence[Source]) -> Look:
    """What has flowed between the two."""
    span_s = max((after.at - before.at).total_seconds(), 0.001)
    old_streams = {one.config.name: one for one in before.streams}
    old_services = {one.name: one for one in before.services}
    return Look(
        at=after.at,
        nats=nats,
        streams=[_stream(old_streams.get(one.config.name), one, span_s) for one in after.streams],
        readers=readers.compared(before.readers, after.readers),
        actors=[_actor(old_services.get(one.name), one, span_s) for one in after.services],
        sources=list(sources),
    )


def _stream(before: StreamReport | None, after: StreamReport, span_s: float) -> Stream:
    old = (before or after).state
    state = after.state
    flow = ((state.last_seq - old.last_seq) / span_s, (state.bytes - old.bytes) / span_s)
    return Stream(after.config.name, state.messages, state.bytes, *(round(one, 2) for one in flow))


def _actor(before: Service | None, after: Service, span_s: float) -> Actor:
    old = _endpoints(before.instances if before else ())
    flows = [_flow(old.get(name), one) for name, one in _endpoints(after.instances).items()]
    requests, errors, took_ms = (sum(column) for column in zip(*flows, strict=True)) if flows else (0, 0, 0.0)
    return Actor(
        after.name,
        sum(one.answers for one in after.instances),
        after.unowned,
        round(requests / span_s, 2),
        round(errors / span_s, 2),
        round(took_ms / requests, 3) if requests else 0.0,
        instances.trouble(after),
    )


def _endpoints(some: Sequence[Instance]) -> Mapping[tuple[str, str], Endpoint]:
    return {(one.id, endpoint.subject): endpoint for one in some for endpoint in one.endpoints}


def _flow(before: Endpoint | None, after: Endpoint) -> tuple[int, int, float]:
    """Requests, errors and milliseconds; of a process that was not there before, all it has done."""
    old = before or structs.replace(after, requests=0, errors=0)
    took_ms = after.mean_ms * after.requests - old.mean_ms * old.requests
    return after.requests - old.requests, after.errors - old.errors, max(took_ms, 0.0)
