"""The service in a process of its own, to be killed: `… NATS FOLDER`."""

import asyncio
import sys

import nats
from obstore.store import LocalStore

from actors.outside.sandbox import Sandbox
from actors.processing.importing.actor import ImportingActor
from actors.processing.importing.importer import Importer
from actors.runtime import actor as runtime


async def main() -> None:
    client = await nats.connect(sys.argv[1])
    async with Sandbox() as sandbox:
        importer = Importer(client, LocalStore(sys.argv[2]), sandbox)
        async with runtime.running(client, ImportingActor(client, importer)):
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
