"""The multivariant playlist: which renditions there are, and what a player must be able to do (RFC 8216bis, 4.4.6).

One variant per picture and group of sound: Opus first, AAC for players without Opus; the picture as it was sent first,
then its rungs. A rung that takes more bits than a larger picture is of no use to anybody, and is left out.
"""

from typing import Final

from media.hls.index import RecordingIndex, RenditionIndex
from media.hls.media_playlist import Paths
from schemas.media import AAC, AUDIO, LIVE_RUNG, RUNGS, VIDEO

NOMINAL_BITS_PER_S: Final = {VIDEO: 2_500_000, LIVE_RUNG: 500_000, AUDIO: 64_000, AAC: 128_000}
_GROUPS: Final = ((AUDIO, "opus"), (AAC, "aac"))


def render(index: RecordingIndex, paths: Paths) -> str:
    """The playlist of what there is now; measured bandwidth, sizes and codecs as the streams say them."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:9"]
    video = _there(index, VIDEO)
    sounds = [(found, group) for name, group in _GROUPS if (found := _there(index, name))]
    if video is None:
        lines += [line for sound, _ in sounds for line in _variant(sound, None, None, paths)]
        return "\n".join(lines) + "\n"
    for heard, group in sounds:
        uri = paths.playlist(heard.name)
        lines.append(
            f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="{group}",NAME="Sound",DEFAULT=YES,AUTOSELECT=YES,'
            f'CHANNELS="{heard.inits[-1].headers.channels}",URI="{uri}"'
        )
    pictures = [video, *_rungs(index, video)]
    silent: list[tuple[RenditionIndex | None, str | None]] = [(None, None)]
    for sound, name in sounds or silent:
        lines += [line for picture in pictures for line in _variant(picture, sound, name, paths)]
    return "\n".join(lines) + "\n"


def _there(index: RecordingIndex, name: str) -> RenditionIndex | None:
    found = index.renditions.get(name)
    return found if found and found.inits and found.segments else None


def _rungs(index: RecordingIndex, video: RenditionIndex) -> list[RenditionIndex]:
    """The other pictures, largest first, each with fewer bits than those before it."""
    names = RUNGS if index.ended else (*RUNGS, LIVE_RUNG)
    there = [found for name in names if (found := _there(index, name)) and _has_come_along(found, video)]
    listed, least = [], _bits_per_s(video)[0]
    for rung in sorted(there, key=lambda rung: -_largest(rung)):
        peak = _bits_per_s(rung)[0]
        if peak < least:
            listed.append(rung)
            least = peak
    return listed


def _has_come_along(rung: RenditionIndex, video: RenditionIndex) -> bool:
    """A live rung that nobody watched for a while stands still."""
    return rung.final or rung.segments[-1].number >= video.segments[-1].number - 1


def _largest(rendition: RenditionIndex) -> int:
    return max(init.headers.width * init.headers.height for init in rendition.inits)


def _variant(main: RenditionIndex, sound: RenditionIndex | None, group: str | None, paths: Paths) -> list[str]:
    both = [main, sound] if sound else [main]
    codecs = ",".join(dict.fromkeys(init.headers.codec for each in both for init in each.inits))
    peak, average = (round(sum(rate)) for rate in zip(*(_bits_per_s(each) for each in both), strict=True))
    said = f'BANDWIDTH={peak},AVERAGE-BANDWIDTH={average},CODECS="{codecs}"'
    largest = max((init.headers for init in main.inits), key=lambda headers: headers.width * headers.height)
    if largest.width:
        said += f",RESOLUTION={largest.width}x{largest.height}"
    if main.frames_a_second:
        said += f",FRAME-RATE={main.frames_a_second:.3f}"
    if group:
        said += f',AUDIO="{group}"'
    return [f"#EXT-X-STREAM-INF:{said}", paths.playlist(main.name)]


def _bits_per_s(rendition: RenditionIndex) -> tuple[float, float]:
    """Peak and average of whole segments; the nominal rate until there are some."""
    whole = [segment for segment in rendition.segments if segment.duration_s >= 1] or rendition.segments
    seconds = sum(segment.duration_s for segment in whole)
    if seconds < 1:
        nominal = NOMINAL_BITS_PER_S.get(rendition.name, 1_000_000)
        return nominal, nominal
    peak = max(segment.size_bytes * 8 / segment.duration_s for segment in whole)
    return peak, sum(segment.size_bytes for segment in whole) * 8 / seconds
