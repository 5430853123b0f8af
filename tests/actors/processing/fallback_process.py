"""A fallback worker in a process of its own, to be killed: `python -m tests.actors.processing.fallback_process URL`."""

import asyncio
import sys

import nats

from actors.outside.sandbox import Sandbox
from actors.processing import fallback_follower


async def main() -> None:
    client = await nats.connect(sys.argv[1])
    async with Sandbox() as sandbox:
        await fallback_follower.worker(client, sandbox).run()


if __name__ == "__main__":
    asyncio.run(main())
