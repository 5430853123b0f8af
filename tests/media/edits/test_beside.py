import pytest

from media.audio.audiowaveform import Waveform
from media.edits import beside
from media.edits.edit_list import Range
from media.pictures import thumbnails
from media.pictures.thumbnails import Cue, Place

KEEP = [Range(1.0, 3.0), Range(5.0, 6.5)]
CUES = [Cue(at, at + 2, f"sprite-0.jpg?v={at}", Place(160 * at, 0, 160, 90)) for at in range(0, 8, 2)]


def test_thumbnails_stand_where_their_moments_are_shown() -> None:
    found = beside.thumbnails(CUES, KEEP)
    assert [(cue.start_s, cue.end_s, cue.place.x) for cue in found] == [
        *((0.0, 1.0, 0), (1.0, 2.0, 320), (2.0, 3.0, 640), (3.0, 3.5, 960))
    ]


def test_of_what_is_cut_out_nothing_is_seen_or_heard() -> None:
    loud = [value for at in range(160) for value in ((-100, 100) if 60 <= at < 100 else (0, 0))]  # 3 s to 5 s
    found = beside.waveform(Waveform(2, 1, 48_000, 2_400, 8, 160, loud), KEEP)
    assert (found.length, len(found.data)) == (70, 140)
    assert set(found.data) == {0}
    assert all(cue.start_s != 4 for cue in beside.thumbnails(CUES, [Range(0.0, 4.0), Range(6.0, 8.0)])[:2])


def test_the_waveform_of_many_short_ranges_is_as_long_as_they_are() -> None:
    keep = [Range(at + 0.013, at + 0.24) for at in range(7)]
    found = beside.waveform(Waveform(2, 1, 48_000, 2_400, 8, 160, [-1, 1] * 160), keep)
    assert found.length == pytest.approx(7 * 0.227 * 20, abs=1)
    assert set(found.data) == {-1, 1}


def test_cues_are_read_as_they_were_written() -> None:
    assert thumbnails.parse(thumbnails.render(CUES)) == CUES
    assert thumbnails.parse("WEBVTT\n\n00:00 --> 00:02\nsome words\n") == []
