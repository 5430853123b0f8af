"""What the log says becomes an index, whatever the log lacks."""

import pytest

from media.hls import index
from schemas.media import AAC, AUDIO, LIVE_RUNG, VIDEO
from tests.media.hls.given import PART_S, Log


def test_parts_gather_in_segments() -> None:
    video = Log().init().segments(0, 1).part(2, 0).index.renditions[VIDEO]
    assert [(s.number, len(s.parts)) for s in video.segments] == [(0, 6), (1, 6), (2, 1)]
    assert video.segments[1].duration_s == pytest.approx(2.0)
    assert video.segments[1].size_bytes == 600_000
    assert [s.start_s for s in video.segments] == pytest.approx([10, 12, 14])


def test_a_part_that_is_there_already_changes_nothing() -> None:
    log = Log().init().segments(0, 0)
    before = index.encode(log.index)
    log.part(0, 5).part(0, 0)
    assert index.encode(log.index) == before


def test_what_follows_the_end_is_ignored_unless_a_worker_made_it() -> None:
    log = Log().init().init(AUDIO).init(AAC).segments(0, 1, VIDEO, AUDIO).end()
    log.segment(2, VIDEO).segment(0, AAC)
    known = log.index.renditions
    assert (len(known[VIDEO].segments), len(known[AAC].segments)) == (2, 1)
    assert (known[VIDEO].final, known[AUDIO].final, known[AAC].final) == (True, True, False)
    log.part(1, 0, AAC, final=True)
    assert known[AAC].final


def test_a_number_that_a_rendition_lacks_is_a_gap_of_the_time_that_is_missing() -> None:
    log = Log().init().segments(0, 1).part(4, 0, hole_s=4.0, discontinuity=True)
    video = log.index.renditions[VIDEO]
    assert [(s.number, s.gap, round(s.duration_s, 3)) for s in video.segments] == [
        (0, False, 2.0),
        (1, False, 2.0),
        (2, True, 2.0),
        (3, True, 2.0),
        (4, False, round(PART_S, 3)),
    ]
    assert (found := video.segment(4)) is not None and not found.gap and found.discontinuity
    assert video.segment(5) is None


def test_a_broken_log_does_not_fill_memory() -> None:
    video = Log().init().segments(0, 0).part(900_000_000, 0).index.renditions[VIDEO]
    assert len(video.segments) < 2_000


def test_a_rendition_that_comes_late_knows_what_happened_before() -> None:
    log = Log().init().segments(0, 1).part(2, 0, stretch=1, discontinuity=True).segments(3, 3)
    log.init(AUDIO, codec="opus").part(4, 0, AUDIO)
    assert log.index.renditions[AUDIO].discontinuity_sequence == 1


def test_a_rendition_that_begins_with_a_discontinuity_counts_it_whoever_came_first() -> None:
    log = Log().init().segments(0, 1).init(AUDIO, codec="opus").part(2, 0, AUDIO, stretch=1, discontinuity=True)
    log.part(2, 0, stretch=1, discontinuity=True)
    assert log.index.renditions[AUDIO].discontinuity_sequence == 1
    assert log.index.renditions[VIDEO].discontinuity_sequence == 0


def test_an_index_is_read_as_it_was_written() -> None:
    log = Log().init().init(AUDIO).segments(0, 3, VIDEO, AUDIO).part(6, 0, hole_s=4).end()
    assert index.decode(index.encode(log.index)) == log.index


def test_an_index_of_an_earlier_version_is_read() -> None:
    written = (
        b'{"renditions":{"video":{"name":"video","inits":[],"segments":[{"number":0,"init":0,"stretch":0,'
        b'"program_time_us":1,"discontinuity":false,"parts":[[2.0,10,true,5]]}],"final":true}},"ended":true}'
    )
    assert index.decode(written).renditions["video"].segments[0].duration_s == 2.0


def test_headers_of_another_kind_are_refused() -> None:
    with pytest.raises(KeyError):
        index.RecordingIndex().add("video", "part", {"Loom-Number": "1"}, 1, 1)


def test_a_live_rung_is_whole_with_the_last_part_of_the_picture() -> None:
    log = Log().init().init(LIVE_RUNG).segments(0, 1, VIDEO, LIVE_RUNG).part(2, 0).part(2, 1)
    log.part(2, 0, LIVE_RUNG).end()
    rung = log.index.renditions[LIVE_RUNG]
    assert not rung.final
    log.part(2, 1, LIVE_RUNG)
    assert rung.final
    late = Log().init().init(LIVE_RUNG).segments(0, 1, VIDEO, LIVE_RUNG).end()
    assert late.index.renditions[LIVE_RUNG].final
