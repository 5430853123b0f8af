"""A chunk reads back as it was written, and is nothing else than what it says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.cmaf import fragment
from media.cmaf.box import boxes, find
from media.cmaf.fragment import Sample

samples = st.lists(
    st.builds(Sample, st.binary(max_size=50), st.integers(1, 2**31), st.booleans(), st.integers(-(2**31), 2**31 - 1)),
    min_size=1,
    max_size=20,
)


@given(samples, st.integers(0, 2**63), st.integers(0, 2**31))
def test_a_chunk_reads_back_as_it_was_written(given_samples: list[Sample], decode_time: int, sequence: int) -> None:
    data = fragment.write(sequence, decode_time, given_samples)
    assert fragment.read(data) == (decode_time, given_samples)
    assert [name for name, _ in boxes(data)] == [b"moof", b"mdat"]


@given(samples, st.data())
def test_a_damaged_chunk_is_refused_in_words(given_samples: list[Sample], data: st.DataObject) -> None:
    whole = bytearray(fragment.write(1, 900_000, given_samples))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.integers(0, len(whole)))
    for damaged in (bytes(whole), bytes(whole[:cut])):
        try:
            read = fragment.read(damaged)
        except ValueError:
            continue
        assert len(b"".join(sample.data for sample in read.samples)) <= len(damaged)


@given(st.lists(samples, min_size=1, max_size=4))
def test_a_segment_is_read_chunk_by_chunk(chunks: list[list[Sample]]) -> None:
    data = b"".join(fragment.write(number, number * 100, chunk) for number, chunk in enumerate(chunks))
    assert fragment.read_all(data) == [(number * 100, chunk) for number, chunk in enumerate(chunks)]
    for damaged in (data[:-1], data + b"\x00", b""):
        with pytest.raises(ValueError, match=r"cut short|says it has|add up|does not end"):
            fragment.read_all(damaged)


def test_the_data_begins_where_the_run_says() -> None:
    data = fragment.write(7, 0, [Sample(b"abc", 1), Sample(b"defg", 2, sync=False)])
    run = find(data, b"moof", b"traf", b"trun")
    offset = int.from_bytes(run[8:12], "big")
    assert data[offset:] == b"abcdefg"


def test_a_box_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="says it has"):
        list(boxes(b"\x00\x00\x00\x20moof"))
    with pytest.raises(ValueError, match="cut short"):
        list(boxes(b"\x00\x00"))
    with pytest.raises(ValueError, match="no tfdt"):
        find(fragment.write(1, 0, [Sample(b"a", 1)]), b"moof", b"tfdt")
