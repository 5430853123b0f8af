"""The one module that touches aiortc, for ICE, DTLS and keys; RTP and RTCP go past it.

aiortc's own receivers hold 512 packets, ignore the marker bit, ask once for what is lost and decode. So there is no
RTCPeerConnection here: its public parts, gatherer, ICE and DTLS transport, are put together as ORTC does, on sockets of
our own, and a packet costs one SRTP call. Private names that are relied on: `RTCIceTransport._connection`
(`get_component_candidates`, `_nominated`, `_protocols`), `RTCDtlsTransport._rx_srtp`, `_tx_srtp` and `_set_role`;
tests/gateways/ingest/test_peer.py checks that they are there. `srtp.py` has those of pylibsrtp.
"""

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final

import pylibsrtp
from aioice.candidate import Candidate, candidate_foundation, candidate_priority
from aioice.ice import StunProtocol, get_host_addresses
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from aiortc.rtcicetransport import RTCIceGatherer, RTCIceParameters, RTCIceTransport
from aiortc.sdp import candidate_to_sdp

from gateways.ingest.pulse import DatagramsProtocol, Pulse
from gateways.ingest.srtp import Opener
from gateways.ingest.tray import LONGEST_DATAGRAM, PLACE_BYTES, Datagram, Tray
from gateways.ingest.unreachable import Unreachable

SHORTEST: Final = 12  # an RTP header
CONNECT_S: Final = 15.0

OnRtp = Callable[[list[tuple[bytes, float]]], None]
OnRtcp = Callable[[bytes, float], None]


class Network:
    """Which addresses, ports and sockets media uses; one per process. `udp_ports` is a range, both ends included."""

    def __init__(self, udp_ports: tuple[int, int] | None, public_ip: str | None) -> None:
        self.udp_ports = udp_ports
        self.public_ip = public_ip
        self.certificate = RTCCertificate.generateCertificate()
        self.pulse = Pulse()
        self.opener = Opener(self.pulse.tray)

    @property
    def fingerprint(self) -> str:
        """Of our certificate, SHA-256."""
        return next(f.value for f in self.certificate.getFingerprints() if f.algorithm == "sha-256")

    def addresses(self) -> list[str]:
        """Loopback too, which aioice leaves out: Loom on one's own machine is a first-class use."""
        found = [address for address in get_host_addresses(use_ipv4=True, use_ipv6=True) if address != "127.0.0.1"]
        return [*found, "127.0.0.1"]

    def ports(self) -> Iterator[int]:
        """Ports to try, in a random order; 0 is any."""
        if self.udp_ports is None:
            return iter((0,))
        first, last = self.udp_ports
        return iter(random.sample(range(first, last + 1), last - first + 1))


class Peer:
    """One connection to a client. `on_rtp` and `on_rtcp` are called with decrypted packets and when they came."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._gatherer = RTCIceGatherer(iceServers=[])
        self._ice = RTCIceTransport(self._gatherer)
        self._dtls = RTCDtlsTransport(self._ice, [network.certificate])
        self._connection: Any = self._ice._connection  # noqa: SLF001
        self._connection.get_component_candidates = self._bind  # type: ignore[method-assign, unused-ignore]
        self._on_rtp: OnRtp | None = None
        self._on_rtcp: OnRtcp | None = None
        self._rx: Any = None
        self._tx: Any = None
        self.closed = asyncio.Event()

    async def gather(self) -> tuple[str, str, list[str]]:
        """User fragment, password, and candidates as SDP writes them. Raises Unreachable when no port is free."""
        await self._gatherer.gather()
        parameters = self._gatherer.getLocalParameters()
        candidates = self._gatherer.getLocalCandidates()
        if not candidates:
            raise Unreachable(f"No UDP port is free in {self._network.udp_ports}; widen LOOM_UDP_PORTS.")
        written = [candidate_to_sdp(candidate) for candidate in candidates]
        if self._network.public_ip:
            for candidate in candidates:
                if candidate.ip != "127.0.0.1" and ":" not in candidate.ip:
                    candidate.ip = self._network.public_ip
                    candidate.foundation = "public"
                    written.append(candidate_to_sdp(candidate))
                    break
        return parameters.usernameFragment or "", parameters.password or "", written

    @property
    def ports(self) -> list[int]:
        """The UDP ports this peer listens on."""
        return sorted({candidate.port for candidate in self._gatherer.getLocalCandidates()})

    async def connect(
        self,
        ufrag: str,
        password: str,
        fingerprint: tuple[str, str],
        *,
        active: bool,
        on_rtp: OnRtp,
        on_rtcp: OnRtcp,
    ) -> None:
        """ICE, then DTLS; then packets come. Raises Unreachable, naming the ports."""
        self._on_rtp, self._on_rtcp = on_rtp, on_rtcp
        self._dtls._set_role("client" if active else "server")  # noqa: SLF001
        try:
            async with asyncio.timeout(CONNECT_S):
                await self._ice.start(RTCIceParameters(ufrag, password))
                if self._ice.state not in ("completed", "connected"):
                    raise Unreachable(self._why_not())
                await self._dtls.start(RTCDtlsParameters([RTCDtlsFingerprint(*fingerprint)]))
        except TimeoutError:
            raise Unreachable(self._why_not()) from None
        if self._dtls.state != "connected":
            raise Unreachable(f"The DTLS handshake failed ({self._dtls.state}).")
        self._dtls.on("statechange", self._state_changed)
        self._rx, self._tx = self._dtls._rx_srtp, self._dtls._tx_srtp  # noqa: SLF001

    def send_rtcp(self, packet: bytes) -> None:
        """Encrypt and send; a full socket loses it, as any network may."""
        pair = self._connection._nominated.get(1)  # noqa: SLF001
        if pair is None or self._tx is None or pair.protocol.transport.is_closing():
            return
        with suppress(pylibsrtp.Error, OSError):
            pair.protocol.transport.sendto(self._tx.protect_rtcp(packet), pair.remote_addr)

    async def close(self) -> None:
        """Say goodbye and free the ports."""
        self._on_rtp = self._on_rtcp = None
        self._rx = None
        with suppress(ConnectionError):
            await self._dtls.stop()
        await self._ice.stop()
        self.closed.set()

    def received(self, rtp: list[Datagram], rtcp: list[tuple[bytes, float]]) -> None:
        """Encrypted packets; before there are keys they are nobody's."""
        if self._rx is None or self._on_rtp is None or self._on_rtcp is None:
            return
        for data, arrived in rtcp:
            with suppress(pylibsrtp.Error):  # a replay, or a stranger
                self._on_rtcp(self._rx.unprotect_rtcp(data), arrived)
        self._on_rtp(self._network.opener.opened(self._rx, rtp))

    def _state_changed(self) -> None:
        if self._dtls.state in ("closed", "failed"):
            self.closed.set()

    def _why_not(self) -> str:
        return f"ICE did not connect: no packet came through on UDP port {', '.join(map(str, self.ports))}."

    async def _bind(self, component: int, addresses: list[str], timeout: int = 5) -> list[Candidate]:  # noqa: ARG002, ASYNC109
        """In the place of aioice's own: every address, one port of ours, a large buffer; no STUN, no TURN."""
        found = []
        for address in self._network.addresses():
            protocol = self._endpoint(address)
            if protocol is None:
                continue
            host, port = protocol.transport.get_extra_info("sockname")[:2]
            priority = candidate_priority(component, "host")
            foundation = candidate_foundation("host", "udp", host)
            protocol.local_candidate = Candidate(foundation, component, "udp", priority, host, port, "host")
            self._connection._protocols.append(protocol)  # noqa: SLF001
            found.append(protocol.local_candidate)
        return found

    def _endpoint(self, address: str) -> "_Datagrams | None":
        protocol = _Datagrams(self, self._connection)
        for port in self._network.ports():
            with suppress(OSError):
                self._network.pulse.open(address, port, protocol)
                return protocol
        return None


class _Datagrams(StunProtocol, DatagramsProtocol):
    """Our socket: RTP and RTCP (128 to 191, RFC 7983) go to the peer at once, the rest to ICE and DTLS.

    aioice would try to read every packet as STUN first, which costs more than all that follows.
    """

    def __init__(self, peer: Peer, connection: Any) -> None:
        super().__init__(connection)
        self._peer = peer

    def datagrams_received(self, datagrams: list[Datagram], tray: Tray) -> None:
        """Whatever came."""
        memory = tray.memory
        rtp: list[Datagram] = []
        rtcp: list[tuple[bytes, float]] = []
        for datagram in datagrams:
            place, size, arrived = datagram
            if not 0 < size <= LONGEST_DATAGRAM:
                continue
            first, second = memory[place * PLACE_BYTES], memory[place * PLACE_BYTES + 1]
            if size < SHORTEST or not 127 < first < 192:  # noqa: PLR2004
                self.datagram_received(tray.data(datagram), tray.address(place))
            elif 192 <= second <= 223:  # noqa: PLR2004  RFC 5761, 4
                rtcp.append((tray.data(datagram), arrived))
            else:
                rtp.append(datagram)
        if rtp or rtcp:
            self._peer.received(rtp, rtcp)
