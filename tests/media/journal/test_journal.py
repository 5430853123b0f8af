"""A source is written down as it came; the pages say all that a packager would have heard."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.journal import page
from media.journal.journal import KEY_FRAME_S, PAGE_S, QUIET_S, Journal
from media.journal.page import Aligned, Closed, Frame, Page, Paused, Resumed, Sound, origin, page_of
from media.samples import KeyFrameWanted, SenderReference, VideoFrame
from schemas.media import to_headers
from schemas.raw import PageHeaders, page_from_headers
from tests.media.encoded import video
from tests.media.journal.numbered import Source, coded

times = st.floats(0, 1e9)
numbers = st.integers(0, 1 << 40)
references = st.builds(SenderReference, numbers, times)
entries = st.one_of(
    st.builds(Frame, times, numbers, st.booleans(), st.binary(max_size=50)),
    st.builds(Sound, times, numbers, st.binary(max_size=50)),
    st.builds(Aligned, times, references, references),
    st.builds(Paused, times),
    st.builds(Resumed, times),
    st.builds(Closed, times),
)


@given(st.builds(Page, times, numbers, st.lists(entries)))
def test_a_page_is_read_as_it_was_written(said: Page) -> None:
    assert page.decode(page.encode(said)) == said


@given(st.binary(max_size=60))
def test_whatever_the_bytes_are_a_page_is_read_or_refused(data: bytes) -> None:
    try:
        page.decode(data)
    except ValueError:
        return


@given(
    st.builds(
        PageHeaders,
        st.text("abc123", min_size=1),
        numbers,
        st.sampled_from(["", "VP8"]),
        st.integers(0, 2),
        times,
        times,
    )
)
def test_headers_are_read_as_they_were_written(said: PageHeaders) -> None:
    assert page_from_headers(to_headers(said)) == said


@given(numbers, st.integers(0, 1000), numbers, st.integers(0, 1000))
def test_names_of_samples_grow_as_they_came(first: int, place: int, second: int, other: int) -> None:
    assert (origin(first, place) < origin(second, other)) == ((first, place) < (second, other))
    assert page_of(origin(first, place)) == first


def said_in(source: Source) -> list[object]:
    return [entry for written in source.pages for entry in page.decode(written.data).entries]


def test_every_sample_is_there_with_its_time_and_pages_are_a_tenth_of_a_second() -> None:
    source = Source().send(coded(60))
    pages = [page.decode(written.data) for written in source.close()]
    frames = [entry for one in pages for entry in one.entries if isinstance(entry, Frame)]
    assert [frame.data for frame in frames] == list(coded(60))
    assert [round(frame.at - 100, 6) for frame in frames] == [round(number / 30, 6) for number in range(60)]
    assert all(after.now - before.now <= PAGE_S + 0.04 for before, after in pairwise(pages))
    assert [written.headers.number for written in source.pages] == list(range(len(pages)))
    assert pages[5].wall(pages[5].now - 1) == pages[5].wall_us - 1_000_000


def test_when_nothing_happens_pages_say_what_time_it_is() -> None:
    source = Source().send(coded(3)).wait(3)
    empty = [one for one in (page.decode(written.data) for written in source.pages) if not one.entries]
    assert len(empty) >= 3 / QUIET_S - 1


def test_key_frames_are_asked_for_now_and_then() -> None:
    source = Source(channels=0).send([b"\0key", *[b"\1delta"] * 449])
    assert source.asked[0] == pytest.approx(100 + KEY_FRAME_S, abs=0.1)


def test_of_a_pause_nothing_is_written_and_after_it_frames_from_a_key_frame_on() -> None:
    frames = coded(90, 30)
    source = Source(channels=0).send(frames[:20]).pause().send(frames[20:40]).resume().send(frames[40:])
    kinds = [type(entry).__name__ for entry in said_in(source)]
    assert source.asked
    assert kinds[:22] == ["Frame"] * 20 + ["Paused", "Resumed"]
    after = [entry.data for entry in said_in(source)[22:] if isinstance(entry, Frame)]
    assert after == list(frames[60 : 60 + len(after)])
    assert len(after) > 20


def test_h264_is_written_by_nal_unit_and_a_key_frame_wanted_each_segment() -> None:
    source = Source(codec="H264", channels=0)
    asked = []
    for frame in video(3, keys=1000):
        at = source.now + frame.arrived
        said = VideoFrame(frame.nal_units, frame.timestamp, at, frame.key_frame)
        asked += [at for one in source.journal.add_video(said, at, 0) if isinstance(one, KeyFrameWanted)]
    assert asked[0] == pytest.approx(source.now + 1.9, abs=0.05)


def test_a_source_without_sound_has_none_in_its_pages() -> None:
    journal = Journal(PageHeaders("a", 0, "VP8", 0, 1 / 3, 2.0))
    assert journal.deadline() is None
    assert journal.tick(5.0, 0) == []
