"""Files that somebody might send, from carelessness or malice: cut off, mislabelled, patched, fuzzed, endless, bombs."""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator
from fractions import Fraction
from typing import Final, Literal

import av
import numpy as np
from msgspec import Struct

from tests.media.files import Made, file

Fate = Literal["imported", "refused", "either"]
PATH: Final = "file:///etc/passwd"
SMALL: Final = {"size": (160, 90), "fps": 10}
MP4: Final = Made(**SMALL, container=(("movflags", "faststart"),))
MOOV_LAST: Final = Made(**SMALL)
MKV: Final = Made(**SMALL, format="matroska", audio="libopus")
WEBM: Final = Made(
    **SMALL, format="webm", video="libvpx", audio="libopus", options=(("deadline", "realtime"), ("cpu-used", "8"))
)


class Hostile(Struct, frozen=True):
    """`name` is what it is, `says` a word of what has to be told of it."""

    name: str
    data: bytes
    fate: Fate
    says: str = ""


def all_of_them() -> list[Hostile]:
    """More than fifty."""
    return [*_mislabelled(), *_cut_off(), *_fuzzed(), *_patched(), *_bombs(), *_unusual()]


# --- not what it says it is -------------------------------------------------------------------------------------------


def _mislabelled() -> Iterator[Hostile]:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("film.mp4", bytes(10 << 20))
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{PATH}\n"
    dash = f'<?xml version="1.0"?><MPD><Period><BaseURL>{PATH}</BaseURL></Period></MPD>'
    png = struct.pack(">II5B", 100_000, 100_000, 8, 2, 0, 0, 0)
    for name, data, says in (
        ("nothing", b"", "empty"),
        ("one byte", b"\x00", "zeros"),
        ("a letter", b"Dear Sir or Madam,\nplease find my film attached.\n" * 50, "plain text"),
        ("a page", b"<!doctype html><title>Not found</title>", "plain text"),
        ("a playlist of a file on the server", playlist.encode(), "playlist"),
        ("a playlist of itself", b"#EXTM3U\n" + b"#EXTINF:1,\nfilm.mp4\n" * 20_000, "playlist"),
        ("a list for concat", f"ffconcat version 1.0\nfile '{PATH}'\n".encode(), "playlist"),
        ("a DASH manifest", dash.encode(), "XML"),
        ("a session description", b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=video 9 RTP/AVP 96\r\n", "plain text"),
        ("a picture of 100,000 by 100,000", b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", png), "PNG"),
        ("a photograph", b"\xff\xd8\xff\xe0" + bytes(500), "JPEG"),
        ("an archive that is a bomb", archive.getvalue(), "ZIP"),
        ("a document", b"%PDF-1.7\n" + bytes(100), "PDF"),
        ("a program", b"\x7fELF" + bytes(500), "program"),
        ("an AVI file", b"RIFF\x00\x10\x00\x00AVI LIST" + bytes(200), "AVI"),
        ("a transport stream", (b"\x47\x40\x00\x10" + bytes(184)) * 100, "transport stream"),
        ("zeros", bytes(1 << 20), "zeros"),
        ("noise", b"\xf1" + random.Random(1).randbytes(1 << 20), "not known"),
    ):
        yield Hostile(name, data, "refused", says)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


# --- cut off ----------------------------------------------------------------------------------------------------------


def _cut_off() -> Iterator[Hostile]:
    mp4, last, mkv, webm = file(MP4), file(MOOV_LAST), file(MKV), file(WEBM)
    moov = mp4.index(b"moov")
    cluster = mkv.index(b"\x1f\x43\xb6\x75")
    yield Hostile("an MP4 cut in its first box", mp4[:10], "refused", "damaged or incomplete")
    yield Hostile("an MP4 cut behind its first box", mp4[:32], "refused", "damaged or incomplete")
    yield Hostile("an MP4 cut in its index", mp4[: moov + 400], "refused", "")
    yield Hostile("an MP4 cut before its media", mp4[: mp4.index(b"mdat") + 4], "refused", "")
    yield Hostile("an MP4 cut in its media", mp4[: (moov + len(mp4)) // 2], "imported", "could be imported")
    yield Hostile("an MP4 whose index never came", last[: last.index(b"moov") - 4], "refused", "damaged or incomplete")
    yield Hostile("an MP4 whose index is cut", last[:-300], "either")
    yield Hostile("an MKV cut in its head", mkv[:60], "refused", "")
    yield Hostile("an MKV cut before its media", mkv[:cluster], "refused", "")
    yield Hostile("an MKV cut in its media", mkv[: (cluster + len(mkv)) // 2], "imported")
    yield Hostile("a WebM cut in its media", webm[: len(webm) * 2 // 3], "imported")


# --- fuzzed -----------------------------------------------------------------------------------------------------------


def _fuzzed() -> Iterator[Hostile]:
    mp4, mkv, webm = file(MP4), file(MKV), file(WEBM)
    moov, mdat = mp4.index(b"moov"), mp4.index(b"mdat")
    for seed in range(4):
        yield Hostile(f"an MP4 with a fuzzed index, {seed}", flipped(mp4, moov + 4, mdat, 12, seed), "either")
    for seed in range(3):
        yield Hostile(f"fuzzed NAL units, {seed}", flipped(mp4, mdat + 4, len(mp4), 60, seed), "either")
    for seed in range(3):
        yield Hostile(f"a fuzzed MKV, {seed}", flipped(mkv, 40, len(mkv), 40, seed), "either")
    yield Hostile("a fuzzed WebM", flipped(webm, 40, len(webm), 40, 1), "either")


def flipped(data: bytes, first: int, last: int, count: int, seed: int) -> bytes:
    """Some bytes between two places are others."""
    dice, found = random.Random(seed), bytearray(data)
    for _ in range(count):
        found[dice.randrange(first, last)] = dice.randrange(256)
    return bytes(found)


# --- patched ----------------------------------------------------------------------------------------------------------


def _patched() -> Iterator[Hostile]:
    mp4 = file(MP4)
    most = b"\xff\xff\xff\xff"
    yield Hostile("a table of four thousand million samples", patched(mp4, b"stsz", 8, most), "either")
    yield Hostile("a table of four thousand million times", patched(mp4, b"stts", 4, most), "either")
    yield Hostile("a table of four thousand million chunks", patched(mp4, b"stco", 4, most), "either")
    yield Hostile("chunks behind the end of the file", patched(mp4, b"stco", 8, b"\x7f\xff\xff\xff"), "either")
    yield Hostile("samples of four gigabytes", patched(mp4, b"stsz", 12, most * 8), "either")
    yield Hostile("a track whose second has no ticks", patched(mp4, b"mdhd", 12, bytes(4)), "either")
    yield Hostile("a film whose second has no ticks", patched(mp4, b"mvhd", 12, bytes(4)), "either")
    yield Hostile("a film without an end", patched(mp4, b"mvhd", 16, most), "imported")
    yield Hostile("a picture that stands for a century", patched(mp4, b"stts", 12, b"\x7f\xff\xff\xff"), "either")
    yield Hostile("an edit list that begins in a century", patched(mp4, b"elst", 12, b"\x7f\xff\xff\xff"), "either")
    yield Hostile("media in a file on the server", _elsewhere(mp4), "either")
    yield Hostile("a box that is its own end", patched(mp4, b"trak", -8, b"\x00\x00\x00\x04"), "either")
    yield Hostile("five thousand tracks", _many_tracks(mp4), "either")
    yield Hostile("ten thousand boxes in each other", _nested(), "refused", "")
    yield Hostile("an EBML element of a petabyte", b"\x1a\x45\xdf\xa3\x01" + b"\xff" * 7 + bytes(200), "refused", "")


def patched(data: bytes, name: bytes, at: int, value: bytes) -> bytes:
    """Other bytes, so many behind the name of the first box that is called so."""
    place = data.index(name) + 4 + at
    return data[:place] + value + data[place + len(value) :]


def _elsewhere(mp4: bytes) -> bytes:
    """Its data reference (ISO/IEC 14496-12, 8.7.2) is not the file itself, but an address."""
    address = PATH.encode() + b"\x00"
    at = mp4.index(b"url ")
    entry = struct.pack(">I4sI", 12 + len(address), b"url ", 0) + address
    moved = mp4[: at - 4] + entry + mp4[at + 8 :]
    grown = len(entry) - 12
    for name in (b"dref", b"dinf", b"minf", b"mdia", b"trak", b"moov"):
        place = moved.index(name) - 4
        moved = (
            moved[:place] + struct.pack(">I", struct.unpack_from(">I", moved, place)[0] + grown) + moved[place + 4 :]
        )
    return moved


def _many_tracks(mp4: bytes) -> bytes:
    at = mp4.index(b"moov") - 4
    size = struct.unpack_from(">I", mp4, at)[0]
    track = mp4.index(b"trak") - 4
    one = mp4[track : track + struct.unpack_from(">I", mp4, track)[0]]
    moov = mp4[at : at + size] + one * 5_000
    return mp4[:at] + struct.pack(">I", len(moov)) + moov[4:] + mp4[at + size :]


def _nested() -> bytes:
    depth = 10_000
    boxes = b"".join(struct.pack(">I4s", 8 * (depth - n), b"moov") for n in range(depth))
    return struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0) + boxes


# --- bombs ------------------------------------------------------------------------------------------------------------


def _bombs() -> Iterator[Hostile]:
    yield Hostile("a picture of nine hundred million pixels", _png_film(30_000, 30_000), "refused", "(png)")
    yield Hostile("a film of 100,000 by 100,000", _png_film(100_000, 100_000, rows=10), "refused", "(png)")
    yield Hostile("an MP4 that says it is 65,535 wide", patched(file(MP4), b"avcC", -54, b"\xff\xff\xff\xff"), "either")
    yield Hostile("thousands of large pictures in a small file", _flat(3840, 2160, 3_000), "either")


def _png_film(width: int, height: int, rows: int = 0) -> bytes:
    """One colour, so it takes next to nothing."""
    row = bytes(1 + (width + 7) // 8)
    header = struct.pack(">II5B", width, height, 1, 0, 0, 0, 0)
    packed = zlib.compress(row * (rows or height), 1)
    picture = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")
    out = io.BytesIO()
    with av.open(out, "w", format="mov") as container:
        stream = container.add_stream("png", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "gray"
        packet = av.Packet(picture)
        packet.pts = packet.dts = 0
        packet.time_base, packet.stream, packet.is_keyframe = Fraction(1, 10), stream, True
        container.mux(packet)
    return out.getvalue()


def _flat(width: int, height: int, count: int) -> bytes:
    """A grey picture, and then over and over: nothing has changed."""
    out = io.BytesIO()
    with av.open(out, "w", format="matroska") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        luma = np.full((height * 3 // 2, width), 128, dtype=np.uint8)
        grey = av.VideoFrame.from_ndarray(luma, format="yuv420p")
        coded = [bytes(packet) for n in range(3) for packet in stream.encode(_at(grey, n))]
        for number in range(count):
            packet = av.Packet(coded[min(number, 1)])
            packet.pts = packet.dts = number
            packet.time_base, packet.stream, packet.is_keyframe = Fraction(1, 30), stream, number == 0
            container.mux(packet)
    return out.getvalue()


def _at(frame: av.VideoFrame, number: int) -> av.VideoFrame:
    frame.pts, frame.time_base = number, Fraction(1, 30)
    return frame


# --- unusual, but well ------------------------------------------------------------------------------------------------


def _unusual() -> Iterator[Hostile]:
    yield Hostile("sound alone", file(Made(video="")), "imported")
    yield Hostile("picture alone", file(Made(**SMALL, audio="")), "imported")
    yield Hostile("a WebM that is called MP4", file(WEBM), "imported")
    silent = file(Made(**SMALL, audio=""))
    measured = silent.replace(b"avc1", b"zzzz").replace(b"vide", b"meta")
    yield Hostile("a track of measurements alone", measured, "refused", "neither picture nor sound")
    yield Hostile("a time that jumps by thirty years", _jumping(), "imported", "jumps")


def _jumping() -> bytes:
    out = io.BytesIO()
    with av.open(io.BytesIO(file(MKV))) as source, av.open(out, "w", format="matroska") as container:
        given = source.streams.video[0]
        stream = container.add_stream_from_template(given)
        for number, packet in enumerate(source.demux(given)):
            if packet.pts is None:
                continue
            late = 10**12 if number >= 10 else 0
            packet.pts, packet.dts, packet.stream = packet.pts + late, (packet.dts or 0) + late, stream
            container.mux(packet)
    return out.getvalue()
