"""What is one version of an edited recording made of? An index like any recording's, and where its bytes lie."""

from typing import Final

import msgspec
from msgspec import Struct

from media.edits.edit_list import Keep
from media.hls.index import RecordingIndex

ORIGINAL: Final = 0
"""The version that is none: all of the recording."""


class Version(Struct):
    """`edits/{number}/index.json`. Paths are relative to the recording's own, and stand beside inits and segments."""

    number: int
    keep: Keep
    index: RecordingIndex
    inits: dict[str, list[str]]
    segments: dict[str, list[str]]

    def init_path(self, rendition: str, number: int) -> str:
        """Where an init segment lies, by its number."""
        return self.inits[rendition][number]

    def segment_path(self, rendition: str, number: int) -> str:
        """Where a segment lies, by its number; empty for a gap."""
        return self.segments[rendition][number - self.index.renditions[rendition].bounds[0]]


class Current(Struct):
    """`edit.json`: which version is shown."""

    version: int


def encode(said: Version | Current) -> bytes:
    """As they are stored."""
    return msgspec.json.encode(said)


def decode(data: bytes) -> Version:
    """Raises msgspec.ValidationError or DecodeError."""
    return msgspec.json.decode(data, type=Version)


def current(data: bytes | None) -> int:
    """The number of the version that is shown; `ORIGINAL` when nothing says otherwise. Raises as `decode`."""
    return msgspec.json.decode(data, type=Current).version if data else ORIGINAL
