"""Where do objects lie? One door to the object store: atomic, durable, with the headers a web server would give.

Stores over the network take attributes; obstore's local store refuses them and never calls fsync, so files are
written here: temporary name, fsync, rename, fsync of the folder. What `put` has returned from survives a power cut.
"""

import asyncio
import errno
import itertools
import os
import shutil
from pathlib import Path
from typing import Final

import obstore
from obstore.store import LocalStore, ObjectStore

from actors.outside import space

IMMUTABLE: Final = "public, max-age=31536000, immutable"
SHORT: Final = "public, max-age=60"
PUT_DEADLINE_S: Final = 60.0

_TYPES: Final = {
    ".mp4": "video/mp4",
    ".m4s": "video/iso.segment",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".json": "application/json",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".vtt": "text/vtt; charset=utf-8",
}
_SEGMENTS: Final = (".mp4", ".m4s")
_number: Final = itertools.count()


async def put(store: ObjectStore, path: str, data: bytes) -> None:
    """Keep `data` under `path`, whole or not at all; the same again is the same object.

    Raises: obstore.exceptions.BaseError, OSError or TimeoutError when the store is away.
    """
    async with asyncio.timeout(PUT_DEADLINE_S):
        if isinstance(store, LocalStore) and store.prefix is not None:
            await asyncio.to_thread(write_durably, store.prefix / path, data)
        else:
            await obstore.put_async(store, path, data, attributes=attributes(path))


def attributes(path: str) -> dict[str, str]:
    """The HTTP headers an object is served with."""
    suffix = Path(path).suffix
    return {
        "Content-Type": _TYPES.get(suffix, "application/octet-stream"),
        "Cache-Control": IMMUTABLE if suffix in _SEGMENTS else SHORT,
    }


def write_durably(path: Path, data: bytes) -> None:
    """Write a file so that neither a reader nor a power cut ever sees half of it.

    What a killed writer of the same file has left is cleared away; a living one then fails and tries again.
    """
    _make_folder(path.parent)
    for left in path.parent.glob(f"{path.name}#*"):
        left.unlink(missing_ok=True)
    # obstore leaves names with `#<digits>` out of its listings: a file cut short by a crash is never an object
    temporary = path.with_name(f"{path.name}#{os.getpid()}{next(_number):06}")
    if (space.left_bytes([path.parent]) or 0) < len(data) + space.KEPT_BYTES:
        raise OSError(errno.ENOSPC, "no room is left on the disk of the objects", str(path))
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:  # a full disk needs what was written of it
        temporary.unlink(missing_ok=True)
        raise
    temporary.replace(path)
    _sync_folder(path.parent)


def _make_folder(path: Path) -> None:
    """Make a folder and those above it, each on disk before the next."""
    if path.is_dir():
        return
    _make_folder(path.parent)
    path.mkdir(exist_ok=True)
    _sync_folder(path.parent)


def _sync_folder(path: Path) -> None:
    """The rename itself is on disk."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


async def sizes(store: ObjectStore, prefix: str) -> dict[str, int]:
    """Path and size in bytes of every object under `prefix`."""
    return {found["path"]: found["size"] async for batch in obstore.list(store, prefix) for found in batch}


async def delete(store: ObjectStore, paths: list[str]) -> None:
    """Remove objects; those that are gone already are no error."""
    for path in paths:
        try:
            await obstore.delete_async(store, path)
        except FileNotFoundError:
            continue


async def delete_all(store: ObjectStore, prefix: str) -> None:
    """Remove every object under `prefix`, proven by a second listing.

    Raises: OSError when something is still there; call it again.
    """
    await delete(store, list(await sizes(store, prefix)))
    if isinstance(store, LocalStore) and store.prefix is not None:
        await asyncio.to_thread(shutil.rmtree, store.prefix / prefix, ignore_errors=True)
    left = await sizes(store, prefix)
    if left:
        raise OSError(f"{len(left)} objects under {prefix} are still there")
