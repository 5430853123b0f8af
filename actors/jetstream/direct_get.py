"""Reads a stream by sequence (direct get in batches, NATS ADR-31): no consumer, no position, nothing to clean up.

Any replica answers, also one that is behind the others: what it has is true, what it has not may be there all the same.
Before anything follows from a message that is not there, the leader is asked (`known`).
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any, Final

import nats.errors as nats_errors
from msgspec import Struct
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.errors import NotFoundError

from schemas.envelope import STORED_AT

DEADLINE_S: Final = 5.0
LOOK_S: Final = 0.5
BEHIND_S: Final = 0.05
"""How long to give a replica that is behind, before it is asked again."""
_SEQUENCE: Final = "Nats-Sequence"
_SUBJECT: Final = "Nats-Subject"
_STATUS: Final = "Status"
_NO_MORE: Final = ("204", "404")  # the end of a batch; nothing there
_PENDING: Final = "Nats-Num-Pending"


class Entry(Struct, frozen=True):
    """One stored message; `data` is empty where only headers were asked for."""

    sequence: int
    subject: str
    headers: Mapping[str, str]
    size_bytes: int
    data: bytes = b""
    told_at: datetime | None = None  # when it was stored, as a consumer's delivery tells

    @property
    def stored_at(self) -> datetime | None:
        """When the server stored it; None where it does not say."""
        said = self.headers.get(STORED_AT)
        return self.told_at or (datetime.fromisoformat(said) if said else None)


async def batch(
    nats: Client,
    stream: str,
    subject: str,
    first: int,
    *,
    since: datetime | None = None,
    most: int = 256,
    most_bytes: int = 16 << 20,
) -> list[Entry]:
    """Messages of `subject` (wildcards allowed) from sequence `first` on, or `since` then; empty when there are none.

    Raises: `nats.errors.Error`, TimeoutError or ConnectionError when the server is away.
    """
    inbox = nats.new_inbox()
    found: list[Entry] = []
    ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def take(message: Msg) -> None:
        headers = message.headers or {}
        if _SEQUENCE in headers:
            data = message.data
            found.append(Entry(int(headers[_SEQUENCE]), headers[_SUBJECT], headers, len(data), data))
        elif not ended.done():
            ended.set_result(headers.get(_STATUS, ""))

    subscription = await nats.subscribe(inbox, cb=take)
    begin = {"start_time": since.isoformat()} if since else {"seq": first}
    request = {**begin, "next_by_subj": subject, "batch": most, "max_bytes": most_bytes}
    try:
        await nats.publish(f"$JS.API.DIRECT.GET.{stream}", json.dumps(request).encode(), reply=inbox)
        status = await _while_it_comes(ended, found)
    finally:
        await subscription.unsubscribe()
    if status not in _NO_MORE:
        raise ConnectionError(f"direct get of {subject} was refused: {status}")
    return found


async def _while_it_comes(ended: asyncio.Future[str], found: list[Entry]) -> str:
    """How it ended. Raises TimeoutError when nothing comes any more."""
    while True:
        before = len(found)
        done, _ = await asyncio.wait({ended}, timeout=DEADLINE_S)
        if done:
            return ended.result()
        if len(found) == before:
            raise TimeoutError("The log does not answer.")


def behind(page: Sequence[Entry]) -> int:
    """How many messages there were behind a batch when it was read."""
    return int(page[-1].headers.get(_PENDING, 0)) if page else 0


async def last(nats: Client, stream: str, subject: str) -> Entry | None:
    """The newest message of `subject` (wildcards allowed), or None."""
    with suppress(NotFoundError):
        return await _one(nats, stream, subject=subject)
    return None


async def at(nats: Client, stream: str, sequence: int) -> Entry:
    """The message with that sequence. Raises NotFoundError."""
    return await _one(nats, stream, seq=sequence)


async def known(nats: Client, stream: str, subject: str, first: int = 0) -> Entry | None:
    """As the leader knows it: the first message of `subject` (wildcards allowed) from sequence `first` on; 0: the last.

    None when there is none. Raises `nats.errors.Error` or TimeoutError, also while there is no leader.
    """
    with suppress(NotFoundError):
        return await _one(nats, stream, seq=first, subject=subject, next=first > 0, direct=False)
    return None


async def _one(nats: Client, stream: str, *, direct: bool = True, **which: Any) -> Entry:
    found = await nats.jetstream().get_msg(stream, **which, direct=direct)
    data = found.data or b""
    return Entry(found.seq or 0, found.subject or "", found.headers or {}, len(data), data, found.time)


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
            with suppress(nats_errors.Error, OSError):  # a connection that broke has no subscriptions
                await subscription.unsubscribe()
