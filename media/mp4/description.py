"""What does an init segment say of its track? The parts of it that a file over several inits is made of."""

import struct
from typing import Final

from msgspec import Struct

from media.cmaf.box import boxes, find

_PICTURE: Final = b"vide"


class Description(Struct, frozen=True):
    """One init segment, taken apart; `entry` is a whole box of stsd (8.5.2), sizes are 16.16 numbers."""

    handler: bytes  # b"vide" or b"soun"
    timescale: int
    entry: bytes
    width: int
    height: int

    @property
    def is_picture(self) -> bool:
        """Rather than sound."""
        return self.handler == _PICTURE


def read(init: bytes) -> Description:
    """Raises ValueError for what is no init segment of one track."""
    try:
        track = find(init, b"moov", b"trak")
        media = find(track, b"mdia")
        header = find(media, b"mdhd")
        (timescale,) = struct.unpack_from(">I", header, 20 if header[0] else 12)
        entries = find(media, b"minf", b"stbl", b"stsd")[8:]
        name, payload = next(boxes(entries))
        width, height = struct.unpack(">II", find(track, b"tkhd")[-8:])
    except (struct.error, IndexError, StopIteration) as error:
        raise ValueError("the init segment is cut short") from error
    entry = struct.pack(">I4s", len(payload) + 8, name) + payload
    return Description(find(media, b"hdlr")[8:12], timescale, entry, width, height)
