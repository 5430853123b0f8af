"""An AAC worker in a process of its own, to be killed: `python -m tests.actors.processing.aac_process URL`."""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor

import nats

from actors.processing.aac_worker import AacWorker


async def main() -> None:
    client = await nats.connect(sys.argv[1])
    with ThreadPoolExecutor(max_workers=1) as threads:
        await AacWorker(client, threads).run()


if __name__ == "__main__":
    asyncio.run(main())
