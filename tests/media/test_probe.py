from pathlib import Path

import pytest

from media import probe
from media.cmaf import fragment, init
from media.h264.nal_unit import length_prefixed
from media.packager import Packager
from media.samples import Init, Part, VideoFrame
from schemas.media import VIDEO
from tests.media import encoded
from tests.media.files import Made, file

FILES = {
    "mp4": (Made(), "h264", "aac"),
    "mov": (Made(format="mov"), "h264", "aac"),
    "webm": (
        Made(format="webm", video="libvpx-vp9", audio="libopus", options=(("deadline", "realtime"),)),
        "vp9",
        "opus",
    ),
    "matroska": (Made(format="matroska", audio="libopus"), "h264", "opus"),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_is_measured_by_its_packets(kind: str, tmp_path: Path) -> None:
    made, codec, audio_codec = FILES[kind]
    path = tmp_path / "a file"
    path.write_bytes(file(made))
    found = probe.file(str(path))
    assert (found.format, found.codec, found.audio_codec) == (kind, codec, audio_codec)
    assert (found.width, found.height, found.frames) == (320, 180, 60)
    assert found.duration_seconds == pytest.approx(2.0, abs=0.05)
    assert found.frame_rate == pytest.approx(30, abs=0.8)
    assert found.bitrate == pytest.approx(path.stat().st_size * 4, rel=0.03)


def test_sound_alone_is_measured_as_well(tmp_path: Path) -> None:
    path = tmp_path / "sound"
    path.write_bytes(file(Made(video="")))
    found = probe.file(str(path))
    assert (found.codec, found.width, found.frames) == ("aac", 0, 0)
    assert found.duration_seconds == pytest.approx(2.0, abs=0.05)


def test_a_rendition_is_measured_in_pieces_or_whole() -> None:
    packager = Packager(video=True, audio=False)
    out = [said for f in encoded.video(4) for said in packager.add_video(f, f.arrived, 0)] + packager.close(4.0, 0)
    head = next(said.data for said in out if isinstance(said, Init))
    parts = [said for said in out if isinstance(said, Part) and said.rendition == VIDEO]
    segments = [b"".join(p.data for p in parts if p.headers.segment == number) for number in range(2)]
    whole = probe.pieces(head, segments)
    assert (whole.codec, whole.width, whole.height, whole.frames) == ("h264", 320, 180, 120)
    assert whole.duration_seconds == pytest.approx(4.0, abs=0.04)
    joined = probe.in_a_row([probe.pieces(head, [segment]) for segment in segments])
    assert joined.duration_seconds == pytest.approx(whole.duration_seconds, abs=0.001)
    assert (joined.frames, joined.size_bytes) == (whole.frames, whole.size_bytes)


def test_the_size_is_that_of_the_picture_not_that_of_the_header() -> None:
    small, large = encoded.video(0.1), encoded.video(0.1, size=(640, 360))

    def sets(frame: VideoFrame) -> tuple[bytes, bytes]:
        return frame.nal_units[0], frame.nal_units[1]

    from media.h264 import sps  # noqa: PLC0415

    told = init.video(*sets(small[0]), sps.parse(sets(small[0])[0]))
    sample = fragment.Sample(length_prefixed(large[0].nal_units), 3000)
    assert probe.pieces(told, [fragment.write(1, 0, [sample])]).width == 640


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"Dear diary, today", "plain text"),
        (b"#EXTM3U\n#EXTINF:1\nfile:///etc/passwd\n", "a playlist"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "a PNG picture"),
        (bytes(5000), "zeros"),
        (b"\x00\x00\x00\x18ftypisom" + bytes(40), "damaged or incomplete"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_a_reason(data: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=says):
        probe.file(str(path))
