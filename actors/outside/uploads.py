"""Where are the bytes of a file that is on its way? In storage, in pieces that are named by their offsets.

A piece is durable before anybody is told of it, and never changed; what follows a hole is as if it were not there.
"""

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
import obstore
from msgspec import Struct
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore

from actors.outside import storage
from schemas.errors import NotFound
from schemas.upload import Upload
from subjects import objects

PIECE_BYTES: Final = 4 << 20
"""An upload is kept in pieces of at most so many bytes."""
LIFETIME: Final = timedelta(days=1)
"""An unfinished upload expires so long after its last piece."""
WHOLE_LIFETIME: Final = timedelta(days=7)
"""A finished one that nobody could import."""
AWAY: Final = (BaseError, OSError, TimeoutError)
_decoder: Final = msgspec.json.Decoder(Upload)


class Piece(Struct, frozen=True):
    """An object of the file's bytes, from `offset` on."""

    path: str
    offset: int
    size: int


class Kept(Struct, frozen=True):
    """An upload as far as it has come."""

    about: Upload
    pieces: Sequence[Piece]
    touched_at: datetime

    @property
    def offset(self) -> int:
        """So many bytes are kept."""
        return self.pieces[-1].offset + self.pieces[-1].size if self.pieces else 0

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return self.offset == self.about.length

    @property
    def expires_at(self) -> datetime:
        """When it is removed if nothing more comes."""
        return self.touched_at + (WHOLE_LIFETIME if self.is_whole else LIFETIME)


class Uploads:
    """The uploads in a store. Every method raises what `AWAY` lists while the store is away."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def create(self, about: Upload) -> Kept:
        """Keep that there is one."""
        await storage.put(self._store, objects.upload_about(about.id), msgspec.json.encode(about))
        return Kept(about, (), about.created_at)

    async def find(self, upload_id: str) -> Kept:
        """As far as it has come. Raises NotFound."""
        try:
            found = await obstore.get_async(self._store, objects.upload_about(upload_id))
            about = _decoder.decode(bytes(await found.bytes_async()))
        except (FileNotFoundError, msgspec.DecodeError):
            raise NotFound("There is no such upload; it may have expired, or been imported already.") from None
        pieces: list[Piece] = []
        end, touched_at = 0, about.created_at
        listed = [one async for batch in obstore.list(self._store, objects.upload(upload_id)) for one in batch]
        for one in sorted(listed, key=lambda one: one["path"]):
            piece = _piece(one["path"], one["size"])
            if piece and piece.offset == end:
                pieces.append(piece)
                end += piece.size
                touched_at = max(touched_at, one["last_modified"])
        return Kept(about, pieces, touched_at)

    async def add(self, upload_id: str, offset: int, data: bytes) -> None:
        """Keep the bytes from `offset` on, of which there must be none yet."""
        await storage.put(self._store, objects.upload_piece(upload_id, offset), data)

    async def remove(self, upload_id: str) -> None:
        """All of it; what is gone already is no error."""
        await storage.delete_all(self._store, objects.upload(upload_id))

    async def known(self) -> list[str]:
        """The ids of all there are, by their objects: some stores list folders that are empty."""
        paths = await storage.sizes(self._store, objects.UPLOADS)
        return sorted({path.removeprefix(objects.UPLOADS).partition("/")[0] for path in paths})

    async def sweep(self, now: datetime | None = None) -> list[str]:
        """Remove what has expired; gives back what that was."""
        now = now or datetime.now(UTC)
        gone = []
        for upload_id in await self.known():
            try:
                expires_at = (await self.find(upload_id)).expires_at
            except NotFound:  # pieces without a word about them
                expires_at = now
            if expires_at <= now:
                await self.remove(upload_id)
                gone.append(upload_id)
        return gone

    def room(self) -> int | None:
        """Bytes that are free on disk; None for a store that does not say."""
        if isinstance(self._store, LocalStore) and self._store.prefix is not None:
            return shutil.disk_usage(self._store.prefix).free
        return None


def _piece(path: str, size: int) -> Piece | None:
    name = path.rpartition("/")[2].removesuffix(".part")
    return Piece(path, int(name), size) if name.isdecimal() else None
