"""What a client asks, parsed."""

from collections.abc import Mapping
from urllib.parse import parse_qs, unquote

from msgspec import Struct


class Request(Struct, frozen=True):
    """Header names are in lower case; `target` is the path with its query, as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    peer: str

    @property
    def path(self) -> str:
        """Decoded once; a second decoding is nobody's business."""
        return unquote(self.target.partition("?")[0])

    @property
    def query(self) -> dict[str, str]:
        """The last value of each parameter."""
        text = self.target.partition("?")[2]
        return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()} if text else {}
