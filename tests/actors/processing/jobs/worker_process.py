"""A worker in a process of its own, to be killed: `python -m tests.actors.processing.jobs.worker_process URL FOLDER`."""

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import nats
from nats.aio.client import Client
from obstore.store import LocalStore

from actors.processing.jobs.claims import Claims
from actors.processing.jobs.queue import QueueActor
from actors.processing.jobs.remains import Remains
from actors.processing.jobs.stories import Stories
from actors.processing.jobs.worker import Worker
from actors.runtime import actor as runtime
from schemas.ids import new_id
from tests.actors.processing.jobs.toy import Toy

CLAIM_S = 1.5


def worker(client: Client, folder: Path, *, slots: int = 1, seconds: float = 0.0) -> tuple[Worker, QueueActor]:
    """With the toy as every kind of work, and who keeps its queue."""
    stories = Stories(client)
    remains = Remains(client, LocalStore(folder / "objects", mkdir=True))
    toy = Toy(folder, seconds)
    claims = Claims(client, new_id()[:8], CLAIM_S)
    made = Worker(client, {"transcode": toy, "thumbnail": toy}, stories, claims, remains, slots)
    return made, QueueActor(client, stories, made.board, remains)


async def main() -> None:
    client = await nats.connect(sys.argv[1])
    made, queue = worker(client, Path(sys.argv[2]), seconds=0.05)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(runtime.running(client, queue))
        await made.run()


if __name__ == "__main__":
    asyncio.run(main())
