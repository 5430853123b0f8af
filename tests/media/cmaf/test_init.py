"""ffprobe reads from an init segment what was put into it, without a warning."""

import io
import json
import subprocess
from pathlib import Path
from typing import Any

import av
import pytest

from media.audio.opus import SILENCE
from media.cmaf import fragment, init
from media.cmaf.box import find
from media.cmaf.fragment import Sample
from media.h264 import sps
from media.h264.nal_unit import IDR, PPS, SPS, length_prefixed
from tests.media.h264.test_sps import key_frame


def probed(file: bytes, where: Path) -> dict[str, Any]:
    where.write_bytes(file)
    found = subprocess.run(
        ["ffprobe", "-v", "warning", "-show_streams", "-of", "json", str(where)], capture_output=True, check=True
    )
    assert found.stderr == b""
    streams: list[dict[str, Any]] = json.loads(found.stdout)["streams"]
    return streams[0]


def test_video(tmp_path: Path) -> None:
    units = key_frame(642, 362, "baseline")
    file = init.video(units[SPS], units[PPS], sps.parse(units[SPS]))
    file += fragment.write(1, 900_000, [Sample(length_prefixed([units[IDR]]), 3000)])
    stream = probed(file, tmp_path / "video.mp4")
    assert (stream["codec_name"], stream["codec_tag_string"]) == ("h264", "avc1")
    assert (stream["width"], stream["height"], stream["time_base"]) == (642, 362, "1/90000")
    assert float(stream["start_time"]) == 10.0


@pytest.mark.parametrize("channels", [1, 2])
def test_opus(tmp_path: Path, channels: int) -> None:
    samples = [Sample(SILENCE, 960)] * 16
    file = init.opus(channels) + fragment.write(1, 480_000, samples)
    stream = probed(file, tmp_path / "sound.mp4")
    assert (stream["codec_name"], stream["channels"], stream["sample_rate"]) == ("opus", channels, "48000")
    with av.open(io.BytesIO(file)) as opened:
        assert sum(frame.samples for frame in opened.decode(audio=0)) == 16 * 960


@pytest.mark.parametrize("channels", [1, 2])
def test_aac(tmp_path: Path, channels: int) -> None:
    codec = av.CodecContext.create("aac", "w")
    codec.sample_rate, codec.layout, codec.format = 48_000, ("mono", "stereo")[channels - 1], "fltp"
    silence = av.AudioFrame(format="fltp", layout=("mono", "stereo")[channels - 1], samples=1024)
    for plane in silence.planes:
        plane.update(bytes(plane.buffer_size))
    silence.sample_rate = 48_000
    coded = [bytes(p) for _ in range(5) for p in codec.encode(silence)]
    file = init.aac(channels, 64_000) + fragment.write(1, 480_000, [Sample(data, 1024) for data in coded])
    stream = probed(file, tmp_path / "sound.mp4")
    assert (stream["codec_name"], stream["profile"], stream["channels"]) == ("aac", "LC", channels)


def test_fragments_belong_to_the_track_of_the_init() -> None:
    header = find(init.opus(2), b"moov", b"trak", b"tkhd")
    extends = find(init.opus(2), b"moov", b"mvex", b"trex")
    run = find(fragment.write(1, 0, [Sample(b"a", 1)]), b"moof", b"traf", b"tfhd")
    assert header[12:16] == extends[4:8] == run[4:8]
