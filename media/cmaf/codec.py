"""What is the codec of a track called (RFC 6381)? Read from its init segment."""

from typing import Final

from media.cmaf.box import boxes, find

_NAMES: Final = {b"Opus": "opus", b"mp4a": "mp4a.40.2"}
_VISUAL_ENTRY: Final = 78  # bytes before the boxes in it (ISO/IEC 14496-12, 12.1.3)


def of(init: bytes) -> str:
    """As `avc1.42e01f` or `opus`; what is not known here as its sample entry says. Raises ValueError."""
    entries = find(init, b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")[8:]
    name, entry = next(boxes(entries), (b"", b""))
    if name == b"avc1":
        return f"avc1.{find(entry[_VISUAL_ENTRY:], b'avcC')[1:4].hex()}"
    if not name:
        raise ValueError("the init segment describes no samples")
    return _NAMES.get(name) or name.decode("latin-1")
