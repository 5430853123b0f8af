"""What a player must know before it begins: codecs, sizes, rates and which sound goes with which picture."""

import re

import pytest
from msgspec import structs

from media.hls import multivariant_playlist
from media.hls.index import IndexedInit, IndexedPart, RecordingIndex
from schemas.media import AAC, AUDIO, LIVE_RUNG, VIDEO, InitHeaders
from tests import hls_strict, other_parsers
from tests.media.hls.given import PATHS, Log


def both() -> Log:
    return Log().init().init(AUDIO, codec="opus").segments(0, 2, VIDEO, AUDIO)


def with_aac() -> Log:
    return both().init(AAC, codec="mp4a.40.2").segments(0, 2, AAC)


OPUS = '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="opus",NAME="Sound",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="audio.m3u8"\n'
RATES = "#EXT-X-STREAM-INF:BANDWIDTH=4800000,AVERAGE-BANDWIDTH=4800000,"
CASES = {
    "picture and sound": (
        both,
        f'{OPUS}{RATES}CODECS="avc1.42e01f,opus",RESOLUTION=1280x720,AUDIO="opus"\nvideo.m3u8\n',
    ),
    "Opus first, AAC for those without": (
        with_aac,
        OPUS
        + OPUS.replace("opus", "aac").replace("audio.m3u8", "aac.m3u8")
        + f'{RATES}CODECS="avc1.42e01f,opus",RESOLUTION=1280x720,AUDIO="opus"\nvideo.m3u8\n'
        + f'{RATES}CODECS="avc1.42e01f,mp4a.40.2",RESOLUTION=1280x720,AUDIO="aac"\nvideo.m3u8\n',
    ),
    "picture alone": (
        lambda: Log().init().segments(0, 2),
        '#EXT-X-STREAM-INF:BANDWIDTH=2400000,AVERAGE-BANDWIDTH=2400000,CODECS="avc1.42e01f",RESOLUTION=1280x720\nvideo.m3u8\n',
    ),
    "sound alone": (
        lambda: Log().init(AUDIO, codec="opus").segments(0, 2, AUDIO),
        '#EXT-X-STREAM-INF:BANDWIDTH=2400000,AVERAGE-BANDWIDTH=2400000,CODECS="opus"\naudio.m3u8\n',
    ),
}


@pytest.mark.parametrize("name", CASES)
async def test_it_reads_line_by_line(name: str) -> None:
    made, expected = CASES[name]
    text = multivariant_playlist.render(made().index, PATHS)
    assert text == "#EXTM3U\n#EXT-X-VERSION:9\n" + expected
    assert hls_strict.complaints(text) == []
    assert await other_parsers.complaints([text]) == []


def test_the_peak_is_that_of_the_largest_segment() -> None:
    log = both().segment(3, size=200_000)
    assert "BANDWIDTH=7200000,AVERAGE-BANDWIDTH=5400000" in multivariant_playlist.render(log.index, PATHS)


def test_every_parameter_set_is_named_and_the_largest_size() -> None:
    log = Log().init().segments(0, 1).init(number=1, codec="avc1.4d0028").part(2, 0, discontinuity=True)
    assert 'CODECS="avc1.42e01f,avc1.4d0028",RESOLUTION=1280x720' in multivariant_playlist.render(log.index, PATHS)


def test_a_rendition_without_media_is_not_offered() -> None:
    text = multivariant_playlist.render(both().init(AAC, codec="mp4a.40.2").index, PATHS)
    assert "aac" not in text


def ended_with(**sizes: int) -> RecordingIndex:
    """A recording of 720 lines and 2.4 Mbit/s, and its rungs with segments of so many bytes."""
    index = both().end().index
    for name, size in sizes.items():
        height = int(name.removesuffix("p"))
        rung = structs.replace(index.renditions[VIDEO], name=name, frames_a_second=30.0)
        rung.inits = [IndexedInit(InitHeaders(0, "avc1.64001f", 90_000, height * 16 // 9, height), 700, -1)]
        rung.segments = [
            structs.replace(one, parts=[IndexedPart(one.duration_s, size, True, -2)]) for one in rung.segments
        ]
        index.renditions[name] = rung
    return index


async def test_rungs_follow_the_source_each_with_fewer_bits() -> None:
    text = multivariant_playlist.render(ended_with(**{"360p": 100_000, "720p": 500_000, "480p": 200_000}), PATHS)
    assert re.findall(r"^(\w+)\.m3u8$", text, re.MULTILINE) == [VIDEO, "720p", "480p", "360p"]
    assert 'CODECS="avc1.64001f,opus",RESOLUTION=640x360,FRAME-RATE=30.000,AUDIO="opus"\n360p.m3u8' in text
    assert hls_strict.complaints(text) == []
    assert await other_parsers.complaints([text]) == []


def test_a_rung_that_costs_more_than_a_larger_picture_is_not_offered() -> None:
    text = multivariant_playlist.render(ended_with(**{"720p": 900_000, "480p": 300_000, "360p": 300_000}), PATHS)
    assert re.findall(r"^(\w+)\.m3u8$", text, re.MULTILINE) == [VIDEO, "480p"]


def test_a_live_rung_is_offered_while_it_keeps_up_and_the_recording_is_live() -> None:
    log = both().init(LIVE_RUNG).segments(0, 2, LIVE_RUNG)
    log.index.renditions[LIVE_RUNG].inits[0] = IndexedInit(InitHeaders(0, "avc1.42c01e", 90_000, 640, 360), 700, 1)
    for segment in log.index.renditions[LIVE_RUNG].segments:
        segment.parts = [structs.replace(part, size_bytes=10_000) for part in segment.parts]
    assert "live360.m3u8" in multivariant_playlist.render(log.index, PATHS)
    assert "live360.m3u8" in multivariant_playlist.render(log.segments(3, 3).index, PATHS)
    assert "live360.m3u8" not in multivariant_playlist.render(log.segments(4, 4).index, PATHS)
    log.segments(3, 4, LIVE_RUNG).end()
    assert "live360.m3u8" not in multivariant_playlist.render(log.index, PATHS)
