"""Offers are read, answers are what RFC 9725 and browsers want."""

import re

import pytest

from gateways.ingest import sdp
from gateways.ingest.sdp import Local, Malformed, Unusable
from ops.bench import offer as client

CANDIDATE = "1 1 udp 2130706431 127.0.0.1 50000 typ host"
LOCAL = Local("here", "p" * 24, "AA:BB", [CANDIDATE])


def offered() -> str:
    """As Chromium offers it: VP8 before two kinds of H.264, RTX, and a candidate that only its own network knows."""
    text = client.write(client.Local("abcd", "q" * 24, ":".join(["AB"] * 32), [], 1, 2))
    video = text.index("m=video")
    more = [
        "a=rtpmap:96 VP8/90000",
        "a=rtpmap:104 H264/90000",
        "a=fmtp:104 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f",
        "a=rtpmap:103 rtx/90000",
        f"a=fmtp:103 apt={client.VIDEO_PT}",
        "a=candidate:1 1 udp 2113937151 4b1e4d5e.local 5000 typ host",
    ]
    changed = text[video:].replace(f"SAVPF {client.VIDEO_PT}", f"SAVPF 96 104 {client.VIDEO_PT} 103")
    return text[:video] + changed + "\r\n".join(more) + "\r\n"


def without_h264(codec: str, profile: str = "", second: str = "") -> str:
    """As a browser without it offers."""
    more = f"a=fmtp:96 {profile}\r\n" if profile else ""
    more += f"a=rtpmap:97 {second}\r\n" if second else ""
    return offered().replace("H264", "H265").replace("a=rtpmap:96 VP8/90000\r\n", f"a=rtpmap:96 {codec}\r\n{more}")


def test_one_h264_with_its_retransmission_and_one_opus_are_taken() -> None:
    found = sdp.read(offered())
    assert found.video
    assert found.audio
    assert (found.video.payload_type, found.video.retransmission) == (client.VIDEO_PT, 103)
    assert found.audio.payload_type == client.AUDIO_PT
    assert (found.ufrag, found.setup) == ("abcd", "actpass")


def test_the_answer_takes_what_was_chosen_and_nothing_else() -> None:
    text = sdp.write(sdp.read(offered()), LOCAL)
    assert f"m=video 9 UDP/TLS/RTP/SAVPF {client.VIDEO_PT} 103\r\n" in text
    assert "VP8" not in text
    assert ".local" not in text
    assert text.count("a=recvonly") == 2
    assert text.count("a=setup:active") == 2
    assert "a=group:BUNDLE 0 1" in text
    assert f"a=candidate:{CANDIDATE}" in text
    assert re.search(rf"a=fmtp:{client.AUDIO_PT} .*useinbandfec=1;stereo=1", text)
    assert f"a=rtcp-fb:{client.VIDEO_PT} transport-cc" in text
    assert "x-google-start-bitrate=" in text
    assert client.read(text).transport_cc == 3


def test_a_data_channel_is_refused_and_the_rest_taken() -> None:
    text = offered() + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n"
    answer = sdp.write(sdp.read(text), LOCAL)
    assert "m=application 0 " in answer
    assert "a=group:BUNDLE 0 1\r\n" in answer


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (without_h264("VP8/90000"), "VP8"),
        (without_h264("VP9/90000", "profile-id=0"), "VP9"),
        (without_h264("VP9/90000", "profile-id=0", "VP8/90000"), "VP8"),
        (without_h264("AV1/90000", "level-idx=5;profile=0;tier=0"), "AV1"),
        (without_h264("AV1/90000", "level-idx=5;profile=0;tier=0", "VP9/90000"), "VP9"),
    ],
)
def test_without_h264_the_one_that_costs_least_to_decode_is_taken(text: str, codec: str) -> None:
    found = sdp.read(text)
    assert found.video
    assert found.video.codec == codec
    number = found.video.payload_type
    answer = sdp.write(found, LOCAL)
    assert f"m=video 9 UDP/TLS/RTP/SAVPF {number}\r\n" in answer
    assert f"a=rtpmap:{number} {codec}/90000\r\n" in answer
    assert f"a=rtcp-fb:{number} nack pli" in answer
    assert re.search(rf"a=fmtp:{number} (\S+;)?x-google-start-bitrate=", answer)


@pytest.mark.parametrize(
    ("text", "error", "word"),
    [
        ("hello", Malformed, "v=0"),
        ("v=0\r\ns=-\r\n", Malformed, "no media"),
        ("v=0\r\na=x:" + "y" * 5000, Malformed, "line"),
        (offered().replace("a=ice-ufrag", "a=nothing"), Malformed, "ice-ufrag"),
        (offered().replace("a=fingerprint", "a=nothing"), Malformed, "fingerprint"),
        (offered().replace("H264", "H265").replace("VP8", "H265"), Unusable, "H.264"),
        (offered().replace("mode=1", "mode=0").replace("VP8", "H265"), Unusable, "packetization-mode"),
        (without_h264("VP9/90000", "profile-id=2"), Unusable, "VP9"),
        (offered() + "m=video" + offered().partition("m=video")[2], Unusable, "2 video"),
    ],
)
def test_an_offer_nothing_can_come_of_is_refused_with_a_sentence(text: str, error: type[Exception], word: str) -> None:
    with pytest.raises(error, match=word):
        sdp.read(text)
