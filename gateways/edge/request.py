"""What a client asks, parsed as far as somebody looks at it."""

from collections.abc import AsyncIterator, Sequence
from functools import cached_property
from urllib.parse import unquote

Fields = Sequence[tuple[bytes, bytes]]


class Request:
    """One request. `target` is the path with its query, as it came; `fields` are the header lines, as they came.

    The body is there, or still `arriving`.
    """

    def __init__(
        self,
        method: str,
        target: str,
        fields: Fields,
        body: bytes = b"",
        peer: str = "",
        arriving: AsyncIterator[bytes] | None = None,
    ) -> None:
        self.method = method
        self.target = target
        self.fields = fields
        self.body = body
        self.peer = peer
        self.arriving = arriving

    def field(self, name: bytes) -> bytes:
        """The first header field of that name (in lower case); empty when there is none."""
        for known, value in self.fields:
            if known.lower() == name:
                return value
        return b""

    @cached_property
    def headers(self) -> dict[str, str]:
        """All header fields, names in lower case; repeated ones as one list (RFC 9110, 5.3)."""
        found: dict[str, str] = {}
        for known, value in self.fields:
            name, text = known.decode("latin-1").lower(), value.decode("latin-1")
            between = "; " if name == "cookie" else ", "
            found[name] = found[name] + between + text if name in found else text
        return found

    @property
    def path(self) -> str:
        """Decoded once; a second decoding is nobody's business."""
        path = self.target.partition("?")[0]
        return unquote(path) if "%" in path else path

    @property
    def query(self) -> dict[str, str]:
        """The last value of each parameter."""
        found: dict[str, str] = {}
        for pair in self.target.partition("?")[2].split("&"):
            name, _, value = pair.partition("=")
            found[name] = unquote(value) if "%" in value else value
        return found
