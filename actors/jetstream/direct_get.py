"""Reads a stream by sequence (direct get in batches, NATS ADR-31): no consumer, no position, nothing to clean up."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from msgspec import Struct
from nats.aio.client import Client
from nats.js.errors import NotFoundError

DEADLINE_S: Final = 5.0
LOOK_S: Final = 0.5
_SEQUENCE: Final = "Nats-Sequence"
_SUBJECT: Final = "Nats-Subject"
_STATUS: Final = "Status"
_PENDING: Final = "Nats-Num-Pending"


class Entry(Struct, frozen=True):
    """One stored message; `data` is empty where only headers were asked for."""

    sequence: int
    subject: str
    headers: Mapping[str, str]
    size_bytes: int
    data: bytes = b""


async def batch(
    nats: Client, stream: str, subject: str, first: int, *, most: int = 256, most_bytes: int = 16 << 20
) -> list[Entry]:
    """Messages of `subject` (wildcards allowed) from sequence `first` on; empty when there are none.

    Raises: `nats.errors.Error`, TimeoutError or ConnectionError when the server is away.
    """
    inbox = nats.new_inbox()
    subscription = await nats.subscribe(inbox)
    request = {"seq": first, "next_by_subj": subject, "batch": most, "max_bytes": most_bytes}
    try:
        await nats.publish(f"$JS.API.DIRECT.GET.{stream}", json.dumps(request).encode(), reply=inbox)
        found: list[Entry] = []
        while True:
            message = await subscription.next_msg(timeout=DEADLINE_S)
            headers = message.headers or {}
            if _SEQUENCE not in headers:
                if headers.get(_STATUS) not in ("204", "404"):
                    raise ConnectionError(f"direct get of {subject} was refused: {headers}")
                return found
            found.append(Entry(int(headers[_SEQUENCE]), headers[_SUBJECT], headers, len(message.data), message.data))
    finally:
        await subscription.unsubscribe()


def behind(page: Sequence[Entry]) -> int:
    """How many messages there were behind a batch when it was read."""
    return int(page[-1].headers.get(_PENDING, 0)) if page else 0


async def last(nats: Client, stream: str, subject: str) -> Entry | None:
    """The newest message of `subject` (wildcards allowed), or None."""
    try:
        found = await nats.jetstream().get_msg(stream, subject=subject, direct=True)
    except NotFoundError:
        return None
    data = found.data or b""
    return Entry(found.seq or 0, found.subject or subject, found.headers or {}, len(data), data)


@asynccontextmanager
async def listening(nats: Client, subject: str) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Gives a function that waits for news on `subject`; not for long: they can be heard before they can be read."""
    news = asyncio.Event()

    async def heard(_: Any) -> None:
        news.set()

    async def wait() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await news.wait()
                news.clear()

    subscription = await nats.subscribe(subject, cb=heard)
    try:
        yield wait
    finally:
        if not nats.is_closed:
            await subscription.unsubscribe()
