"""How does a part of a segment become a segment? Packets are left out; or the picture is coded anew, as few as can be.

Every piece keeps the clock of the segment it was taken from. A frame that is there when a piece begins belongs to it
for as long as it stays; so pieces are as long as the ranges they are made for, to the tick.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final

from av.video.frame import PictureType
from msgspec import Struct

from media.cmaf import fragment
from media.cmaf import init as init_segment
from media.cmaf.box import find
from media.cmaf.fragment import Sample
from media.edits.plan import first_of
from media.h264.avc_configuration import ParameterSets, parameter_sets
from media.h264.bits import BitReader
from media.h264.nal_unit import length_prefixed, without_emulation_prevention
from media.mp4 import description
from media.transcode.encoder import Coded, Encoder
from media.transcode.ladder import Rung
from media.transcode.source import pictures

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_OTHER: Final = 7
_ENTRY_BYTES: Final = 8 + 78
"""Head of an entry of `stsd`, and the fields before its boxes (ISO/IEC 14496-12, 12.1.3)."""
QUALITY: Final = Rung("edit", 8192, 8192, 20, 20_000_000)
"""Better than what it stands between: nobody is to see where it was coded anew."""


class Spliced(Struct, frozen=True):
    """A piece; `init` is empty where the segment's own still holds."""

    data: bytes
    init: bytes = b""
    codec: str = ""
    width: int = 0
    height: int = 0


def picture(segment: bytes, begin: int, end: int) -> Spliced:
    """The frames from tick `begin` to `end` as they are; the first one is a key frame. Raises ValueError."""
    samples, starts = _read(segment)
    first = first_of(starts, begin)
    chosen = [
        (max(start, begin), sample)
        for start, sample in zip(starts, samples, strict=True)
        if starts[first] <= start < end
    ]
    return Spliced(_written([at for at, _ in chosen], [sample for _, sample in chosen], end))


def sound(segment: bytes, begin: int, end: int) -> Spliced:
    """The packets of which the greater part lies between the ticks. Raises ValueError."""
    samples, starts = _read(segment)
    chosen = [
        (start, sample)
        for start, sample in zip(starts, samples, strict=True)
        if begin <= start + sample.duration // 2 < end
    ]
    if not chosen:
        chosen = [(starts[place := first_of(starts, begin)], samples[place])]
    return Spliced(fragment.write(1, chosen[0][0], [sample for _, sample in chosen]))


def coded(init: bytes, segment: bytes, begin: int, end: int) -> Spliced:
    """The frames from tick `begin` to `end`, coded anew, with an init segment of their own.

    Their parameter sets have a number that the recording does not use, and stand before the first frame as well; the
    init segment has the recording's beside its own. So all of it is decoded also by players that read the first init
    segment only (FFmpeg, and what is built on it).

    Raises: ValueError or FFmpegError when there is no picture to be had from it.
    """
    _, shown = pictures(init, segment)
    times: list[int] = []
    chosen: list[VideoFrame] = []
    for frame in shown:
        if frame.pts is None or frame.pts >= end:
            continue
        if frame.pts <= begin:  # the newest one is still there when the piece begins
            times, chosen = [begin], [frame]
        else:
            times.append(frame.pts)
            chosen.append(frame)
    if not chosen:
        raise ValueError("there is no picture where the cut is")
    recorded = _sets(init)
    encoder = Encoder(QUALITY, chosen[0], live=True, hurried=_another(recorded.sps[0]))
    made: list[Coded] = []
    for time, frame in zip(times, chosen, strict=True):
        frame.pts = time
        made += encoder.add(frame, PictureType.NONE if made else PictureType.I)
    made += encoder.end()
    if [one.pts for one in made] != times:
        raise ValueError(f"the encoder made {len(made)} of {len(times)} pictures")
    samples = [Sample(one.data, 0, one.sync) for one in made]
    samples[0] = samples[0]._replace(data=length_prefixed(encoder.parameter_sets) + samples[0].data)
    data = _written(times, samples, end)
    said = encoder.said
    own_init = init_segment.video(*encoder.parameter_sets, said, recorded)
    return Spliced(data, own_init, said.codec, said.width, said.height)


def moved(segment: bytes, ticks: int) -> bytes:
    """The same samples, so much later. Raises ValueError."""
    parts = fragment.read_all(segment)
    return b"".join(fragment.write(place + 1, one.decode_time + ticks, one.samples) for place, one in enumerate(parts))


def _sets(init: bytes) -> ParameterSets:
    """The recording's own."""
    return parameter_sets(find(description.read(init).entry[_ENTRY_BYTES:], b"avcC"))


def _another(sps: bytes) -> int:
    """A number of sets that this one does not have (`seq_parameter_set_id`, ITU-T H.264, 7.3.2.1.1)."""
    return _OTHER + (BitReader(without_emulation_prevention(sps)[4:]).ue() == _OTHER)


def _read(segment: bytes) -> tuple[list[Sample], list[int]]:
    parts = fragment.read_all(segment)
    samples = [sample for part in parts for sample in part.samples]
    starts = [
        start
        for part in parts
        for start in list(accumulate((one.duration for one in part.samples), initial=part.decode_time))[:-1]
    ]
    return samples, starts


def _written(times: Sequence[int], samples: Sequence[Sample], end: int) -> bytes:
    lasting = [after - at for at, after in pairwise([*times, max(end, times[-1] + 1)])]
    return fragment.write(
        1, times[0], [one._replace(duration=each) for one, each in zip(samples, lasting, strict=True)]
    )
