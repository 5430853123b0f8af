"""What `hls_rules` leaves out: strict syntax, deltas, the multivariant playlist, agreement between renditions.

Reads with `hls_reading`, apart from whatever writes playlists. Everything returns sentences, none when all is well.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from tests import hls_rules
from tests.hls_reading import Playlist, attributes

DATE_SLACK_S = 0.25  # the clocks of a source and of its audio are not one


def complaints(text: str) -> list[str]:
    """What is wrong with one playlist, whichever kind it is."""
    if "#EXT-X-STREAM-INF" in text:
        return list(_multivariant(text))
    playlist = Playlist(text)
    found = [*playlist.wrong, *(said for rule in RULES for said in rule(playlist))]
    return found if playlist.wrong else found + hls_rules.complaints(text)


def check(answers: Sequence[str]) -> list[str]:
    """What is wrong with any of the answers to one player's reloads, or from each to the next."""
    found = [f"answer {number}: {said}" for number, text in enumerate(answers) for said in complaints(text)]
    for number, (before, after) in enumerate(pairwise(map(Playlist, answers)), 1):
        found += [f"answer {number}, against the one before: {said}" for said in _reload(before, after)]
    return found + hls_rules.check(list(answers))


def check_delta(full: str, delta: str) -> list[str]:
    """What is wrong with a delta update (6.2.5.1) for a player that has `full`."""
    before, after = Playlist(full), Playlist(delta)
    wrong = complaints(delta)
    if not after.skipped:
        return wrong
    if sum(segment.length for segment in after.segments) < after.seconds("CAN-SKIP-UNTIL"):
        wrong.append("more is skipped than CAN-SKIP-UNTIL allows")
    if after.skipped > len(before.whole):
        return [*wrong, "more is skipped than the player has"]
    dates = _dates(before)
    for number, at in _dates(after).items():
        if number in dates and abs(dates[number] - at) > 0.002:
            wrong.append(f"segment {number} has another date than in the whole playlist")
    return wrong + list(_reload(before, after))


def check_together(one: str, other: str) -> list[str]:
    """What does not agree between two renditions of a recording: discontinuities, dates, lengths of segments."""
    first, second = Playlist(one), Playlist(other)
    both = first.numbered().keys() & second.numbered().keys()
    afresh, dates, lengths = _afresh(first), _dates(first), first.numbered()
    wrong = []
    for number in sorted(both):
        if afresh[number] != (theirs := _afresh(second)[number]):
            wrong.append(f"segment {number} stands behind {afresh[number]} and {theirs} discontinuities")
        if abs(dates[number] - _dates(second)[number]) > DATE_SLACK_S:
            wrong.append(f"segment {number} has two dates")
        here, there = lengths[number].duration, second.numbered()[number].duration
        if here is not None and there is not None and abs(here - there) > 0.4:
            wrong.append(f"segment {number} has two lengths: {here} and {there}")
    return wrong


def announced(text: str) -> list[str]:
    """Every address a playlist promises to be there, the hinted one not among them."""
    playlist = Playlist(text)
    maps = [segment.map for segment in playlist.segments if segment.map]
    media = [segment.uri for segment in playlist.whole if not segment.gap]
    return list(dict.fromkeys([*maps, *media, *(p.uri for s in playlist.segments for p in s.parts if not p.gap)]))


# --- one playlist -----------------------------------------------------------------------------------------------------


def _head(playlist: Playlist) -> Iterator[str]:
    for name in ("VERSION", "TARGETDURATION", "MEDIA-SEQUENCE"):
        if not playlist.once.get(name, "").isdecimal():
            yield f"EXT-X-{name} is not there, or not a number"
    if playlist.once.get("PLAYLIST-TYPE") not in ("EVENT", "VOD", None):
        yield "no such PLAYLIST-TYPE"
    if playlist.once.get("PLAYLIST-TYPE") == "VOD" and not playlist.ended:
        yield "VOD without its end"
    if not playlist.whole and not playlist.skipped:
        yield "no segment: hls.js gives up (levelEmptyError)"
    if playlist.segments and playlist.segments[0].date is None:
        yield "no EXT-X-PROGRAM-DATE-TIME before the first segment"


def _control(playlist: Playlist) -> Iterator[str]:
    low_latency = bool(playlist.part_target)
    if any(segment.parts for segment in playlist.segments) and not low_latency:
        yield "parts without EXT-X-PART-INF"
    if low_latency and playlist.control.get("CAN-BLOCK-RELOAD") != "YES":
        yield "parts without blocking reload"
    if "HOLD-BACK" in playlist.control and playlist.seconds("HOLD-BACK") < 3 * playlist.target:
        yield "HOLD-BACK is less than three target durations"
    if "SKIP" in playlist.once and ("CAN-SKIP-UNTIL" not in playlist.control or playlist.skipped < 1):
        yield "a skip that was not offered, or of nothing"


def _segments(playlist: Playlist) -> Iterator[str]:
    for number, segment in playlist.numbered().items():
        if segment.duration is None and segment is not playlist.segments[-1]:
            yield f"segment {number} has no EXTINF"
        if segment.duration is not None and segment.duration <= 0:
            yield f"segment {number} lasts no time"
        if segment.discontinuity and segment.date is None:
            yield f"segment {number} begins afresh without EXT-X-PROGRAM-DATE-TIME"


def _parts(playlist: Playlist) -> Iterator[str]:
    """Listed for as long as a player may hold back at the least, and for no more than three target durations."""
    behind = 0.0
    for segment in reversed(playlist.segments):
        yield from (f"{part.uri} lasts no time" for part in segment.parts if part.duration <= 0)
        if segment.parts and behind > 3 * playlist.target:
            yield f"{segment.parts[0].uri} is listed though {behind:.1f} s lie behind it"
        lacks = bool(playlist.part_target) and not playlist.ended and not segment.parts and not segment.gap
        if lacks and behind < playlist.seconds("PART-HOLD-BACK"):
            yield f"{segment.uri} has no parts though only {behind:.1f} s lie behind it"
        behind += segment.length


def _tail(playlist: Playlist) -> Iterator[str]:
    if playlist.ended and playlist.reports:
        yield "a rendition is reported on behind the end"
    if playlist.ended and any(segment.duration is None for segment in playlist.segments):
        yield "ended with parts that belong to no segment"
    if len(playlist.hints) > 1:
        yield "two hints at parts"
    for report in playlist.reports:
        if not report.get("LAST-MSN", "").isdecimal() or not report.get("LAST-PART", "").isdecimal():
            yield f"a rendition report that reports nothing: {report}"


def _multivariant(text: str) -> Iterator[str]:
    lines = text.splitlines()
    if lines[0] != "#EXTM3U":
        yield "does not begin with #EXTM3U"
    media = [_attributes(line) for line in lines if line.startswith("#EXT-X-MEDIA:")]
    groups = {found.get("GROUP-ID") for found in media}
    yield from (f"sound without GROUP-ID, NAME or URI: {m}" for m in media if not {"GROUP-ID", "NAME", "URI"} <= set(m))
    for line, uri in pairwise([*lines, ""]):
        if line.startswith("#EXT-X-STREAM-INF:"):
            yield from (f"{said}: {line}" for said in _variant(_attributes(line), groups))
            if not uri or uri.startswith("#"):
                yield f"no address behind: {line}"


def _variant(found: dict[str, str], groups: set[str | None]) -> Iterator[str]:
    if not found.get("BANDWIDTH", "").isdecimal() or not found.get("CODECS"):
        yield "BANDWIDTH or CODECS is missing"
    elif int(found["BANDWIDTH"]) < int(found.get("AVERAGE-BANDWIDTH", "0")):
        yield "less at its peak than on average"
    if "avc1" in found.get("CODECS", "") and "RESOLUTION" not in found:
        yield "a picture without RESOLUTION"
    if "AUDIO" in found and found["AUDIO"] not in groups:
        yield "a group that is not there"


def _attributes(line: str) -> dict[str, str]:
    return attributes(line.partition(":")[2])


RULES = (_head, _control, _segments, _parts, _tail)


# --- from one answer to the next --------------------------------------------------------------------------------------


def _reload(before: Playlist, after: Playlist) -> Iterator[str]:
    for name in ("VERSION", "PLAYLIST-TYPE", "MEDIA-SEQUENCE", "DISCONTINUITY-SEQUENCE"):
        if before.once.get(name) != after.once.get(name):
            yield f"EXT-X-{name} was {before.once.get(name)} and is {after.once.get(name)}"
    if after.newest < before.newest:
        yield f"it went back from {before.newest} to {after.newest}"
    now = after.numbered()
    for number, segment in before.numbered().items():
        then = now.get(number)
        if then and segment.duration is not None and segment.said != then.said:
            yield f"segment {number} was {segment.said} and is {then.said}"
        if then and then.parts and segment.parts != then.parts[: len(segment.parts)]:
            yield f"segment {number} has other parts than before"


def _afresh(playlist: Playlist) -> dict[int, int]:
    """How many discontinuities stand before each segment, itself included."""
    count = int(playlist.once.get("DISCONTINUITY-SEQUENCE", "0"))
    found = {}
    for number, segment in playlist.numbered().items():
        count += segment.discontinuity
        found[number] = count
    return found


def _dates(playlist: Playlist) -> dict[int, float]:
    """The date of each segment, said or reckoned."""
    at = 0.0
    found = {}
    for number, segment in playlist.numbered().items():
        at = segment.date if segment.date is not None else at
        found[number] = at
        at += segment.length
    return found
