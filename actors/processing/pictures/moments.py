"""Which moments stand for a recording? A few from all over what is kept of it, at key frames where that can be."""

from collections.abc import Sequence

from msgspec import Struct

from media.edits.edit_list import Keep
from media.hls.index import IndexedSegment
from media.pictures.preview import MOMENTS, moment_s


class Moment(Struct, frozen=True):
    """From `skip_s` into a segment, for `lasting_s` at most."""

    segment: IndexedSegment
    skip_s: float
    lasting_s: float


def moments(segments: Sequence[IndexedSegment], begins_s: float, keep: Keep) -> list[Moment]:
    """At most `MOMENTS`, in order; `segments` are on the recording's clock, `keep` is on one that `begins_s` later."""
    found = [
        Moment(segment, max(begin_s - start_s, 0.0), min(end_s, start_s + segment.duration_s) - max(begin_s, start_s))
        for begin_s, end_s in ((one.begin_s, one.end_s) for one in keep)
        for segment in segments
        if max(begin_s, start_s := segment.start_s - begins_s) < min(end_s, start_s + segment.duration_s)
    ]
    count = min(len(found), MOMENTS)
    chosen = [found[at * len(found) // count] for at in range(count)]
    return [Moment(one.segment, one.skip_s, min(one.lasting_s, moment_s(count))) for one in chosen]
