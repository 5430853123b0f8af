"""Whose address is it? Nobody can invent one, and nobody's proxy is taken for its clients."""

from ipaddress import ip_network

import pytest

from gateways.http.address import client_address

PROXY = ip_network("10.0.0.0/24")


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "address"),
    [
        ("198.51.100.7", [], "198.51.100.7"),
        ("127.0.0.1", ["198.51.100.7"], "198.51.100.7"),  # the edge says so
        ("127.0.0.1", ["203.0.113.9, 198.51.100.7"], "198.51.100.7"),  # the client has invented a hop
        ("127.0.0.1", ["203.0.113.9", "198.51.100.7"], "198.51.100.7"),
        ("198.51.100.7", ["203.0.113.9"], "198.51.100.7"),  # whoever it is, it is no proxy of ours
        ("127.0.0.1", ["198.51.100.7, 10.0.0.5"], "198.51.100.7"),  # a configured proxy before the edge
        ("127.0.0.1", ["198.51.100.7, 127.0.0.1"], "198.51.100.7"),  # one on the same machine
        ("127.0.0.1", ["10.0.0.5, 127.0.0.1"], "10.0.0.5"),  # the proxy's own requests
        ("127.0.0.1", ["<script>, 10.0.0.5"], "10.0.0.5"),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("", [], ""),
        ("::1", ["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.7", [], "198.51.100.7"),
        ("fe80::1%eth0", [], "fe80::/64"),
    ],
)
def test_the_nearest_hop_that_is_not_trusted(peer: str, forwarded_for: list[str], address: str) -> None:
    assert client_address(peer, forwarded_for, (PROXY,)) == address
