"""One side of a request: `python -m ops.bench.responder KIND URL`, KIND of raw, actor, faststream. Says "ready"."""

import asyncio
import signal
import sys
from contextlib import AsyncExitStack
from typing import Any

import msgspec
import uvloop

from actors.jetstream.connection import Connection
from actors.runtime.actor import running
from ops.bench.greeting import Greeting, GreetingActor
from ops.bench.servers import connected

RAW = "bench.raw"
FASTSTREAM = "bench.faststream"
ANSWER = msgspec.json.encode(Greeting("hello"))


async def main(kind: str, url: str) -> None:
    """Until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with AsyncExitStack() as stack:
        if kind == "faststream":
            await _faststream(url, stack)
        else:
            client = await stack.enter_async_context(connected(url, None if kind == "raw" else Connection()))
            if kind == "raw":
                await client.subscribe(RAW, queue="greeting", cb=_answer)
            else:
                await stack.enter_async_context(running(client, GreetingActor()))
            await client.flush()
        print("ready", flush=True)  # noqa: T201
        await stop.wait()


async def _answer(message: Any) -> None:
    await message.respond(ANSWER)


async def _faststream(url: str, stack: AsyncExitStack) -> None:
    """The same with FastStream and its own msgspec serializer, as its documentation shows it."""
    from faststream.nats import NatsBroker  # noqa: PLC0415  only here, and only where it is installed

    broker = NatsBroker(url, logger=None)

    @broker.subscriber(FASTSTREAM, queue="greeting")  # type: ignore[untyped-decorator, unused-ignore]
    async def say(said: dict[str, str]) -> dict[str, str]:
        return {"words": said["words"]}

    await stack.enter_async_context(broker)
    await broker.start()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], sys.argv[2]))
