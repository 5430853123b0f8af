"""An edited recording has the frames it should have, each once, and sound for as long as there is picture."""

import itertools
from collections import defaultdict
from collections.abc import Sequence

import pytest

from media.cmaf import fragment
from media.edits import assembly, splice
from media.edits.assembly import Paths
from media.edits.edit_list import Range, checked
from media.edits.plan import Piece, duration_s, plan
from media.edits.splice import Spliced
from media.edits.version import Version
from media.hls.index import RecordingIndex
from media.mp4 import samples
from media.samples import Init, Part
from schemas.media import AUDIO, BASE_OFFSET_S, VIDEO, to_headers
from tests.media.edits import numbered
from tests.media.edits.numbered import FPS

SECONDS = 9.0
PATHS = Paths(
    lambda name, n: f"{name}/init-{n}",
    lambda name, n: f"{name}/{n}",
    lambda name, n: f"new/{name}/init-{n}",
    lambda name, n: f"new/{name}/{n}",
)


class Edited:
    """A recording in memory, and an edit of it."""

    def __init__(self, said: Sequence[Init | Part], keep: Sequence[tuple[float, float]]) -> None:
        self.objects: dict[str, bytes] = defaultdict(bytes)
        index = RecordingIndex()
        for number, one in enumerate(said):
            kind = "init" if isinstance(one, Init) else "part"
            index.add(one.rendition, kind, to_headers(one.headers), len(one.data), number + 1)
            what = f"init-{one.headers.number}" if isinstance(one, Init) else str(one.headers.segment)
            self.objects[f"{one.rendition}/{what}"] += one.data
        tables = {
            name: {s.number: samples.read(self.objects[f"{name}/{s.number}"], s.number, s.init) for s in known.segments}
            for name, known in index.renditions.items()
        }
        timescales = {name: known.inits[0].headers.timescale for name, known in index.renditions.items()}
        self.keep = checked([Range(*one) for one in keep], duration_s(index, timescales, tables))
        self.moments = plan(self.keep, index, timescales, tables)
        made = {
            (name, place): self._made(name, piece)
            for place, moment in enumerate(self.moments)
            for name, piece in moment.pieces.items()
            if piece and not piece.whole
        }
        self.made = made
        self.version: Version = assembly.version(1, self.keep, self.moments, made, index, PATHS)
        self.objects |= assembly.own_inits(self.version, made)
        self.objects |= {self.version.segment_path(*key): piece.data for key, piece in made.items()}

    def _made(self, name: str, piece: Piece) -> Spliced:
        segment = self.objects[f"{name}/{piece.number}"]
        if name != VIDEO:
            return splice.sound(segment, piece.begin, piece.end)
        if piece.encode:
            return splice.coded(self.objects[f"{name}/init-0"], segment, piece.begin, piece.end)
        return splice.picture(segment, piece.begin, piece.end)

    def frames(self) -> list[int]:
        """What a player decodes, map by map."""
        found = []
        for segment in self.version.index.renditions[VIDEO].segments:
            init = self.objects[self.version.init_path(VIDEO, segment.init)]
            found += numbered.numbers(init, [self.objects[self.version.segment_path(VIDEO, segment.number)]])
        return found

    def encoded(self) -> int:
        return sum(len(fragment.read(piece.data).samples) for piece in self.made.values() if piece.init)


def expected(*keep: tuple[float, float]) -> list[int]:
    return [n for n in range(round(SECONDS * FPS)) if any(a - 1e-6 <= n / FPS < b - 1e-6 for a, b in keep)]


@pytest.mark.parametrize(
    "keep",
    [
        [(0, SECONDS)],
        [(2.0, 6.0)],
        [(0.5, 7.3)],
        [(1.0, 1.5)],
        [(0, 1.9), (2.1, 4.0), (4.5, 5.0), (8.0, 9.0)],
        [(3.0, 3.1), (3.2, 3.3), (8.9, 9.0)],
        [(1.2345, 5.4321)],
    ],
)
def test_it_has_exactly_the_frames_that_are_kept(keep: list[tuple[float, float]]) -> None:
    edited, should = Edited(numbered.recording(SECONDS), keep), expected(*keep)
    frames = edited.frames()
    assert frames == sorted(set(frames))
    assert len(frames) == pytest.approx(len(should), abs=len(keep))
    assert set(frames) ^ set(should) <= {
        n + off for a, b in keep for n in (int(a * FPS), int(b * FPS)) for off in (0, 1)
    }


def test_what_begins_on_a_key_frame_is_not_coded_anew() -> None:
    edited = Edited(numbered.recording(SECONDS), [(2.0, 3.5), (6.0, 7.0)])
    assert edited.encoded() == 0
    assert edited.frames() == expected((2.0, 3.5), (6.0, 7.0))


def test_only_frames_up_to_the_next_segment_are_coded_anew() -> None:
    assert Edited(numbered.recording(SECONDS), [(3.5, 9.0)]).encoded() == 15
    whole = [place for place, one in enumerate(Edited(numbered.recording(SECONDS), [(3.5, 9.0)]).moments)]
    assert len(whole) == 4


def test_all_of_it_is_the_original_itself() -> None:
    edited = Edited(numbered.recording(SECONDS), [(0, SECONDS)])
    assert not edited.made
    assert set(edited.version.segments[VIDEO]) == {f"video/{n}" for n in range(5)}


def test_picture_and_sound_have_the_same_segments_discontinuities_and_places() -> None:
    keep = [(0.5, 3.0), (4.25, 8.0)]
    renditions = Edited(numbered.recording(SECONDS), keep).version.index.renditions
    video, audio = renditions[VIDEO].segments, renditions[AUDIO].segments
    assert [(one.number, one.discontinuity) for one in video] == [(one.number, one.discontinuity) for one in audio]
    for one, other in zip(video, audio, strict=True):
        assert one.start_s == pytest.approx(other.start_s, abs=0.001)
        assert one.duration_s == pytest.approx(other.duration_s, abs=0.03)
    assert video[0].start_s == BASE_OFFSET_S
    assert sum(one.duration_s for one in video) == pytest.approx(sum(b - a for a, b in keep), abs=1 / FPS)
    for one, following in itertools.pairwise(video):
        assert one.start_s + one.duration_s == pytest.approx(following.start_s, abs=1e-4)


def test_a_new_map_is_behind_a_discontinuity() -> None:
    segments = Edited(numbered.recording(SECONDS), [(0.5, 3.0), (4.25, 8.0)]).version.index.renditions[VIDEO].segments
    for before, after in itertools.pairwise(segments):
        assert after.discontinuity or before.init == after.init


def test_pieces_last_as_long_as_their_ranges() -> None:
    edited = Edited(numbered.recording(SECONDS), [(1.25, 1.75)])
    part = fragment.read(edited.made[VIDEO, 0].data)
    assert sum(one.duration for one in part.samples) == 45_000
    assert part.samples[0].sync


def test_without_sound_and_without_picture() -> None:
    assert Edited(numbered.recording(SECONDS, sound=False), [(1.0, 2.5)]).frames() == expected((1.0, 2.5))
    sound = [one for one in numbered.recording(SECONDS) if one.rendition == AUDIO]
    edited = Edited(sound, [(1.0, 2.5), (5.0, 6.0)])
    packets = [len(fragment.read(piece.data).samples) for piece in edited.made.values()]
    assert sum(packets) == pytest.approx(2.5 * 50, abs=2)
    assert not any(piece.init for piece in edited.made.values())


def test_a_frame_that_stays_on_screen_is_there_from_the_cut_on() -> None:
    """A still screen has a frame a second; a cut between two of them shows the earlier one at once."""
    said = numbered.recording(SECONDS)
    edited = Edited(said, [(2.0, 4.0)])
    segment = edited.objects["video/1"]
    parts = fragment.read_all(segment)
    slow = fragment.write(1, parts[0].decode_time, [parts[0].samples[0]._replace(duration=90_000)])
    found = splice.coded(
        edited.objects["video/init-0"], slow, parts[0].decode_time + 45_000, parts[0].decode_time + 90_000
    )
    part = fragment.read(found.data)
    assert (part.decode_time, [one.duration for one in part.samples]) == (parts[0].decode_time + 45_000, [45_000])
    assert numbered.numbers(found.init, [found.data]) == [60]
