"""The checker finds every mistake that is planted, and none where there is none."""

import pytest

from media.hls import media_playlist
from media.hls.index import RecordingIndex
from media.hls.media_playlist import Paths, Timing
from schemas.media import InitHeaders, PartHeaders, to_headers
from subjects import objects
from tests import hls_rules

PATHS = Paths(objects.init_path, objects.segment_path, objects.part_path, objects.playlist_path)


def index(segments: int, parts: int) -> RecordingIndex:
    found = RecordingIndex()
    found.add("video", "init", to_headers(InitHeaders(0, "avc1.42e01f", 90_000, 640, 360)), 700, 1)
    for number in range(segments * 6 + parts):
        at = number * 30_000
        said = PartHeaders(
            number // 6, number % 6, 0, 90_000, 900_000 + at, 30_000, 10**15 + at * 100 // 9, 0, number % 6 == 0
        )
        found.add("video", "part", to_headers(said), 10_000, number + 2)
    return found


def live(segments: int = 8, parts: int = 3) -> str:
    return media_playlist.live(index(segments, parts).renditions["video"], Timing(), PATHS)


def ended() -> str:
    return media_playlist.ended(index(8, 3).renditions["video"], Timing(), PATHS, parts=True)


def test_a_recording_from_its_first_part_to_its_end_is_beyond_reproach() -> None:
    answers = [live(segments, parts) for segments in range(1, 9) for parts in range(1, 6)]
    assert (
        hls_rules.check(
            [*answers, live(9, 0), media_playlist.ended(index(9, 0).renditions["video"], Timing(), PATHS, parts=True)]
        )
        == []
    )


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("#EXTM3U\n", "", "EXTM3U"),
        ('#EXT-X-MAP:URI="video/init-0.mp4"\n', "", "EXT-X-MAP"),
        ('URI="video/init-0.mp4"', "URI=video/init-0.mp4", "quoted"),
        ("PART-HOLD-BACK=1.002", "PART-HOLD-BACK=0.5", "PART-HOLD-BACK"),
        ("CAN-SKIP-UNTIL=24.000", "CAN-SKIP-UNTIL=12.000", "CAN-SKIP-UNTIL"),
        ("#EXTINF:2.00000,\nvideo/7.m4s", "#EXTINF:2.10000,\nvideo/7.m4s", "its parts"),
        ("#EXTINF:2.00000,\nvideo/0.m4s", "#EXTINF:5.00000,\nvideo/0.m4s", "TARGETDURATION"),
        ('DURATION=0.33333,URI="video/7.1.m4s"', 'DURATION=0.43333,URI="video/7.1.m4s"', "PART-TARGET"),
        ('DURATION=0.33333,URI="video/8.1.m4s"', 'DURATION=0.20000,URI="video/8.1.m4s"', "85 %"),
        ("video/5.m4s", "video/4.m4s", "twice"),
        ("video/8.3.m4s", "video/8.2.m4s", "hint"),
        ("#EXTINF:2.00000,\nvideo/3.m4s", "video/3.m4s", "without EXTINF"),
        ("#EXTINF:2.00000,\nvideo/3.m4s", '#EXT-X-MAP:URI="x.mp4"\n#EXTINF:2.00000,\nvideo/3.m4s', "another map"),
        ("#EXTINF:2.00000,\nvideo/7.m4s", "#EXT-X-DISCONTINUITY\n#EXTINF:2.00000,\nvideo/7.m4s", "behind"),
        (
            "#EXTINF:2.00000,\nvideo/1.m4s",
            "#EXT-X-PROGRAM-DATE-TIME:2001-01-01T00:00:00Z\n#EXTINF:2.00000,\nvideo/1.m4s",
            "goes back",
        ),
    ],
)
def test_a_planted_mistake_is_found(old: str, new: str, word: str) -> None:
    text = live()
    assert old in text
    assert any(word in problem for problem in hls_rules.complaints(text.replace(old, new, 1)))


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        (live(), live().replace("TARGETDURATION:4", "TARGETDURATION:5"), "TARGETDURATION"),
        (live(), live().replace("PART-TARGET=0.334", "PART-TARGET=0.335"), "PART-INF"),
        (live(8, 3), live(8, 1), "parts of segment"),
        (live(8, 3), live(7, 3), "gone"),
        (live(8, 2), ended(), "together"),
        (ended(), live(), "follows the end"),
        (live(), live().replace("MEDIA-SEQUENCE:0", "MEDIA-SEQUENCE:1"), "removed"),
    ],
)
def test_a_mistake_between_two_reloads_is_found(before: str, after: str, word: str) -> None:
    assert any(word in problem for problem in hls_rules.check([before, after]))
