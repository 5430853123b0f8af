"""A media playlist is what the index says, line by line, and accepted by strangers and by our own rules."""

from collections.abc import Callable

import pytest

from media.hls import media_playlist
from media.hls.media_playlist import Timing
from schemas.media import AUDIO, VIDEO
from tests import hls_strict, other_parsers
from tests.media.hls.given import PATHS, TIMING, Log, growing

HEAD = """\
#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:4
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=24.000,HOLD-BACK=12.000,PART-HOLD-BACK=1.002
#EXT-X-PART-INF:PART-TARGET=0.334
#EXT-X-PLAYLIST-TYPE:EVENT
#EXT-X-MEDIA-SEQUENCE:0
"""


def live(log: Log, rendition: str = VIDEO, *, skip: bool = False) -> str:
    known = log.index.renditions
    others = [other for name, other in known.items() if name != rendition]
    return media_playlist.live(known[rendition], TIMING, PATHS, others, skip=skip)


def parts(segment: int, count: int) -> str:
    return "".join(
        f'#EXT-X-PART:DURATION=0.33333,URI="video/{segment}.{part}.m4s"{"" if part else ",INDEPENDENT=YES"}\n'
        for part in range(count)
    )


CASES: dict[str, tuple[Callable[[], Log], str]] = {
    "a segment and a part": (
        lambda: Log().init().segments(0, 0).part(1, 0),
        f"""\
#EXT-X-MAP:URI="video/init-0.mp4"
#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.123Z
{parts(0, 6)}#EXTINF:2.00000,
video/0.m4s
{parts(1, 1)}#EXT-X-PRELOAD-HINT:TYPE=PART,URI="video/1.1.m4s"
""",
    ),
    "behind a full segment the next one is expected": (
        lambda: Log().init().segments(0, 1),
        f"""\
#EXT-X-MAP:URI="video/init-0.mp4"
#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.123Z
{parts(0, 6)}#EXTINF:2.00000,
video/0.m4s
{parts(1, 6)}#EXT-X-PRELOAD-HINT:TYPE=PART,URI="video/2.0.m4s"
""",
    ),
    "a pause lets the date jump and nothing else": (
        lambda: Log().init().segments(0, 0).part(1, 0, stretch=1, paused_s=60),
        f"""\
#EXT-X-MAP:URI="video/init-0.mp4"
#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.123Z
{parts(0, 6)}#EXTINF:2.00000,
video/0.m4s
#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:14:22.123Z
{parts(1, 1)}#EXT-X-PRELOAD-HINT:TYPE=PART,URI="video/1.1.m4s"
""",
    ),
    "a new size has its own map behind a discontinuity": (
        lambda: Log().init().segments(0, 0).init(number=1).part(1, 0, discontinuity=True),
        f"""\
#EXT-X-MAP:URI="video/init-0.mp4"
#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.123Z
{parts(0, 6)}#EXTINF:2.00000,
video/0.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="video/init-1.mp4"
#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:22.123Z
{parts(1, 1)}#EXT-X-PRELOAD-HINT:TYPE=PART,URI="video/1.1.m4s"
""",
    ),
    "what is missing is a gap": (
        lambda: Log().init().segments(0, 0).part(2, 0, hole_s=1.5),
        f"""\
#EXT-X-MAP:URI="video/init-0.mp4"
#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.123Z
{parts(0, 6)}#EXTINF:2.00000,
video/0.m4s
#EXT-X-GAP
#EXTINF:1.50000,
video/1.m4s
{parts(2, 1)}#EXT-X-PRELOAD-HINT:TYPE=PART,URI="video/2.1.m4s"
""",
    ),
    "another rendition is reported on": (
        lambda: Log().init().segments(0, 0).part(1, 0).init(AUDIO).segments(0, 0, AUDIO),
        f"""\
#EXT-X-MAP:URI="video/init-0.mp4"
#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.123Z
{parts(0, 6)}#EXTINF:2.00000,
video/0.m4s
{parts(1, 1)}#EXT-X-PRELOAD-HINT:TYPE=PART,URI="video/1.1.m4s"
#EXT-X-RENDITION-REPORT:URI="audio.m3u8",LAST-MSN=0,LAST-PART=5
""",
    ),
}


@pytest.mark.parametrize("name", CASES)
async def test_it_reads_line_by_line(name: str) -> None:
    made, expected = CASES[name]
    text = live(made())
    assert text == HEAD + expected
    assert hls_strict.complaints(text) == []
    assert await other_parsers.complaints([text]) == []


async def test_every_reload_of_a_long_recording_is_accepted() -> None:
    log = Log().init().init(AUDIO, codec="opus")
    video: list[str] = []
    audio: list[str] = []
    deltas: list[tuple[str, str]] = []
    for _ in growing(log, 60, VIDEO, AUDIO):
        if len(log.index.renditions[VIDEO].segments) > 1:
            deltas.append((video[-1] if video else live(log), live(log, skip=True)))
            video.append(live(log))
            audio.append(live(log, AUDIO))
    log.end()
    ended = media_playlist.ended(log.index.renditions[VIDEO], TIMING, PATHS, parts=True)
    assert hls_strict.check([*video, ended]) == []
    assert hls_strict.check(audio) == []
    assert [said for full, delta in deltas for said in hls_strict.check_delta(full, delta)] == []
    assert hls_strict.check_together(video[-1], audio[-1]) == []
    assert sum("#EXT-X-SKIP" in delta for _, delta in deltas) > 100
    assert await other_parsers.complaints([*video[::10], *audio[::10], ended]) == []


def test_a_delta_is_small_however_long_the_recording() -> None:
    log = Log().init().segments(0, 1800)
    assert len(live(log)) > 40_000
    assert len(live(log, skip=True)) < 4_500


def test_a_delta_says_map_and_date_of_its_first_segment() -> None:
    delta = live(Log().init().segments(0, 99), skip=True).partition("#EXT-X-SKIP:SKIPPED-SEGMENTS=87\n")[2]
    assert delta.splitlines()[:2] == [
        '#EXT-X-MAP:URI="video/init-0.mp4"',
        "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:16:14.123Z",
    ]


async def test_an_archived_recording_is_an_ordinary_one() -> None:
    log = Log().init().segments(0, 20).init(number=1).part(21, 0, stretch=1, paused_s=3, discontinuity=True).end()
    text = media_playlist.ended(log.index.renditions[VIDEO], TIMING, PATHS)
    assert "#EXT-X-PLAYLIST-TYPE:VOD\n" in text and text.endswith("video/21.m4s\n#EXT-X-ENDLIST\n")
    assert "#EXT-X-PART" not in text and "SERVER-CONTROL" not in text
    assert hls_strict.complaints(text) == []
    assert await other_parsers.complaints([text]) == []


def test_an_archive_made_with_other_settings_says_how_long_its_segments_are() -> None:
    log = Log().init().segments(0, 3).segment(4, parts=2, seconds=4.0).end()
    assert "#EXT-X-TARGETDURATION:8\n" in media_playlist.ended(log.index.renditions[VIDEO], TIMING, PATHS)


async def test_a_rendition_that_came_late_stands_beside_the_others() -> None:
    log = Log().init().segments(0, 1).init(number=1)
    log.segment(2, stretch=1, discontinuity=True, parts=1).segments(3, 4)
    log.init(AUDIO, codec="opus").part(3, 0, AUDIO, hole_s=4 + 1 / 3, stretch=1).segments(4, 4, AUDIO)
    audio = live(log, AUDIO)
    assert "#EXT-X-MEDIA-SEQUENCE:3\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n" in audio
    assert hls_strict.complaints(audio) == []
    assert await other_parsers.complaints([audio]) == []


@pytest.mark.parametrize(("part_s", "target"), [(1 / 3, 0.334), (0.2, 0.2), (0.5, 0.5), (0.1001, 0.101)])
def test_promises_come_from_settings_alone(part_s: float, target: float) -> None:
    control = Timing(part_s, 2.0).control
    assert Timing(part_s, 2.0).part_target_s == target
    assert control.part_hold_back_s == pytest.approx(3 * target)
