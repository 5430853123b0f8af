import pytest

from media.pictures.thumbnails import Cue, Place, render
from tests.actors.processing.pictures.cues import cues as read


def test_a_stranger_reads_what_was_written() -> None:
    cues = [
        Cue(0, 2.002, "sprite-0.jpg?v=1f", Place(0, 0, 160, 90)),
        Cue(2.002, 3_599.9996, "sprite-0.jpg?v=1f", Place(160, 0, 160, 90)),
        Cue(3_599.9996, 362_439.5, "sprite-1.jpg?v=2", Place(1_440, 810, 90, 160)),
    ]
    found = read(render(cues).encode())
    assert [text for *_, text in found] == [
        "sprite-0.jpg?v=1f#xywh=0,0,160,90",
        "sprite-0.jpg?v=1f#xywh=160,0,160,90",
        "sprite-1.jpg?v=2#xywh=1440,810,90,160",
    ]
    for cue, (start_s, end_s, _) in zip(cues, found, strict=True):
        assert start_s == pytest.approx(cue.start_s, abs=0.0006)
        assert end_s == pytest.approx(cue.end_s, abs=0.0006)


def test_nothing_to_see_is_an_empty_file() -> None:
    assert render([]) == "WEBVTT\n"
    assert read(render([Cue(1, 1.0001, "x", Place(0, 0, 2, 2))]).encode()) == []
