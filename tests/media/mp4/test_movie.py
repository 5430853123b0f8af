"""A head in front of stored segments makes a file that a stranger's demuxer reads: the same frames at the same times."""

import io
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import av
import pytest

from media.cmaf import fragment, init
from media.cmaf.box import boxes
from media.cmaf.fragment import Sample
from media.h264.sps import parse
from media.mp4 import description, movie, samples
from media.mp4.layout import Layout, Piece, lay_out
from media.packager import Packager
from media.samples import Init, Part
from tests.media.encoded import audio, in_order, video
from tests.media.test_packager import Run

SECONDS = 5.0
"""Two segments and a half."""


class Stored:
    """Segments as they lie in storage, by path."""

    def __init__(self, messages: Sequence[Any]) -> None:
        self.inits: dict[str, bytes] = {}
        self.segments: dict[tuple[str, int], bytes] = defaultdict(bytes)
        self._of: dict[tuple[str, int], int] = {}
        for one in messages:
            if isinstance(one, Init):
                self.inits[f"{one.rendition}/{one.headers.number}"] = one.data
            elif isinstance(one, Part):
                self.segments[one.rendition, one.headers.segment] += one.data
                self._of[one.rendition, one.headers.segment] = one.headers.init

    def row(self, rendition: str) -> list[Piece]:
        return [self._piece(*key) for key in sorted(self.segments) if key[0] == rendition]

    def _piece(self, rendition: str, number: int) -> Piece:
        data, of = self.segments[rendition, number], self._of[rendition, number]
        found = samples.read(data, number, of)
        return Piece(f"{rendition}/{number}", len(data), number, f"{rendition}/{of}", found, found.decode_time)

    def file(self, layout: Layout) -> bytes:
        head = movie.head(layout.tracks, layout.size_bytes)
        return head + b"".join(self.segments[_key(span.path)] for span in layout.spans)

    def made(self, *renditions: str) -> bytes:
        described = {name: description.read(data) for name, data in self.inits.items()}
        return self.file(lay_out([self.row(name) for name in renditions], described))

    def packets(self, rendition: str) -> list[tuple[int, bytes]]:
        """As they stand in the segments, read by our own reader: decode time, bytes."""
        found = []
        for piece in self.row(rendition):
            data, at = self.segments[_key(piece.path)], 0
            halves = list(boxes(data))
            for moof, mdat in zip(halves[::2], halves[1::2], strict=True):
                length = 16 + len(moof[1]) + len(mdat[1])
                part = fragment.read(data[at : at + length])
                clock, at = part.decode_time, at + length
                for sample in part.samples:
                    found.append((clock, sample.data))
                    clock += sample.duration
        return found


def _key(path: str) -> tuple[str, int]:
    rendition, _, number = path.partition("/")
    return rendition, int(number)


def packets(file: bytes, kind: str) -> list[tuple[int, bytes]]:
    with av.open(io.BytesIO(file)) as opened:
        stream = next(one for one in opened.streams if one.type == kind)
        return [(packet.dts, bytes(packet)) for packet in opened.demux(stream) if packet.size]


def as_they_were(found: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """On a clock of their own."""
    return [(time - found[0][0], data) for time, data in found]


@pytest.fixture(scope="module")
def stored() -> Stored:
    run = Run(Packager(video=True, audio=True)).feed(in_order(video(SECONDS), audio(SECONDS))).close(SECONDS)
    return Stored(run.out)


def test_the_file_has_the_frames_and_packets_of_the_segments(stored: Stored) -> None:
    file = stored.made("video", "audio")
    assert as_they_were(packets(file, "video")) == as_they_were(stored.packets("video"))
    assert as_they_were(packets(file, "audio")) == as_they_were(stored.packets("audio"))


def test_picture_and_sound_begin_as_far_apart_as_they_did(stored: Stored) -> None:
    with av.open(io.BytesIO(stored.made("video", "audio"))) as opened:
        starts = [stream.start_time * stream.time_base for stream in opened.streams]
    apart = Fraction(stored.packets("video")[0][0], 90_000) - Fraction(stored.packets("audio")[0][0], 48_000)
    assert float(starts[0] - starts[1]) == pytest.approx(float(apart), abs=0.001)


def test_every_frame_decodes_and_the_length_is_right(stored: Stored) -> None:
    with av.open(io.BytesIO(stored.made("video", "audio"))) as opened:
        assert sum(1 for _ in opened.decode(video=0)) == round(SECONDS * 30)
        assert opened.duration / 1e6 == pytest.approx(SECONDS, abs=0.05)


def test_a_player_that_seeks_lands_on_the_key_frame_before(stored: Stored) -> None:
    with av.open(io.BytesIO(stored.made("video", "audio"))) as opened:
        stream = opened.streams.video[0]
        opened.seek(round(2.5 / stream.time_base), stream=stream)
        packet = next(opened.demux(stream))
        assert packet.is_keyframe
        assert float(packet.pts * stream.time_base) == pytest.approx(2.0, abs=0.05)


def test_sound_alone_is_a_file_too(stored: Stored) -> None:
    file = stored.made("audio")
    assert as_they_were(packets(file, "audio")) == as_they_were(stored.packets("audio"))


def _picture(size: tuple[int, int], first: int, number: int) -> list[Any]:
    frames = video(2.0, size=size)
    sps, pps = (next(u for u in frames[0].nal_units if u[0] & 31 == kind) for kind in (7, 8))
    data = [Sample(b"".join(len(u).to_bytes(4) + u for u in f.nal_units), 3000, f.key_frame) for f in frames]
    return [init.video(sps, pps, parse(sps)), fragment.write(0, first, data), number]


def test_a_recording_that_changed_its_size_has_two_descriptions() -> None:
    rows, inits, data = [], {}, {}
    for number, size in enumerate([(320, 180), (640, 360), (320, 180)]):
        made, segment, _ = _picture(size, 900_000 + number * 180_000, number)
        found = samples.read(segment, number, number)
        inits[str(number)], data[str(number)] = description.read(made), segment
        rows.append(Piece(str(number), len(segment), number, str(number), found, found.decode_time))
    layout = lay_out([rows], inits)
    file = movie.head(layout.tracks, layout.size_bytes) + b"".join(data[span.path] for span in layout.spans)
    assert len(layout.tracks[0].descriptions) == 2
    with av.open(io.BytesIO(file)) as opened:
        widths = [frame.width for frame in opened.decode(video=0)]
    assert widths == [320] * 60 + [640] * 60 + [320] * 60


def _tone(begin: int, number: int) -> tuple[Piece, bytes]:
    segment = fragment.write(0, begin, [Sample(bytes([number, place]), 960) for place in range(5)])
    found = samples.read(segment, number, 0)
    return Piece(str(number), len(segment), number, "0", found, begin), segment


@pytest.mark.parametrize("hole", [0, 100_000, -480])
def test_a_hole_or_an_overlap_moves_nothing_behind_it(hole: int) -> None:
    made = [_tone(480_000, 0), _tone(480_000 + 4_800 + hole, 1)]
    layout = lay_out([[piece for piece, _ in made]], {"0": description.read(init.opus(2))})
    file = movie.head(layout.tracks, layout.size_bytes) + b"".join(data for _, data in made)
    assert packets(file, "audio")[5][0] == 4_800 + hole


def test_offsets_beyond_four_gibibytes_take_64_bits() -> None:
    piece, _ = _tone(0, 0)
    far = [piece._replace(path=str(n), number=n, size_bytes=1 << 30, start=n * 4_800) for n in range(6)]
    layout = lay_out([far], {"0": description.read(init.opus(2))})
    head = movie.head(layout.tracks, layout.size_bytes)
    assert b"co64" in head
    assert int.from_bytes(head[-8:]) == 16 + (6 << 30)


def test_nothing_is_no_file() -> None:
    with pytest.raises(ValueError, match="nothing in it"):
        lay_out([[]], {})
