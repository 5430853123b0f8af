"""Which ports are free?"""

import socket


def is_free(host: str, port: int) -> bool:
    """Whether nobody listens there now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def first_free(port: int) -> int:
    """`port` on loopback, or the next free one."""
    while not is_free("127.0.0.1", port):
        port += 1
    return port


def any_free() -> int:
    """A port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
