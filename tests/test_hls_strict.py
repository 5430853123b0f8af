"""The strict checker finds every mistake that is planted, and none where there is none."""

import pytest

from media.hls import media_playlist, multivariant_playlist
from schemas.media import AUDIO, VIDEO
from tests import hls_strict
from tests.media.hls.given import PATHS, TIMING, Log


def log() -> Log:
    made = Log().init().init(AUDIO, codec="opus").segments(0, 14, VIDEO, AUDIO)
    return made.part(15, 0).part(15, 1).part(15, 0, AUDIO)


def live(rendition: str = VIDEO, *, skip: bool = False) -> str:
    known = log().index.renditions
    others = [other for name, other in known.items() if name != rendition]
    return media_playlist.live(known[rendition], TIMING, PATHS, others, skip=skip)


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("#EXTM3U\n", "\n", "#EXTM3U"),
        ("#EXT-X-PLAYLIST-TYPE:EVENT\n", "\r\n", "line ends"),
        ("#EXT-X-PLAYLIST-TYPE:EVENT\n", "#EXT-X-PLAYLIST-TIPE:EVENT\n", "unknown tag"),
        ("#EXT-X-PLAYLIST-TYPE:EVENT\n", "#EXT-X-PLAYLIST-TYPE:VOD\n", "without its end"),
        ("#EXT-X-PLAYLIST-TYPE:EVENT\n", "#EXT-X-VERSION:9\n", "twice"),
        ("#EXT-X-TARGETDURATION:4\n", "#EXT-X-TARGETDURATION:3.5\n", "not a number"),
        ("HOLD-BACK=12.000", "HOLD-BACK=9.000", "three target durations"),
        ("CAN-BLOCK-RELOAD=YES,", "", "blocking reload"),
        ("#EXT-X-PART-INF:PART-TARGET=0.334\n", "", "PART-INF"),
        ('URI="video/15.2.m4s"', 'URI="video/15.2.m4s",URI="x"', "attribute list"),
        ('INDEPENDENT=YES\n#EXT-X-PART:DURATION=0.33333,URI="video/15.1', 'INDEPENDENT="YES\n#EXT-X-PART:DURATION=0.33333,URI="video/15.1', "attribute list"),
        ("#EXTINF:2.00000,\nvideo/3.m4s", "#EXTINF:2.00000\nvideo/3.m4s", "a comma"),
        ("#EXTINF:2.00000,\nvideo/3.m4s", "#EXTINF:2.00000,\n", "empty line"),
        ("#EXTINF:2.00000,\nvideo/3.m4s", "#EXT-X-GAP\n#EXT-X-DISCONTINUITY\n#EXTINF:2.00000,\nvideo/3.m4s", "afresh"),
        ("#EXTINF:2.00000,\nvideo/3.m4s", '#EXT-X-PART:DURATION=0.3,URI="old"\n#EXTINF:2.00000,\nvideo/3.m4s', "lie behind it"),
        (':DURATION=0.33333,URI="video/15.1.m4s"', ':DURATION=0.00000,URI="video/15.1.m4s"', "no time"),
        ("#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.123Z\n", "", "PROGRAM-DATE-TIME before"),
        ("2023-11-14T22:13:20.123Z", "14 November 2023", "ISO 8601"),
        ("LAST-MSN=15,", "", "reports nothing"),
        ("#EXT-X-PRELOAD-HINT:", '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="y"\n#EXT-X-PRELOAD-HINT:', "two hints"),
    ],
)  # fmt: skip
def test_a_planted_mistake_is_found(old: str, new: str, word: str) -> None:
    assert hls_strict.complaints(live()) == []
    assert old in live()
    found = hls_strict.complaints(live().replace(old, new, 1))
    assert any(word in said for said in found), found


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("SKIPPED-SEGMENTS=3", "SKIPPED-SEGMENTS=4", "with other"),
        ("SKIPPED-SEGMENTS=3", "SKIPPED-SEGMENTS=0", "of nothing"),
        ("SKIPPED-SEGMENTS=3", "SKIPPED-SEGMENTS=60", "more is skipped"),
        ("22:13:26.123", "22:13:26.623", "another date"),
        ("CAN-SKIP-UNTIL=24.000", "CAN-SKIP-UNTIL=36.000", "more is skipped"),
    ],
)
def test_a_mistake_in_a_delta_is_found(old: str, new: str, word: str) -> None:
    delta = live(skip=True)
    assert hls_strict.check_delta(live(), delta) == []
    assert old in delta
    found = hls_strict.check_delta(live(), delta.replace(old, new, 1))
    assert found if word == "with other" else any(word in said for said in found), found


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("22:13:20.123", "22:13:21.123", "two dates"),
        ("#EXTINF:2.00000,\naudio/3.m4s", "#EXTINF:2.90000,\naudio/3.m4s", "two lengths"),
        ("#EXTINF:2.00000,\naudio/3.m4s", "#EXT-X-DISCONTINUITY\n#EXTINF:2.00000,\naudio/3.m4s", "discontinuities"),
    ],
)
def test_renditions_that_do_not_agree_are_found(old: str, new: str, word: str) -> None:
    audio = live(AUDIO)
    assert hls_strict.check_together(live(), audio) == []
    assert any(word in said for said in hls_strict.check_together(live(), audio.replace(old, new, 1)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("BANDWIDTH=4800000", "BANDWIDTH=many"),
        ("RESOLUTION=1280x720,", ""),
        (',AUDIO="opus"', ',AUDIO="none"'),
        (',URI="audio.m3u8"', ""),
        ("video.m3u8\n", ""),
        ('CODECS="avc1.42e01f,opus",', ""),
    ],
)
def test_a_mistake_in_a_multivariant_playlist_is_found(old: str, new: str) -> None:
    text = multivariant_playlist.render(log().index, PATHS)
    assert hls_strict.complaints(text) == []
    assert old in text
    assert hls_strict.complaints(text.replace(old, new, 1))


def test_what_was_said_may_not_change() -> None:
    assert hls_strict.check([live(), live().replace("PLAYLIST-TYPE:EVENT", "PLAYLIST-TYPE:VOD")])
    assert hls_strict.check([live(), live().replace("video/3.m4s", "video/3b.m4s")])


def test_everything_announced_is_named_once() -> None:
    named = hls_strict.announced(live())
    assert named[:2] == ["video/init-0.mp4", "video/0.m4s"]
    assert named[-1] == "video/15.1.m4s"
    assert len(named) == 1 + 15 + 6 + 6 + 2
