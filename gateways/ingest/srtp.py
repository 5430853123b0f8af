"""How is SRTP undone? Where the packet lies: pylibsrtp's own way is to copy it in and out, at twice the cost.

Private names of pylibsrtp that are relied on: `_binding.ffi`, `_binding.lib` and `Session._srtp`;
tests/gateways/ingest/test_srtp.py checks that they are there, and that what comes out is what its own way gives.
"""

from typing import Any

import pylibsrtp
from pylibsrtp._binding import ffi, lib

from gateways.ingest.tray import PLACE_BYTES, PLACES, Datagram, Tray


class Opener:
    """Decrypts RTP packets that lie in `tray`; one for all sessions."""

    def __init__(self, tray: Tray) -> None:
        memory = ffi.from_buffer("char[]", tray.memory)
        self._memory: Any = ffi.buffer(memory)
        self._places = [memory + place * PLACE_BYTES for place in range(PLACES)]
        self._size = ffi.new("int *")

    def opened(self, session: pylibsrtp.Session, datagrams: list[Datagram]) -> list[tuple[bytes, float]]:
        """The packets and when they came, but for replays and a stranger's."""
        srtp, memory, size = session._srtp[0], self._memory, self._size  # noqa: SLF001
        unprotect, places = lib.srtp_unprotect, self._places
        packets = []
        for place, size[0], arrived in datagrams:
            if unprotect(srtp, places[place], size) == 0:
                start = place * PLACE_BYTES
                packets.append((memory[start : start + size[0]], arrived))
        return packets
