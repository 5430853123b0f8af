import pytest

from media.h264 import sps as parameter_sets
from media.h264.avc_configuration import avcc
from media.h264.nal_unit import PPS, SPS, kind, length_prefixed
from media.importing import avc_stream
from tests.media.encoded import video

UNITS = video(0.1)[0].nal_units
SETS = {kind(unit): unit for unit in UNITS if kind(unit) in (SPS, PPS)}
RECORD = avcc(SETS[SPS], SETS[PPS], parameter_sets.parse(SETS[SPS]))


def test_a_sample_is_cut_into_its_units() -> None:
    stream = avc_stream.read(RECORD)
    units = stream.nal_units(length_prefixed(UNITS))
    assert units == list(UNITS)
    assert avc_stream.is_idr(units)
    assert not avc_stream.is_idr(units[:2])


def test_a_key_frame_gets_the_parameter_sets_it_came_without() -> None:
    stream = avc_stream.read(RECORD)
    bare = [unit for unit in UNITS if kind(unit) not in (SPS, PPS)]
    assert stream.with_parameter_sets(bare)[:2] == [SETS[SPS], SETS[PPS]]
    assert stream.with_parameter_sets(list(UNITS)) == list(UNITS)


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"\x01",
        RECORD[:9],
        b"\x00" + RECORD[1:],
        RECORD[:5] + b"\xe0" + RECORD[6:],
        RECORD.replace(b"\x67", b"\x68", 1),
    ],
)
def test_a_broken_configuration_is_refused(record: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        avc_stream.read(record)


@pytest.mark.parametrize("sample", [b"", b"\x00\x00", b"\x00\x00\x00\x09abc", length_prefixed(UNITS)[:-1]])
def test_a_broken_sample_is_refused(sample: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        avc_stream.read(RECORD).nal_units(sample)
