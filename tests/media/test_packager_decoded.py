"""Strangers decode what the packager makes of real H.264 and Opus: all of it, at its time, without a warning."""

import io
import subprocess
from collections.abc import Iterable
from pathlib import Path

import av
import pytest

from media.cmaf import fragment
from media.packager import Packager
from media.samples import AudioPacket, Init, Output, Part, VideoFrame
from schemas.media import AUDIO, VIDEO
from tests.media.encoded import audio, in_order, video

TARGET_S = 0.334


def packaged(samples: Iterable[VideoFrame | AudioPacket], end: float) -> list[Output]:
    packager, out = Packager(video=True, audio=True), []
    for sample in samples:
        while (due := packager.deadline()) is not None and 0 < due < sample.arrived:
            out += packager.tick(due, 0)
        add = packager.add_video if isinstance(sample, VideoFrame) else packager.add_audio
        out += add(sample, sample.arrived, 0)  # type: ignore[arg-type]
    return out + packager.close(end, 0)


def file(out: list[Output], rendition: str) -> bytes:
    return b"".join(said.data for said in out if isinstance(said, Init | Part) and said.rendition == rendition)


def warnings(data: bytes, where: Path) -> str:
    where.write_bytes(data)
    exact = [
        "-fps_mode",
        "passthrough",
        "-enc_time_base:v",
        "1:90000",
    ]  # else it rounds to 1/fps and complains of itself
    command = ["ffmpeg", "-v", "warning", "-xerror", "-i", str(where), *exact, "-f", "null", "-"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


def times(data: bytes) -> list[float]:
    with av.open(io.BytesIO(data)) as opened:
        stream = opened.streams[0]
        return [float(frame.pts * stream.time_base) for frame in opened.decode(stream)]  # type: ignore[attr-defined]


@pytest.mark.parametrize("fps", [1, 10, 25, 30, 60])
def test_every_frame_is_shown_within_a_frame_of_its_time(fps: int, tmp_path: Path) -> None:
    frames = video(6, fps, keys=2 * fps)
    out = packaged(in_order(frames, audio(6)), 6.0)
    shown = times(file(out, VIDEO))
    assert warnings(file(out, VIDEO), tmp_path / "video.mp4") == ""
    assert warnings(file(out, AUDIO), tmp_path / "sound.mp4") == ""
    meant = [10 + frame.arrived for frame in frames]
    if fps > 3:
        assert shown[: len(meant)] == pytest.approx(meant, abs=1 / fps)
    # With fewer frames than parts the picture is sent again while it stands; each frame still comes at its time.
    assert all(any(-TARGET_S <= one - at <= 0.02 for one in shown) for at in meant)


def test_a_picture_that_stands_still_is_repeated_without_a_warning(tmp_path: Path) -> None:
    frames = [frame for frame in video(12, 30, keys=900) if not 3 <= frame.arrived < 9]
    out = packaged(in_order(frames, audio(12)), 12.0)
    assert warnings(file(out, VIDEO), tmp_path / "video.mp4") == ""
    parts = [said for said in out if isinstance(said, Part) and said.rendition == VIDEO]
    repeated = [part for part in parts if 13.4 < part.headers.decode_time / 90_000 < 18.9]
    assert repeated
    assert all(part.headers.independent for part in repeated)


def test_what_is_shown_in_the_end_is_the_same_picture_whether_repeated_or_not() -> None:
    frames = [frame for frame in video(6, 30, keys=900) if frame.arrived < 3]
    after = packaged(in_order(frames, audio(6)), 6.0)
    plain = packaged(in_order(frames, audio(3)), 3.0)

    def last(data: bytes) -> bytes:
        with av.open(io.BytesIO(data)) as opened:
            picture = list(opened.decode(video=0))[-1]
            return picture.to_ndarray(format="gray").tobytes()

    assert last(file(after, VIDEO)) == last(file(plain, VIDEO))


def test_a_picture_too_large_to_repeat_wants_a_key_frame_and_nothing_undecodable_follows(tmp_path: Path) -> None:
    frames = [frame for frame in video(10, 30, keys=240) if not 3 <= frame.arrived < 6]
    heavy = [
        VideoFrame((*frame.nal_units, b"\x0c" + b"\xff" * 20_000), frame.timestamp, frame.arrived, frame.key_frame)
        for frame in frames
    ]
    out = packaged(in_order(heavy, audio(10)), 10.0)
    assert warnings(file(out, VIDEO), tmp_path / "video.mp4") == ""
    parts = [said for said in out if isinstance(said, Part) and said.rendition == VIDEO]
    assert max(len(part.data) for part in parts) < 2_000_000
    assert max(part.headers.duration for part in parts) <= TARGET_S * 90_000
    standing = [part for part in parts if 13 < part.headers.decode_time / 90_000 < 16]
    assert sum(len(part.data) for part in standing) < 6_000_000


def test_lost_and_missing_sound_plays_without_a_warning(tmp_path: Path) -> None:
    packets = [p for n, p in enumerate(audio(8)) if n % 7 and n % 11 and not 3 <= p.arrived < 6]
    data = file(packaged(in_order(video(8), packets), 8.0), AUDIO)
    assert warnings(data, tmp_path / "sound.mp4") == ""
    with av.open(io.BytesIO(data)) as opened:
        assert sum(frame.samples for frame in opened.decode(audio=0)) == pytest.approx(8 * 48_000, abs=1000)


def test_each_size_decodes_with_its_own_init(tmp_path: Path) -> None:
    large = video(3, size=(640, 360), keys=300)
    moved = [VideoFrame(f.nal_units, f.timestamp + 3 * 90_000, f.arrived + 3, f.key_frame) for f in large]
    out = packaged(in_order(video(3, keys=300), moved, audio(6)), 6.0)
    inits = {s.headers.number: s for s in out if isinstance(s, Init) and s.rendition == VIDEO}
    for number, width in ((0, 320), (1, 640)):
        mine = [s.data for s in out if isinstance(s, Part) and s.rendition == VIDEO and s.headers.init == number]
        data = inits[number].data + b"".join(mine)
        assert warnings(data, tmp_path / f"{number}.mp4") == ""
        with av.open(io.BytesIO(data)) as opened:
            assert {picture.width for picture in opened.decode(video=0)} == {width}


def test_samples_hold_no_parameter_sets() -> None:
    for said in packaged(in_order(video(3), audio(3)), 3.0):
        if isinstance(said, Part) and said.rendition == VIDEO:
            assert {sample.data[4] & 31 for sample in fragment.read(said.data).samples} <= {1, 5, 6}
