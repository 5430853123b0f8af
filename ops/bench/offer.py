"""What does a browser-like WHIP client offer, and what does the answer say? SDP as text, only what is needed."""

import re
import secrets
from typing import Final, NamedTuple

from aiortc.rtcicetransport import RTCIceCandidate
from aiortc.sdp import candidate_from_sdp, candidate_to_sdp

AUDIO_PT: Final = 111
VIDEO_PT: Final = 102
_TRANSPORT_CC: Final = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
_TRANSPORT_CC_ID: Final = 3


class Local(NamedTuple):
    """What this side has to say about itself."""

    ufrag: str
    password: str
    fingerprint: str
    candidates: list[RTCIceCandidate]
    audio_ssrc: int
    video_ssrc: int


class Answer(NamedTuple):
    """What the other side chose."""

    ufrag: str
    password: str
    fingerprint: str
    algorithm: str
    active: bool  # it opens the DTLS handshake
    candidates: list[RTCIceCandidate]
    transport_cc: int  # id of the header extension; 0 when it was not taken


def write(local: Local) -> str:
    """A sendonly offer of one Opus and one H.264 track, in Chromium's form."""
    transport = [
        "c=IN IP4 0.0.0.0",
        "a=rtcp:9 IN IP4 0.0.0.0",
        f"a=ice-ufrag:{local.ufrag}",
        f"a=ice-pwd:{local.password}",
        f"a=fingerprint:sha-256 {local.fingerprint}",
        "a=setup:actpass",
        f"a=extmap:{_TRANSPORT_CC_ID} {_TRANSPORT_CC}",
        "a=sendonly",
        "a=rtcp-mux",
        "a=rtcp-rsize",
    ]
    candidates = [f"a=candidate:{candidate_to_sdp(candidate)}" for candidate in local.candidates]
    lines = [
        "v=0",
        f"o=- {secrets.randbits(62)} 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0 1",
        "a=msid-semantic: WMS loom",
        f"m=audio 9 UDP/TLS/RTP/SAVPF {AUDIO_PT}",
        *transport,
        *candidates,
        "a=end-of-candidates",
        "a=mid:0",
        "a=msid:loom sound",
        f"a=rtpmap:{AUDIO_PT} opus/48000/2",
        f"a=rtcp-fb:{AUDIO_PT} transport-cc",
        f"a=fmtp:{AUDIO_PT} minptime=10;useinbandfec=1",
        f"a=ssrc:{local.audio_ssrc} cname:loom",
        f"m=video 9 UDP/TLS/RTP/SAVPF {VIDEO_PT}",
        *transport,
        "a=mid:1",
        "a=msid:loom picture",
        f"a=rtpmap:{VIDEO_PT} H264/90000",
        *(f"a=rtcp-fb:{VIDEO_PT} {kind}" for kind in ("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli")),
        f"a=fmtp:{VIDEO_PT} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
        f"a=ssrc:{local.video_ssrc} cname:loom",
    ]
    return "\r\n".join(lines) + "\r\n"


def read(sdp: str) -> Answer:
    """Read an answer. Raises ValueError when something this client needs is missing."""
    found = re.search(r"a=fingerprint:(\S+) (\S+)", sdp)
    if found is None:
        raise ValueError("The answer carries no fingerprint.")
    extension = re.search(r"a=extmap:(\d+)(?:/\w+)? " + re.escape(_TRANSPORT_CC), sdp)
    return Answer(
        ufrag=_value(sdp, "ice-ufrag"),
        password=_value(sdp, "ice-pwd"),
        fingerprint=found[2],
        algorithm=found[1],
        active=_value(sdp, "setup") == "active",
        candidates=[candidate_from_sdp(line) for line in dict.fromkeys(re.findall(r"a=candidate:(.+?)\r?\n", sdp))],
        transport_cc=int(extension[1]) if extension else 0,
    )


def _value(sdp: str, name: str) -> str:
    found = re.search(rf"a={name}:(\S+)", sdp)
    if found is None:
        raise ValueError(f"The answer carries no {name}.")
    return found[1]
