"""ISO base media file format boxes (ISO/IEC 14496-12): a length, a name, a payload."""

import struct
from collections.abc import Iterator


def box(name: bytes, *payload: bytes) -> bytes:
    """A box (4.2)."""
    body = b"".join(payload)
    return struct.pack(">I4s", len(body) + 8, name) + body


def full_box(name: bytes, version: int, flags: int, *payload: bytes) -> bytes:
    """A box with version and flags."""
    return box(name, struct.pack(">I", version << 24 | flags), *payload)


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and payload of each box in `data`. Raises ValueError when one does not fit."""
    at = 0
    while at < len(data):
        if at + 8 > len(data):
            raise ValueError("a box is cut short")
        size, name = struct.unpack_from(">I4s", data, at)
        if size < 8 or at + size > len(data):
            raise ValueError(f"box {name!r} says it has {size} bytes, {len(data) - at} are left")
        yield name, data[at + 8 : at + size]
        at += size


def find(data: bytes, *path: bytes) -> bytes:
    """The payload of the first box along `path`. Raises ValueError when there is none."""
    for name in path:
        for found, payload in boxes(data):
            if found == name:
                data = payload
                break
        else:
            raise ValueError(f"there is no {name.decode()} box")
    return data
