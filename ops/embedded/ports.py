"""Which ports are free?"""

import random
import socket
from typing import Final

_STABLE: Final = range(20_000, 32_000)
"""Below the ports that systems give to outgoing connections: one of ours is still free when its process restarts."""


def is_free(host: str, port: int) -> bool:
    """Whether nobody listens there now. Raises OSError when `host` is no address of this machine."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen(1)
        except PermissionError:
            raise
        except OSError as error:
            if "assign" in (error.strerror or ""):
                raise
            return False
        return True


def first_free(port: int) -> int:
    """`port` on loopback, or the next free one."""
    while not is_free("127.0.0.1", port):
        port += 1
    return port


def any_free() -> int:
    """A port of loopback that nobody uses now, nor is likely to take soon."""
    return first_free(random.choice(_STABLE))
