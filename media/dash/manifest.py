"""A DASH manifest as a pure function of the index (ISO/IEC 23009-1): the same segments as under HLS, whole ones only.

Segments have the same numbers in every rendition, so a Period is a range of numbers: a new one begins where a decoder
begins afresh, where an init segment changes, and where some rendition begins or ends to have a hole. Times are those of
the media clock, which stands still during a pause; while live, `availabilityStartTime` is where that clock would have
begun to be at the newest segment now. So a resumed recording is at its live edge again; nobody seeks through a pause.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from xml.sax.saxutils import quoteattr

from media.hls.index import IndexedInit, IndexedSegment, RecordingIndex, RenditionIndex
from schemas.media import AAC, AUDIO, BASE_OFFSET_S, VIDEO

LIVE_PROFILE: Final = "urn:mpeg:dash:profile:isoff-live:2011"
CHANNELS: Final = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011"
CLOCK: Final = "urn:mpeg:dash:utc:direct:2014"
HOLD_BACK_SEGMENTS: Final = 3
UPDATES: Final = "minimumUpdatePeriod"
FOLLOWED_S: Final = 15.0
NOMINAL_BITS_PER_S: Final = 1_000_000


class Names(NamedTuple):
    """What inits and segments are called, relative to the manifest; `media` is a template with $Number$."""

    init: Callable[[str, int], str]
    media: Callable[[str], str]


class Span(NamedTuple):
    """Segment numbers of one Period, the last one excluded."""

    first: int
    end: int


def render(index: RecordingIndex, names: Names, segment_s: float, now: datetime) -> str:
    """The manifest of what is whole by now: dynamic while more is to come and a moment longer, then static.

    Raises ValueError while there is no whole segment.
    """
    renditions = [known for known in index.renditions.values() if known.inits and _whole(known)]
    main = next((known for name in (VIDEO, AUDIO, AAC) for known in renditions if known.name == name), None)
    if main is None:
        raise ValueError("No segment is whole yet.")
    is_live = not main.final
    head = list(_live(main, segment_s, now)) if is_live or _is_followed(main, now) else [("type", "static")]
    if not is_live:
        head = [said for said in head if said[0] != UPDATES] + [("mediaPresentationDuration", _end(main))]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        _open("MPD", ("xmlns", "urn:mpeg:dash:schema:mpd:2011"), ("profiles", LIVE_PROFILE), *head)[:-1]
        + f" minBufferTime={quoteattr(_duration(segment_s))}>",
    ]
    renditions = [known for known in renditions if not _joins_late(known, main)]
    spans = _spans(renditions, main)
    for number, span in enumerate(spans):
        following = spans[number + 1] if number + 1 < len(spans) else None
        lines += _period(renditions, main, names, span, following, is_live=is_live)
    if ("type", "dynamic") in head:
        lines.append(f'<UTCTiming schemeIdUri="{CLOCK}" value="{_moment(now)}"/>')
    return "\n".join([*lines, "</MPD>"]) + "\n"


def _live(main: RenditionIndex, segment_s: float, now: datetime) -> Iterator[tuple[str, str]]:
    newest = _whole(main)[-1]
    began = datetime.fromtimestamp(newest.program_time_us / 1e6, UTC) - timedelta(seconds=_media_s(newest.start_s))
    yield "type", "dynamic"
    yield "availabilityStartTime", _moment(began)
    yield "publishTime", _moment(now)
    yield UPDATES, _duration(segment_s)
    yield "suggestedPresentationDelay", _duration(HOLD_BACK_SEGMENTS * segment_s)


def _is_followed(main: RenditionIndex, now: datetime) -> bool:
    """Who watched it live has to learn of the end without a change of type: dash.js stops where it is at such a one."""
    newest = main.segments[-1]
    ended = datetime.fromtimestamp(newest.program_time_us / 1e6 + newest.duration_s, UTC)
    return abs(now - ended) < timedelta(seconds=FOLLOWED_S)


def _whole(rendition: RenditionIndex) -> Sequence[IndexedSegment]:
    """The newest one still grows, unless nothing more comes."""
    return rendition.segments if rendition.final else rendition.segments[:-1]


def _joins_late(rendition: RenditionIndex, main: RenditionIndex) -> bool:
    """In the middle of a Period, which would have to be divided while somebody plays it: the live rung does so."""
    begins = main.segment(rendition.bounds[0])
    return begins is not None and rendition.bounds[0] > main.bounds[0] and not begins.discontinuity


def _spans(renditions: Sequence[RenditionIndex], main: RenditionIndex) -> list[Span]:
    """The Periods. What a derived rendition lacks at its end is still being made: no reason for a Period."""
    first, end = main.bounds[0], _whole(main)[-1].number + 1
    cuts = {first}
    for rendition in renditions:
        for before, segment in zip(rendition.segments, _whole(rendition)[1:], strict=False):
            if segment.discontinuity or segment.init != before.init or segment.gap != before.gap:
                cuts.add(segment.number)
        if rendition.bounds[0] > first:
            cuts.add(rendition.bounds[0])
    begins = sorted(cut for cut in cuts if first <= cut < end)
    return [Span(*pair) for pair in zip(begins, [*begins[1:], end], strict=True)]


def _period(
    renditions: Sequence[RenditionIndex],
    main: RenditionIndex,
    names: Names,
    span: Span,
    following: Span | None,
    *,
    is_live: bool,
) -> Iterator[str]:
    start_s = _start_s(main, span.first)
    said = [("id", str(span.first)), ("start", _duration(_media_s(start_s)))]
    if following:
        said.append(("duration", _duration(_start_s(main, following.first) - start_s)))
    elif not is_live:
        newest = main.segments[-1]
        said.append(("duration", _duration(newest.start_s + newest.duration_s - start_s)))
    yield _open("Period", *said)
    there = [(rendition, _within(rendition, span)) for rendition in renditions]
    pictures = [one for one in there if one[1] and one[0].inits[-1].headers.width]
    sounds = [one for one in there if one[1] and not one[0].inits[-1].headers.width]
    for sets in ([pictures] if pictures else []) + [[sound] for sound in sounds]:
        yield from _adaptation_set(sets, names, start_s)
    yield "</Period>"


def _adaptation_set(
    representations: Sequence[tuple[RenditionIndex, Sequence[IndexedSegment]]], names: Names, start_s: float
) -> Iterator[str]:
    kind = "video" if representations[0][0].inits[-1].headers.width else "audio"
    yield _open(
        "AdaptationSet",
        ("contentType", kind),
        ("mimeType", f"{kind}/mp4"),
        ("segmentAlignment", "true"),
        ("startWithSAP", "1"),
    )
    for rendition, segments in representations:
        yield from _representation(rendition, segments, names, start_s)
    yield "</AdaptationSet>"


def _representation(
    rendition: RenditionIndex, segments: Sequence[IndexedSegment], names: Names, start_s: float
) -> Iterator[str]:
    init = rendition.init(segments[0].init) or rendition.inits[0]
    yield _open("Representation", ("id", rendition.name), ("bandwidth", str(_bandwidth(rendition))), *_looks(init))
    if init.headers.channels:
        yield f'<AudioChannelConfiguration schemeIdUri="{CHANNELS}" value="{init.headers.channels}"/>'
    scale = init.headers.timescale
    yield _open(
        "SegmentTemplate",
        ("timescale", str(scale)),
        ("presentationTimeOffset", str(round(start_s * scale))),
        ("initialization", names.init(rendition.name, init.headers.number)),
        ("media", names.media(rendition.name)),
        ("startNumber", str(segments[0].number)),
    )
    yield "<SegmentTimeline>"
    yield from _timeline(segments, scale)
    yield "</SegmentTimeline></SegmentTemplate></Representation>"


def _looks(init: IndexedInit) -> Iterator[tuple[str, str]]:
    said = init.headers
    yield "codecs", said.codec
    if said.width:
        yield "width", str(said.width)
        yield "height", str(said.height)
    else:
        yield "audioSamplingRate", str(said.timescale)


def _timeline(segments: Sequence[IndexedSegment], scale: int) -> Iterator[str]:
    """One `S` for as many segments as follow each other with the same duration (5.3.9.6)."""
    runs: list[tuple[int, int, int]] = []  # time, duration, how many
    for segment in segments:
        time, duration = round(segment.start_s * scale), round(segment.duration_s * scale)
        if runs and runs[-1][1] == duration and runs[-1][0] + runs[-1][1] * runs[-1][2] == time:
            runs[-1] = (runs[-1][0], duration, runs[-1][2] + 1)
        else:
            runs.append((time, duration, 1))
    for time, duration, count in runs:
        yield f'<S t="{time}" d="{duration}"{f" r={quoteattr(str(count - 1))}" if count > 1 else ""}/>'


def _within(rendition: RenditionIndex, span: Span) -> Sequence[IndexedSegment]:
    """Its whole segments in a Period; none where it has a hole."""
    base = rendition.bounds[0]
    found = _whole(rendition)[max(span.first - base, 0) : max(span.end - base, 0)]
    return [segment for segment in found if not segment.gap]


def _start_s(main: RenditionIndex, number: int) -> float:
    segment = main.segment(number)
    assert segment, "a Period begins at a segment of the main rendition"
    return segment.start_s


def _end(main: RenditionIndex) -> str:
    newest = main.segments[-1]
    return _duration(_media_s(newest.start_s + newest.duration_s))


def _media_s(decode_s: float) -> float:
    return max(decode_s - BASE_OFFSET_S, 0.0)


def _bandwidth(rendition: RenditionIndex) -> int:
    """The peak of whole segments."""
    whole = [segment for segment in _whole(rendition) if segment.duration_s >= 1 and not segment.gap]
    return max((round(one.size_bytes * 8 / one.duration_s) for one in whole), default=NOMINAL_BITS_PER_S)


def _open(name: str, *said: tuple[str, str]) -> str:
    return f"<{name}{''.join(f' {word}={quoteattr(value)}' for word, value in said)}>"


def _duration(seconds: float) -> str:
    """xs:duration, to the microsecond."""
    return f"PT{seconds:.6f}".rstrip("0").rstrip(".") + "S"


def _moment(at: datetime) -> str:
    """xs:dateTime."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
