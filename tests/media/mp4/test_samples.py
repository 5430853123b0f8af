"""What stands in a fragment's tables is read, whoever wrote it; what is broken is refused."""

import io

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.cmaf import fragment
from media.cmaf.box import boxes
from media.cmaf.fragment import Sample
from media.mp4 import samples
from tests.media.encoded import video

OFFSETS = st.integers(-90_000, 90_000) | st.just(0)
SAMPLES = st.lists(st.builds(Sample, st.binary(max_size=9), st.integers(1, 9_000), st.booleans(), OFFSETS), min_size=1)


@given(st.lists(SAMPLES, min_size=1, max_size=4), st.integers(0, 1 << 60))
def test_every_sample_is_found_again(parts: list[list[Sample]], begin: int) -> None:
    data, clock = b"", begin
    for number, part in enumerate(parts):
        data += fragment.write(number, clock, part)
        clock += sum(one.duration for one in part)
    said = [one for part in parts for one in part]
    found = samples.decode(samples.encode([samples.read(data, 7, 3)]))[0]
    assert (found.number, found.init, found.decode_time, found.duration) == (7, 3, begin, clock - begin)
    assert found.syncs == [place for place, one in enumerate(said) if one.sync]
    assert [each for count, each in found.durations for _ in range(count)] == [one.duration for one in said]
    shifts = [each for count, each in found.compositions for _ in range(count)]
    assert shifts == [one.offset for one in said] or not (shifts or any(one.offset for one in said))
    sizes = iter(found.sizes_list())
    there = []
    for offset, count in found.chunks:
        at = offset
        for size in [next(sizes) for _ in range(count)]:
            there.append(data[at : at + size])
            at += size
    assert there == [one.data for one in said]


def test_fragments_of_another_writer_are_read() -> None:
    """FFmpeg puts defaults into tfhd, and says where B-frames are shown."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4", options={"movflags": "frag_keyframe+empty_moov+default_base_moof"}) as out:
        stream = out.add_stream("libx264", rate=30, options={"bf": "2", "g": "30"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for number in range(60):
            frame = av.VideoFrame(320, 180, "yuv420p")
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    data = file.getvalue()
    at = data.index(b"moof") - 4
    end = data.rindex(b"mfra") - 4
    found = samples.read(data[at:end], 0, 0)
    with av.open(io.BytesIO(data)) as opened:
        packets = [packet for packet in opened.demux(video=0) if packet.size]
    assert found.sizes_list() == [packet.size for packet in packets]
    assert found.syncs == [place for place, packet in enumerate(packets) if packet.is_keyframe]
    first = packets[0].pts - packets[0].dts
    shifts = [shift for count, shift in found.compositions for _ in range(count)]
    assert [shift - shifts[0] for shift in shifts] == [packet.pts - packet.dts - first for packet in packets]


def test_what_is_damaged_is_refused() -> None:
    whole = fragment.write(0, 900_000, [Sample(b"".join(frame.nal_units), 3000) for frame in video(0.2)])
    for cut in (1, 9, 40, 90, len(whole) - 1):
        with pytest.raises(ValueError, match=r".+"):
            samples.read(whole[:cut], 0, 0)
    with pytest.raises(ValueError, match="no fragment"):
        samples.read(b"", 0, 0)
    assert [name for name, _ in boxes(whole)] == [b"moof", b"mdat"]
