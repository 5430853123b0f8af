"""A worker of jobs in a process of its own, with one slot: `python -m ops.bench.ladder_worker NATS_URL FOLDER`."""

import asyncio
import sys

from obstore.store import LocalStore

from actors.outside.sandbox import Sandbox
from actors.processing.jobs.claims import Claims
from actors.processing.jobs.queue import QueueActor
from actors.processing.jobs.remains import Remains
from actors.processing.jobs.stories import Stories
from actors.processing.jobs.worker import Worker
from actors.processing.works import Tools, works
from actors.runtime import actor as runtime
from ops.bench import servers
from schemas.ids import new_id


async def work(url: str, folder: str) -> None:
    """Until it is ended."""
    store = LocalStore(folder)
    async with servers.connected(url) as client, Sandbox() as sandbox:
        stories, remains = Stories(client), Remains(client, store)
        claims = Claims(client, new_id()[:8])
        worker = Worker(client, works(Tools(client, store, sandbox)), stories, claims, remains, slots=1)
        async with runtime.running(client, QueueActor(client, stories, worker.board, remains)):
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            await worker.run()


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))
