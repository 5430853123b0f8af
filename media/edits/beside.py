"""What lies beside an edited recording? Its thumbnails and its waveform, moved to where their moments are shown."""

from collections.abc import Iterator, Sequence
from itertools import accumulate

from msgspec import structs

from media.audio.audiowaveform import Waveform
from media.edits.edit_list import Range
from media.pictures.thumbnails import Cue


def thumbnails(cues: Sequence[Cue], keep: Sequence[Range]) -> list[Cue]:
    """The cues of what is kept, each as long as it is."""
    return [
        structs.replace(cue, start_s=begin_s + shift_s, end_s=end_s + shift_s)
        for one, shift_s in _shifted(keep)
        for cue in cues
        if (begin_s := max(cue.start_s, one.begin_s)) < (end_s := min(cue.end_s, one.end_s))
    ]


def waveform(found: Waveform, keep: Sequence[Range]) -> Waveform:
    """The values of what is kept; one that is cut in two is where most of it is."""
    per_second = found.sample_rate / found.samples_per_pixel
    width = 2 * found.channels
    data: list[int] = []
    for one, shift_s in _shifted(keep):
        first = round(one.begin_s * per_second)
        count = round((one.end_s + shift_s) * per_second) - len(data) // width
        there = found.data[first * width : (first + count) * width]
        data += there + [0] * (count * width - len(there))
    return structs.replace(found, length=len(data) // width, data=data)


def _shifted(keep: Sequence[Range]) -> Iterator[tuple[Range, float]]:
    """Each range, and what brings its moments to where they are shown."""
    shown_s = accumulate((one.duration_s for one in keep), initial=0.0)
    yield from ((one, at_s - one.begin_s) for one, at_s in zip(keep, shown_s, strict=False))
