"""A segment of a rung is the source's segment, only smaller: same pictures, same times, decodable alone."""

import io
import re
import subprocess
from itertools import pairwise
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.cmaf import fragment
from media.transcode.ladder import LADDER, Rung, ladder
from media.transcode.segment import Rendered, decode_times, transcode
from tests.media.transcode.given import BEGIN, TICKS, segment

STEADY = (TICKS,) * 60
UNEVEN = (3_000, 3_000, 1_500, 90_000, 3_000, 4_500, 45_000, 3_000, 3_000, 6_000, 2_999)


def shown(init: bytes, data: bytes) -> list[tuple[int, int, int]]:
    """Time in ticks, width and height of each picture as a stranger's demuxer and decoder see it."""
    with av.open(io.BytesIO(init + data)) as container:
        return [(frame.pts, frame.width, frame.height) for frame in container.decode(video=0)]


@pytest.mark.parametrize("durations", [STEADY, UNEVEN], ids=["steady", "uneven"])
def test_every_picture_is_shown_when_the_source_shows_it(durations: tuple[int, ...]) -> None:
    init, data = segment(1280, 720, durations)
    source = [time for time, _, _ in shown(init, data)]
    made = transcode(init, data, 3, ladder(1280, 720))
    assert [rendered.rung for rendered in made] == ["720p", "480p", "360p"]
    for rendered, rung in zip(made, ladder(1280, 720), strict=True):
        size = rung.fitted(1280, 720)
        assert shown(rendered.init, rendered.segment) == [(time, *size) for time in source]
        assert (rendered.width, rendered.height, rendered.frames) == (*size, len(durations))
        chunk = fragment.read(rendered.segment)
        assert chunk.decode_time == BEGIN
        assert sum(sample.duration for sample in chunk.samples) == sum(durations)
        assert chunk.samples[0].sync and chunk.samples[-1].duration == durations[-1]


@given(st.lists(st.integers(0, 10), min_size=1, max_size=40), st.integers(0, 3))
def test_no_picture_is_decoded_after_it_is_shown(order: list[int], late: int) -> None:
    shown = [9_000 + late] + [9_000 + late + 3_000 * (place + 1) for place in numbered(order)]
    times = decode_times(shown, 9_000)
    assert times[0] == 9_000
    assert all(at <= moment for at, moment in zip(times, shown, strict=True))
    assert all(before < after for before, after in pairwise(times))


def numbered(order: list[int]) -> list[int]:
    """Places from 0 on, each at most a few away from where it belongs."""
    return sorted(range(len(order)), key=lambda place: place + order[place])


def test_there_are_b_frames_but_the_last_picture_shown_is_decoded_last() -> None:
    init, data = segment(1280, 720, STEADY)
    (rendered,) = transcode(init, data, 0, LADDER[3:])
    offsets = [sample.offset for sample in fragment.read(rendered.segment).samples]
    assert max(offsets) > 0 and min(offsets) == 0
    assert offsets[0] == offsets[-1] == 0


def test_stretches_made_apart_have_the_same_init_and_play_in_a_row() -> None:
    pieces = [segment(640, 360, STEADY[:20], BEGIN + number * 20 * TICKS, number * 20) for number in range(3)]
    made = [transcode(*piece, number, ladder(640, 360))[0] for number, piece in reversed(list(enumerate(pieces)))]
    assert len({rendered.init for rendered in made}) == 1
    times = [time for time, _, _ in shown(made[0].init, b"".join(rendered.segment for rendered in reversed(made)))]
    assert len(times) == 60
    assert {after - before for before, after in pairwise(times)} == {TICKS}


def test_a_source_that_changes_its_size_changes_that_of_its_rungs() -> None:
    rungs = ladder(1280, 720)
    before = transcode(*segment(640, 480, STEADY[:5]), 0, rungs)
    after = transcode(*segment(1280, 720, STEADY[:5], BEGIN + 5 * TICKS), 1, rungs)
    assert [(one.width, one.height) for one in before] == [(640, 480), (640, 480), (480, 360)]
    assert [(one.width, one.height) for one in after] == [(1280, 720), (854, 480), (640, 360)]


def test_a_rung_looks_like_its_direct_encode(tmp_path: Path) -> None:
    init, data = segment(1280, 720, STEADY)
    source = tmp_path / "source.mp4"
    source.write_bytes(init + data)
    for rendered, rung in zip(transcode(init, data, 0, ladder(1280, 720)), ladder(1280, 720), strict=True):
        assert ssim(rendered, direct(source, rung, rendered), tmp_path) >= 0.98


def direct(source: Path, rung: Rung, like: Rendered) -> Path:
    """That rung as the `ffmpeg` command makes it."""
    path = source.with_name(f"direct-{rung.name}.mp4")
    run(
        *("-i", str(source), "-vf", f"scale={like.width}:{like.height}:flags=area", "-c:v", "libx264"),
        *("-preset", "veryfast", "-crf", f"{rung.crf:g}", "-maxrate", str(rung.max_bits_per_s)),
        *("-bufsize", str(rung.max_bits_per_s), "-fps_mode", "passthrough", str(path)),
    )
    return path


def ssim(rendered: Rendered, other: Path, folder: Path) -> float:
    """The mean likeness of pictures beside each other, as FFmpeg's filter sees it."""
    path = folder / f"{rendered.rung}.mp4"
    path.write_bytes(rendered.init + rendered.segment)
    found = run(
        "-i",
        str(path),
        "-i",
        str(other),
        "-lavfi",
        "[0:v]settb=1/30,setpts=N[a];[1:v]settb=1/30,setpts=N[b];[a][b]ssim",
        "-f",
        "null",
        "-",
    )
    likeness = re.search(r"SSIM.* All:([0-9.]+)", found)
    assert likeness, found
    return float(likeness[1])


def run(*arguments: str) -> str:
    command = ["ffmpeg", "-hide_banner", "-y", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stderr


def test_text_that_scrolls_stays_below_its_bound() -> None:
    rung = Rung("low", 640, 360, 10, 300_000)
    (rendered,) = transcode(*segment(1280, 720, STEADY), 0, [rung])
    assert len(rendered.segment) * 8 / 2 < 1.6 * rung.max_bits_per_s  # the first second may spend the buffer


def test_a_part_that_is_lost_leaves_no_hole() -> None:
    init, data = segment(640, 360, STEADY[:20])
    chunks = fragment.read_all(data)
    broken = [sample._replace(data=sample.data[:9] + bytes(len(sample.data) - 9)) for sample in chunks[2].samples]
    damaged = b"".join(
        fragment.write(number, chunk.decode_time, broken if number == 2 else chunk.samples)
        for number, chunk in enumerate(chunks)
    )
    (rendered,) = transcode(init, damaged, 0, ladder(640, 360))
    chunk = fragment.read(rendered.segment)
    assert chunk.decode_time == BEGIN
    assert sum(sample.duration for sample in chunk.samples) == 20 * TICKS


@pytest.mark.parametrize("cut", [0, 4, 40, 400])
def test_what_is_no_segment_is_refused(cut: int) -> None:
    init, data = segment(640, 360, STEADY[:5])
    with pytest.raises((ValueError, OSError)):
        transcode(init, data[:cut], 0, ladder(640, 360))
    with pytest.raises((ValueError, OSError)):
        transcode(init[:cut], data, 0, ladder(640, 360))
