"""A body that is handed on while it arrives: files on their way in, which no memory would hold."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from gateways.edge.request import Fields

WAITING_BYTES: Final = 128 * 1024
PIECE_BYTES: Final = 256 * 1024
_METHODS: Final = frozenset({"POST", "PATCH"})
_TYPE: Final = b"application/offset+octet-stream"  # tus 1.0.0


def is_long(method: str, fields: Fields) -> bool:
    """Whether the body of such a request may be of any length: its head says that it is a piece of a file."""
    return method in _METHODS and any(
        name.lower() == b"content-type" and value.strip().lower() == _TYPE for name, value in fields
    )


class Arriving:
    """What has come and has not been handed on; while it is much, nothing more is read from the client."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._reader = asyncio.StreamReader(limit=WAITING_BYTES)
        self._reader.set_transport(transport)

    def feed(self, data: bytes) -> None:
        """This has come."""
        self._reader.feed_data(data)

    def end(self) -> None:
        """That was all."""
        self._reader.feed_eof()

    async def pieces(self) -> AsyncIterator[bytes]:
        """All of it, as it comes; whoever reads is cancelled when the client goes."""
        while piece := await self._reader.read(PIECE_BYTES):
            yield piece
