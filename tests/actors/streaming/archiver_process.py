"""An archiver in a process of its own, to be killed: `python -m tests.actors.streaming.archiver_process URL FOLDER`."""

import asyncio
import sys

import nats
from obstore.store import LocalStore

from actors.streaming.archiver import Archiver
from actors.streaming.retention import Retention
from actors.streaming.sample_tables import SampleTables


async def seal(recording_id: str) -> int:
    raise AssertionError(f"{recording_id} has not ended")


async def main() -> None:
    client = await nats.connect(sys.argv[1])
    store = LocalStore(sys.argv[2], mkdir=True)
    await Archiver(client, store, Retention(client, store, 300.0), SampleTables(store), seal).run()


if __name__ == "__main__":
    asyncio.run(main())
