"""From which address does a request come? Not that of the proxies between, as far as they can be trusted."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Proxies = Sequence[IPv4Network | IPv6Network]
HERE: Final[Proxies] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
"""The edge, and a proxy on the same machine."""
SITE_BITS: Final = 64


def client_address(peer: str, forwarded_for: Iterable[str], trusted: Proxies) -> str:
    """The nearest hop that is not a trusted proxy; of IPv6 the site (/64), whose addresses are one customer's.

    `forwarded_for` are the fields X-Forwarded-For: each proxy appends whom it heard, so what stands left of an address
    that is not trusted may be invented.
    """
    hops = [word.strip() for field in forwarded_for for word in field.split(",")]
    found = peer
    for hop in (peer, *reversed(hops)):
        address = _address(hop)
        if address is None:
            break
        found = _site(address)
        if not any(address in network for network in (*HERE, *trusted)):
            break
    return found


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def _site(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ip_network((address, SITE_BITS), strict=False))
