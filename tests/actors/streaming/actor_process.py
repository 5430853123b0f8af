"""The service in a process of its own, to be killed: `python -m tests.actors.streaming.actor_process URL FOLDER`."""

import asyncio
import sys

import nats
from obstore.store import LocalStore

from actors.streaming.actor import running


async def main() -> None:
    client = await nats.connect(sys.argv[1])
    async with running(client, LocalStore(sys.argv[2], mkdir=True)):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
