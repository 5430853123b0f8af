import socket

import pytest

from ops.embedded import ports


def test_a_port_somebody_listens_on_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not ports.is_free("127.0.0.1", port)
        assert ports.first_free(port) > port
    assert ports.is_free("127.0.0.1", port)


def test_an_address_of_another_machine_is_an_error() -> None:
    with pytest.raises(OSError, match="assign"):
        ports.is_free("203.0.113.1", 8080)


def test_our_ports_lie_below_those_of_outgoing_connections() -> None:
    assert all(20_000 <= ports.any_free() < 32_768 for _ in range(20))
