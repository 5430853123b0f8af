"""What another program has made is what comes out: every picture at its time, and its sound."""

from itertools import pairwise

import pytest

from media.importing.survey import Way
from schemas.media import AUDIO, VIDEO
from tests.media.files import Made, brightness, file
from tests.media.importing.imported import imported

X264 = (("preset", "ultrafast"), ("g", "30"))
VP9 = (("deadline", "realtime"), ("cpu-used", "8"))
FILES: dict[str, tuple[Made, Way, Way]] = {
    "mp4 as it is": (Made(), "copy", "transcode"),
    "mov as it is": (Made(format="mov"), "copy", "transcode"),
    "mkv with Opus as it is": (Made(format="matroska", audio="libopus"), "copy", "copy"),
    "fragmented mp4": (Made(container=(("movflags", "frag_keyframe+delay_moov"),)), "copy", "transcode"),
    "moov in front": (Made(container=(("movflags", "faststart"),)), "copy", "transcode"),
    "B-frames": (Made(options=(("preset", "veryfast"), ("bf", "3"), ("g", "30"))), "transcode", "transcode"),
    "long groups": (Made(seconds=6, audio="", options=(("preset", "ultrafast"), ("g", "300"))), "transcode", "none"),
    "4:4:4": (Made(pixels="yuv444p"), "transcode", "transcode"),
    "10 bits": (Made(pixels="yuv420p10le"), "transcode", "transcode"),
    "VP8": (Made(format="webm", video="libvpx", audio="libopus", options=VP9), "transcode", "copy"),
    "VP9": (Made(format="webm", video="libvpx-vp9", audio="libopus", options=VP9), "transcode", "copy"),
    "MPEG-4": (Made(video="mpeg4", audio="mp3", options=(), rate=44_100, layout="mono"), "transcode", "transcode"),
    "25 a second": (Made(fps=25, rate=44_100), "copy", "transcode"),
    "two a second": (
        Made(fps=2, seconds=6, audio="", options=(("preset", "ultrafast"), ("g", "4"))),
        "transcode",
        "none",
    ),
    "no sound": (Made(audio=""), "copy", "none"),
    "odd size": (Made(pixels="yuv444p", size=(321, 181)), "transcode", "transcode"),
}


@pytest.mark.parametrize("name", FILES)
def test_every_picture_is_there_at_its_time(name: str) -> None:
    made, video, audio = FILES[name]
    found = imported(file(made))
    assert (found.survey.video, found.survey.audio) == (video, audio), found.survey.why
    assert (found.survey.damage, found.lost) == ("", 0)
    seen = found.pictures()
    assert len(seen) >= round(made.seconds * made.fps)
    begins_s = found.survey.picture_begins_s - found.survey.begins_s
    for number in range(round(made.seconds * made.fps)):
        for moment in (number + 0.45, number + 0.55):
            at_s = begins_s + moment / made.fps
            shown = [light for at, light in seen if at <= at_s][-1]
            assert shown == pytest.approx(brightness(number), abs=6), number
    assert found.seconds(VIDEO) == pytest.approx(made.seconds, abs=0.1)
    if audio != "none":
        assert found.seconds(AUDIO) == pytest.approx(found.seconds(VIDEO), abs=0.04)
        loud = found.sound()
        assert min(loud[5 : int(made.seconds * 50) - 10]) > 0.1


@pytest.mark.parametrize("name", ["mp4 as it is", "VP9", "two a second"])
def test_parts_follow_the_rules_of_the_house(name: str) -> None:
    found = imported(file(FILES[name][0]))
    for rendition in (VIDEO, AUDIO):
        parts = [part.headers for part in found.parts(rendition)]
        for earlier, later in pairwise(parts):
            assert later.decode_time == earlier.decode_time + earlier.duration
            assert (later.segment, later.part) in ((earlier.segment, earlier.part + 1), (earlier.segment + 1, 0))
        assert all(part.duration <= part.timescale * 0.334 for part in parts)
        assert not any(part.discontinuity or part.stretch for part in parts)
    assert all(part.headers.independent for part in found.parts(VIDEO) if part.headers.part == 0)


def test_sound_alone_is_a_recording() -> None:
    found = imported(file(Made(video="")))
    assert (found.survey.video, found.survey.audio) == ("none", "transcode")
    assert found.seconds(AUDIO) == pytest.approx(2.0, abs=0.1)
    assert not found.parts(VIDEO)


def test_a_turned_picture_stands_upright() -> None:
    assert imported(turned(file(Made()))).size() == (180, 320)


def turned(data: bytes) -> bytes:
    """By a quarter, as a telephone says it: the matrix of tkhd (ISO/IEC 14496-12, 8.3.2)."""
    upright = b"".join(n.to_bytes(4, "big", signed=True) for n in (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000))
    quarter = b"".join(n.to_bytes(4, "big", signed=True) for n in (0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000))
    at = data.index(upright, data.index(b"tkhd"))
    return data[:at] + quarter + data[at + 36 :]


def test_a_long_file_comes_in_bounded_pieces() -> None:
    found = imported(file(Made(seconds=12, fps=10, options=X264)))
    assert found.batches >= 5
