"""What does the server say of its streams and their durable consumers? With the times that nats-py leaves out."""

import json
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct
from nats.aio.client import Client
from nats.js.errors import APIError

DEADLINE_S: Final = 5.0
R = TypeVar("R")


class StreamConfig(Struct, frozen=True):
    """As it is, which may differ from what `subjects/streams.py` declares."""

    name: str
    description: str = ""
    subjects: list[str] = []
    max_bytes: int = -1  # any number


class StreamState(Struct, frozen=True):
    """What it holds."""

    messages: int
    bytes: int
    first_seq: int
    last_seq: int
    first_ts: datetime
    last_ts: datetime
    consumer_count: int


class StreamReport(Struct, frozen=True):
    """One stream; `ts` is the server's clock."""

    config: StreamConfig
    state: StreamState
    ts: datetime


class ConsumerConfig(Struct, frozen=True):
    """As far as a reader of it is interested; `ack_wait` is in nanoseconds."""

    durable_name: str = ""
    filter_subject: str = ""
    filter_subjects: list[str] = []
    ack_wait: int = 0

    @property
    def filters(self) -> list[str]:
        """The subjects it takes."""
        return self.filter_subjects or [self.filter_subject or ">"]


class Place(Struct, frozen=True):
    """How far something has come."""

    stream_seq: int
    last_active: datetime | None = None


class ConsumerReport(Struct, frozen=True):
    """One consumer."""

    name: str
    stream_name: str
    config: ConsumerConfig
    delivered: Place
    ack_floor: Place
    num_ack_pending: int
    num_redelivered: int
    num_pending: int
    ts: datetime


class _Streams(Struct):
    total: int = 0
    streams: list[StreamReport] | None = None
    error: dict[str, Any] | None = None


class _Consumers(Struct):
    total: int = 0
    consumers: list[ConsumerReport] | None = None
    error: dict[str, Any] | None = None


async def streams(nats: Client) -> list[StreamReport]:
    """All of them. Raises what nats-py raises."""
    found: list[StreamReport] = []
    while True:
        page = await _page(nats, "$JS.API.STREAM.LIST", len(found), _Streams)
        found += page.streams or []
        if not page.streams or len(found) >= page.total:
            return found


async def consumers(nats: Client, stream: str) -> list[ConsumerReport]:
    """The durable ones. Raises what nats-py raises."""
    found: list[ConsumerReport] = []
    while True:
        page = await _page(nats, f"$JS.API.CONSUMER.LIST.{stream}", len(found), _Consumers)
        found += page.consumers or []
        if not page.consumers or len(found) >= page.total:
            return [one for one in found if one.config.durable_name]


async def _page(nats: Client, subject: str, offset: int, said: type[R]) -> R:
    reply = await nats.request(subject, json.dumps({"offset": offset}).encode(), timeout=DEADLINE_S)
    page = msgspec.json.decode(reply.data, type=said)
    if error := getattr(page, "error", None):
        raise APIError(**error)
    return page
