"""Packets of somebody else: FFmpeg's encoders and its RTP muxer, caught on a socket."""

import socket
from fractions import Fraction
from typing import Final, NamedTuple

import av
import numpy as np

from media.rtp import packet as rtp
from media.rtp.packet import RtpPacket

FRAMES: Final = 12
KEY_AT: Final = (0, 6)
_ENCODERS: Final = {
    "VP8": ("libvpx", {"deadline": "realtime", "cpu-used": "8", "auto-alt-ref": "0", "lag-in-frames": "0"}),
    "VP9": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}),
    "AV1": ("libsvtav1", {"preset": "11", "svtav1-params": "pred-struct=1:rc=2"}),
}
_DECODERS: Final = {"VP8": "vp8", "VP9": "vp9", "AV1": "libdav1d"}


class Sent(NamedTuple):
    """What was encoded, and the packets it went out in."""

    frames: list[bytes]
    packets: list[RtpPacket]


def encoded(codec: str, size: tuple[int, int] = (320, 180), frames: int = FRAMES) -> list[bytes]:
    """A picture in which everything moves, with key frames at `KEY_AT`."""
    name, options = _ENCODERS[codec]
    context = av.CodecContext.create(name, "w")
    context.width, context.height, context.pix_fmt = *size, "yuv420p"
    context.time_base, context.framerate = Fraction(1, 30), Fraction(30)
    context.bit_rate, context.gop_size, context.options = 1_000_000, KEY_AT[1], options
    noise = np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3), np.uint8)
    found = []
    for number in range(frames):
        frame = av.VideoFrame.from_ndarray(np.roll(noise, number * 7, axis=1), format="rgb24").reformat(
            format="yuv420p"
        )
        frame.pts = number
        found += [bytes(packet) for packet in context.encode(frame)]
    return found + [bytes(packet) for packet in context.encode(None)]


def sent(codec: str) -> Sent:
    """Through libavformat."""
    name, _ = _ENCODERS[codec]
    frames = encoded(codec)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        receiver.settimeout(0.5)
        address = f"rtp://127.0.0.1:{receiver.getsockname()[1]}?pkt_size=1200"
        with av.open(address, "w", format="rtp", options={"strict": "experimental"}) as container:
            stream = container.add_stream(name, rate=30)
            stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
            for number, data in enumerate(frames):
                packet = av.Packet(data)
                packet.stream, packet.pts, packet.dts, packet.time_base = stream, number, number, Fraction(1, 30)
                container.mux(packet)
            datagrams = _all(receiver)
    packets = [rtp.parse(datagram) for datagram in datagrams if not 192 <= datagram[1] <= 223]
    return Sent(frames, packets)


def shown(codec: str, frames: list[bytes]) -> int:
    """How many pictures a decoder makes of them."""
    decoder = av.CodecContext.create(_DECODERS[codec], "r")
    pictures = [picture for data in frames for picture in decoder.decode(av.Packet(data))]
    return len(pictures) + len(decoder.decode(None))


def _all(receiver: socket.socket) -> list[bytes]:
    found: list[bytes] = []
    while True:
        try:
            found.append(receiver.recv(4096))
        except TimeoutError:
            return found
