"""The floor of a download: one file, sent by the same server with nothing to be made of it.

`python -m ops.bench.static_file PATH` prints its port.
"""

import asyncio
import sys
from pathlib import Path

import uvloop
from obstore.store import LocalStore

from gateways.edge.connection import Connection, Streamed
from gateways.edge.connections import Connections
from gateways.edge.download import WRITE_BYTES
from gateways.edge.request import Request
from gateways.edge.spans import batches, read_ahead
from media.mp4.layout import Span


async def serve(path: Path) -> None:
    """Until it is killed."""
    store, size = LocalStore(path.parent), path.stat().st_size  # noqa: ASYNC240  once, at the start
    wanted = batches([Span(path.name, size)], 0, size)

    async def answer(connection: Connection) -> Streamed:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: {size}\r\n\r\n"
        await connection.write(head.encode())
        async for data in read_ahead(store, wanted):
            for at in range(0, len(data), WRITE_BYTES):
                await connection.write(data[at : at + WRITE_BYTES])
        return Streamed()

    def handle(_: Request, connection: Connection):  # type: ignore[no-untyped-def]  # noqa: ANN202
        return answer(connection)

    connections = Connections(10)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(handle, connections), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201  for who started it
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1])))
