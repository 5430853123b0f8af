"""How does a cheap WHIP client reach a gateway? aiortc's ICE and DTLS for keys; packets leave on the bare socket."""

import asyncio
import os
import secrets
import socket
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urljoin

import aiohttp
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from aiortc.rtcicetransport import RTCIceGatherer, RTCIceParameters, RTCIceTransport
from aiortc.rtp import RTCP_PSFB_PLI, RTCP_RTPFB_NACK, RtcpPacket, RtcpPsfbPacket, RtcpRrPacket, RtcpRtpfbPacket
from msgspec import Struct

from ops.bench import offer

CONNECT_DEADLINE_S: Final = 15
SILENT_S: Final = 3.0


class Feedback(Struct):
    """What the gateway has reported back."""

    lost: dict[int, int] = {}  # cumulative, by SSRC, from receiver reports
    reports: int = 0
    nacks: int = 0  # sequence numbers asked for
    plis: int = 0
    transport_cc: int = 0
    heard_at: float = 0.0  # loop time of the last RTCP packet: a gateway that lives speaks every second


class WhipPeer:
    """One WHIP session; `async with` opens and deletes it. `send` takes RTP packets in the clear."""

    def __init__(self, http: aiohttp.ClientSession, url: str, token: str) -> None:
        self._http, self._url, self._token = http, url, token
        self.audio_ssrc, self.video_ssrc = secrets.randbits(31), secrets.randbits(31)
        self.transport_cc = 0
        self.feedback = Feedback()
        self.session_url = ""
        self._protect: Any = None
        self._protect_rtcp: Any = None
        self._socket: socket.socket | None = None
        self._address: tuple[str, int] = ("", 0)

    async def __aenter__(self) -> Self:
        async with asyncio.timeout(CONNECT_DEADLINE_S):
            await self._connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.delete()
        finally:
            await self.vanish()

    @property
    def connected(self) -> bool:
        """False once the gateway has said goodbye, or has been silent for longer than its reports may take."""
        silent_s = asyncio.get_running_loop().time() - self.feedback.heard_at
        return self._dtls.state == "connected" and silent_s < SILENT_S

    async def delete(self) -> int:
        """End the session as RFC 9725, section 4.2 says; answers the status."""
        async with self._http.delete(self.session_url, headers=self._authorization()) as response:
            return response.status

    async def vanish(self) -> None:
        """Go away without a word, as a machine that lost its network does."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        await self._ice.stop()
        await self._dtls.stop()

    def send(self, packet: bytes) -> None:
        """Encrypt and send one RTP packet; what the kernel has no room for is lost, as on any network."""
        if self._socket is not None:
            self._socket.sendto(self._protect(packet), self._address)

    def send_rtcp(self, packet: bytes) -> None:
        """Encrypt and send one RTCP packet."""
        if self._socket is not None:
            self._socket.sendto(self._protect_rtcp(packet), self._address)

    async def _connect(self) -> None:
        certificate = RTCCertificate.generateCertificate()
        gatherer = RTCIceGatherer(iceServers=[])
        self._ice = RTCIceTransport(gatherer)
        self._ice._connection.ice_controlling = True  # noqa: SLF001
        self._dtls = RTCDtlsTransport(self._ice, [certificate])
        await gatherer.gather()
        answer = offer.read(await self._exchange(gatherer, certificate))
        self.transport_cc = answer.transport_cc
        for candidate in answer.candidates:
            candidate.component = 1
            await self._ice.addRemoteCandidate(candidate)
        await self._ice.addRemoteCandidate(None)
        await self._ice.start(RTCIceParameters(answer.ufrag, answer.password))
        self._dtls._set_role("server" if answer.active else "client")  # noqa: SLF001
        await self._dtls.start(RTCDtlsParameters([RTCDtlsFingerprint(answer.algorithm, answer.fingerprint)]))
        if self._dtls.state != "connected":
            raise ConnectionError(f"ICE is {self._ice.state}, DTLS is {self._dtls.state}.")
        self._take_over()

    async def _exchange(self, gatherer: RTCIceGatherer, certificate: RTCCertificate) -> str:
        parameters = gatherer.getLocalParameters()
        local = offer.Local(
            ufrag=parameters.usernameFragment or "",
            password=parameters.password or "",
            fingerprint=next(f.value for f in certificate.getFingerprints() if f.algorithm == "sha-256"),
            candidates=gatherer.getLocalCandidates(),
            audio_ssrc=self.audio_ssrc,
            video_ssrc=self.video_ssrc,
        )
        headers = {"Content-Type": "application/sdp", **self._authorization()}
        async with self._http.post(self._url, data=offer.write(local), headers=headers) as response:
            text = await response.text()
            if response.status != 201:  # noqa: PLR2004
                raise ConnectionRefusedError(f"{response.status}: {text[:300]}")
            self.session_url = urljoin(self._url, response.headers["Location"])
            return text

    def _take_over(self) -> None:
        """From here on packets bypass aiortc: its own sending path costs ten times as much."""
        connection = self._ice._connection  # noqa: SLF001
        pair = connection._nominated[1]  # noqa: SLF001
        descriptor = pair.protocol.transport.get_extra_info("socket").fileno()
        self._socket = socket.socket(fileno=os.dup(descriptor))
        self._address = pair.remote_addr
        tx: Any = self._dtls._tx_srtp  # noqa: SLF001
        self._protect, self._protect_rtcp = tx.protect, tx.protect_rtcp
        self.feedback.heard_at = asyncio.get_running_loop().time()
        self._dtls._handle_rtcp_data = self._take_rtcp  # type: ignore[method-assign]  # noqa: SLF001

    async def _take_rtcp(self, data: bytes) -> None:
        seen = self.feedback
        seen.heard_at = asyncio.get_running_loop().time()
        for packet in RtcpPacket.parse(data):
            match packet:
                case RtcpRrPacket(reports=reports):
                    seen.reports += 1
                    seen.lost.update({report.ssrc: report.packets_lost for report in reports})
                case RtcpRtpfbPacket(fmt=fmt, lost=lost):
                    seen.nacks += len(lost) if fmt == RTCP_RTPFB_NACK else 0
                    seen.transport_cc += fmt == 15  # noqa: PLR2004
                case RtcpPsfbPacket(fmt=fmt):
                    seen.plis += fmt == RTCP_PSFB_PLI

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}
