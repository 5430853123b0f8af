"""`python -m ops.bench.listener KIND URL COUNT`: handle COUNT events, KIND of raw and actor; CPU-seconds at the end.

Raw is what one writes with nats-py: a durable pull consumer, fetched 256 at a time, each message acknowledged.
"""

import asyncio
import sys
import time

import uvloop
from nats.aio.client import Client as Nats

from actors.jetstream.connection import Connection
from actors.runtime.actor import running
from ops.bench.greeting import GreetingActor, GuestGreeted
from ops.bench.servers import connected
from schemas.ids import new_id
from subjects import events
from subjects.streams import EVENTS

BATCH = 256


async def main(kind: str, url: str, count: int) -> float:
    """CPU-seconds of this process from the first to the last event."""
    async with connected(url, None if kind == "raw" else Connection()) as client:
        began = time.process_time()
        await (_raw(client, count) if kind == "raw" else _actor(client, count))
        return time.process_time() - began


async def _raw(client: Nats, count: int) -> None:
    durable = f"raw-{new_id()}"
    subscription = await client.jetstream().pull_subscribe(events.every(GuestGreeted), durable, stream=EVENTS.name)
    left = count
    while left > 0:
        messages = await subscription.fetch(min(BATCH, left), timeout=5)
        for message in messages:
            await message.ack()
        left -= len(messages)
    await client.flush()


async def _actor(client: Nats, count: int) -> None:
    actor = GreetingActor(count)
    async with running(client, actor):
        await asyncio.wait_for(actor.heard_all.wait(), 300)


if __name__ == "__main__":
    print(uvloop.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]))))  # noqa: T201
