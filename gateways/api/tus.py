"""The words of tus 1.0.0 (https://tus.io/protocols/resumable-upload): headers read and written, no I/O.

Offered beside the core: creation, creation-with-upload, expiration, checksum, termination.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Final, NamedTuple

from schemas.errors import Invalid

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,creation-with-upload,expiration,checksum,termination"
ALGORITHMS: Final = ("sha1", "sha256", "md5")
OCTETS: Final = "application/offset+octet-stream"
CHECKSUM_MISMATCH: Final = 460
MOST_DIGITS: Final = 15
MOST_METADATA: Final = 4096


class Checksum(NamedTuple):
    """What the bytes of one request should come to."""

    algorithm: str
    digest: bytes

    def matches(self, data: bytes | bytearray) -> bool:
        """Whether they do."""
        return hashlib.new(self.algorithm, data, usedforsecurity=False).digest() == self.digest


def number(headers: Mapping[str, str], name: str) -> int:
    """A header that counts bytes. Raises Invalid."""
    text = headers.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS):
        raise Invalid(f"{name} must say a number of bytes, not {text!r}.")
    return int(text)


def metadata(text: str) -> dict[str, str]:
    """Upload-Metadata: pairs of a key and a value in Base64, separated by commas. Raises Invalid."""
    if len(text) > MOST_METADATA:
        raise Invalid(f"Upload-Metadata is longer than {MOST_METADATA} characters.")
    found = {}
    for pair in filter(None, map(str.strip, text.split(","))):
        key, _, value = pair.partition(" ")
        try:
            found[key] = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise Invalid(f"The value of {key!r} in Upload-Metadata is not text in Base64.") from None
    return found


def checksum(text: str) -> Checksum:
    """Upload-Checksum: an algorithm and a digest in Base64. Raises Invalid."""
    algorithm, _, digest = text.partition(" ")
    if algorithm not in ALGORITHMS:
        raise Invalid(f"Upload-Checksum can be {', '.join(ALGORITHMS)}, not {algorithm!r}.")
    try:
        return Checksum(algorithm, base64.b64decode(digest.strip(), validate=True))
    except binascii.Error:
        raise Invalid("The digest in Upload-Checksum is not Base64.") from None


def moment(at: datetime) -> str:
    """For Upload-Expires (RFC 9110, 5.6.7)."""
    return format_datetime(at, usegmt=True)
