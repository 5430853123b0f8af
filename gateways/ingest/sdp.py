"""What does a WHIP client offer, and what is it answered? One picture, one Opus, one transport (RFC 9725, 4.4).

H.264 is stored as it comes. Who has none sends VP8, VP9 or AV1, the one that costs least to decode: a worker makes
H.264 of it.

Candidates in the offer are passed over: the client's checks teach us its address within a round trip, while resolving
mDNS names would take a second.
"""

import re
import secrets
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

TRANSPORT_CC: Final = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
MID: Final = "urn:ietf:params:rtp-hdrext:sdes:mid"
START_KBIT_S: Final = 2500
AUDIO_BITS_PER_S: Final = 128_000
LONGEST_LINE: Final = 4096
FALLBACKS: Final = (("VP8", False), ("VP9", True), ("AV1", True))
"""In the order of what decoding costs; whether they have profiles."""
VIDEO_CODECS: Final = "H.264 (packetization-mode=1), VP8, VP9 or AV1"
CHANNELS: Final = 2  # what the answer asks for


class Unusable(Exception):
    """The offer is SDP, but nothing can come of it (422, RFC 9725, 4.2)."""


class Malformed(Exception):
    """This is not an SDP offer (400)."""


class OfferedMedia(Struct, frozen=True):
    """One m-section that is taken; `retransmission` is 0 without RTX."""

    mid: str
    kind: str
    codec: str  # "H264", "VP8", "VP9", "AV1" or "opus"
    payload_type: int
    retransmission: int
    format: str  # the fmtp of the codec, as offered
    channels: int
    transport_cc: int
    mid_extension: int


class Offer(Struct, frozen=True):
    """What is needed of an offer; `sections` has every m-section in order, None where it is refused."""

    ufrag: str
    password: str
    fingerprint: tuple[str, str]
    setup: str
    sections: tuple[tuple[str, str, OfferedMedia | None], ...]  # kind, mid, taken

    @property
    def video(self) -> OfferedMedia | None:
        """The picture."""
        return next((taken for _, _, taken in self.sections if taken and taken.kind == "video"), None)

    @property
    def audio(self) -> OfferedMedia | None:
        """The sound."""
        return next((taken for _, _, taken in self.sections if taken and taken.kind == "audio"), None)


class Local(Struct, frozen=True):
    """What this side says of itself; candidates as SDP writes them."""

    ufrag: str
    password: str
    fingerprint: str
    candidates: Sequence[str]


def read(text: str) -> Offer:
    """Raises Malformed or Unusable, with a sentence."""
    if not text.startswith("v=0"):
        raise Malformed("The body is not SDP: it must begin with v=0.")
    lines = text.splitlines()
    if any(len(line) > LONGEST_LINE for line in lines):
        raise Malformed(f"The SDP has a line of more than {LONGEST_LINE} characters.")
    session, *media = _sections(lines)
    kinds = [section[0][2:].split(" ")[0] for section in media]
    for kind in ("audio", "video"):
        if kinds.count(kind) > 1:
            raise Unusable(
                f"The offer has {kinds.count(kind)} {kind} tracks; a WHIP session has one (RFC 9725, 4.4.2)."
            )
    sections = tuple(
        _media(section, kind, number) for number, (section, kind) in enumerate(zip(media, kinds, strict=True))
    )
    if not any(taken for _, _, taken in sections):
        raise Unusable(f"The offer has neither {VIDEO_CODECS} video nor Opus audio.")
    refused = [kind for kind, _, taken in sections if kind == "video" and taken is None]
    if refused:
        raise Unusable(f"The offered video is none of {VIDEO_CODECS}.")
    everywhere = [*session, *(line for section in media for line in section)]
    fingerprint = _value(everywhere, "fingerprint").split(" ")
    if len(fingerprint) != 2:  # noqa: PLR2004
        raise Malformed("The offer carries no certificate fingerprint.")
    return Offer(
        ufrag=_value(everywhere, "ice-ufrag"),
        password=_value(everywhere, "ice-pwd"),
        fingerprint=(fingerprint[0].lower(), fingerprint[1]),
        setup=_value(everywhere, "setup"),
        sections=sections,
    )


def write(offer: Offer, local: Local) -> str:
    """The answer: recvonly, bundled, candidates complete."""
    taken = [found for _, _, found in offer.sections if found]
    lines = [
        "v=0",
        f"o=- {secrets.randbits(62)} 1 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE " + " ".join(found.mid for found in taken),
        "a=msid-semantic:WMS *",
    ]
    for kind, mid, found in offer.sections:
        lines += _answered(found, offer, local, first=found is taken[0]) if found else _refused(kind, mid)
    return "\r\n".join(lines) + "\r\n"


def _answered(found: OfferedMedia, offer: Offer, local: Local, *, first: bool) -> list[str]:
    types = [found.payload_type, *([found.retransmission] if found.retransmission else [])]
    lines = [
        f"m={found.kind} 9 UDP/TLS/RTP/SAVPF {' '.join(map(str, types))}",
        "c=IN IP4 0.0.0.0",
        "a=recvonly",
        f"a=mid:{found.mid}",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        f"a=ice-ufrag:{local.ufrag}",
        f"a=ice-pwd:{local.password}",
        f"a=fingerprint:sha-256 {local.fingerprint}",
        f"a=setup:{'active' if offer.setup in ('actpass', 'passive') else 'passive'}",
    ]
    if found.mid_extension:
        lines.append(f"a=extmap:{found.mid_extension} {MID}")
    if found.transport_cc:
        lines.append(f"a=extmap:{found.transport_cc} {TRANSPORT_CC}")
    lines += _video(found) if found.kind == "video" else _audio(found)
    if first:
        lines += [*(f"a=candidate:{candidate}" for candidate in local.candidates), "a=end-of-candidates"]
    return lines


def _video(found: OfferedMedia) -> list[str]:
    number = found.payload_type
    feedback = ("nack", "nack pli", "transport-cc")
    lines = [
        f"a=rtpmap:{number} {found.codec}/90000",
        f"a=fmtp:{number} {';'.join(filter(None, (found.format, f'x-google-start-bitrate={START_KBIT_S}')))}",
        *(f"a=rtcp-fb:{number} {kind}" for kind in feedback),
    ]
    if found.retransmission:
        lines += [f"a=rtpmap:{found.retransmission} rtx/90000", f"a=fmtp:{found.retransmission} apt={number}"]
    return lines


def _audio(found: OfferedMedia) -> list[str]:
    number = found.payload_type
    wanted = f"minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1;maxaveragebitrate={AUDIO_BITS_PER_S}"
    lines = [f"a=rtpmap:{number} opus/48000/2", f"a=fmtp:{number} {wanted}"]
    return [*lines, f"a=rtcp-fb:{number} transport-cc"]


def _refused(kind: str, mid: str) -> list[str]:
    protocol = "UDP/DTLS/SCTP webrtc-datachannel" if kind == "application" else "UDP/TLS/RTP/SAVPF 0"
    return [f"m={kind} 0 {protocol}", "c=IN IP4 0.0.0.0", "a=inactive", f"a=mid:{mid}"]


def _sections(lines: list[str]) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for line in lines:
        if line.startswith("m="):
            found.append([])
        found[-1].append(line)
    if len(found) == 1:
        raise Malformed("The SDP has no media section.")
    return found


def _media(section: list[str], kind: str, number: int) -> tuple[str, str, OfferedMedia | None]:
    mid = _optional(section, "mid") or str(number)
    maps = {
        int(n): name for line in section if (m := re.match(r"a=rtpmap:(\d+) (\S+)", line)) for n, name in [m.groups()]
    }
    formats = {
        int(n): text for line in section if (m := re.match(r"a=fmtp:(\d+) (.+)", line)) for n, text in [m.groups()]
    }
    codec, chosen = _picture(maps, formats) if kind == "video" else ("opus", _opus(maps) if kind == "audio" else None)
    if chosen is None or "a=inactive" in section or "a=recvonly" in section:
        return kind, mid, None
    rtx = next(
        (n for n, name in maps.items() if name.lower().startswith("rtx/") and formats.get(n) == f"apt={chosen}"), 0
    )
    extensions = {
        uri: int(n)
        for line in section
        if (m := re.match(r"a=extmap:(\d+)(?:/\w+)? (\S+)", line))
        for n, uri in [m.groups()]
    }
    return (
        kind,
        mid,
        OfferedMedia(
            mid,
            kind,
            codec,
            chosen,
            rtx,
            formats.get(chosen, ""),
            CHANNELS,
            extensions.get(TRANSPORT_CC, 0),
            extensions.get(MID, 0),
        ),
    )


def _picture(maps: dict[int, str], formats: dict[int, str]) -> tuple[str, int | None]:
    """The codec that is taken, and its payload type; of VP9 and AV1 the profile of 8 bits and 4:2:0."""
    if (found := _h264(maps, formats)) is not None:
        return "H264", found
    for codec, profile in FALLBACKS:
        for number, name in maps.items():
            said = re.search(r"profile(?:-id)?=(\d+)", formats.get(number, ""))
            if name.upper() == f"{codec}/90000" and (not profile or said is None or said[1] == "0"):
                return codec, number
    return "", None


def _h264(maps: dict[int, str], formats: dict[int, str]) -> int | None:
    """Constrained baseline before others: every player decodes it."""
    found = [
        number
        for number, name in maps.items()
        if name.upper() == "H264/90000" and "packetization-mode=1" in formats.get(number, "")
    ]
    return min(found, key=lambda n: "profile-level-id=42e0" not in formats[n].lower(), default=None)


def _opus(maps: dict[int, str]) -> int | None:
    return next((number for number, name in maps.items() if name.lower() == "opus/48000/2"), None)


def _value(lines: list[str], name: str) -> str:
    found = _optional(lines, name)
    if not found:
        raise Malformed(f"The offer carries no a={name}.")
    return found


def _optional(lines: list[str], name: str) -> str:
    prefix = f"a={name}:"
    return next((line.removeprefix(prefix).strip() for line in lines if line.startswith(prefix)), "")
