"""What a player must know before it begins: codecs, sizes, rates and which sound goes with which picture."""

import pytest

from media.hls import multivariant_playlist
from schemas.media import AAC, AUDIO, VIDEO
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
