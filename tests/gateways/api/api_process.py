"""The door in a process of its own, to be killed: `python -m tests.gateways.api.api_process NATS FOLDER PORT`."""

import asyncio
import sys
from pathlib import Path

import nats
from obstore.store import LocalStore

from gateways.api.server import running


async def main() -> None:
    url, folder, port = sys.argv[1:]
    client = await nats.connect(url)
    store = LocalStore(folder, mkdir=True)
    async with running(client, listen=("127.0.0.1", int(port)), secret=b"", pages=Path(folder), store=store):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
