"""A low rung follows part by part, with the times of the source, and goes on where another one left off."""

import io

import av

from media.cmaf import fragment
from media.transcode.live_rung import LiveRung, RungPart
from tests.media.transcode.given import BEGIN, TICKS, in_parts, segment

STEADY = (TICKS,) * 20


def parts(begin: int = BEGIN, size: tuple[int, int] = (1280, 720)) -> tuple[bytes, list[bytes]]:
    init, data = segment(*size, STEADY, begin)
    chunks = fragment.read_all(data)
    return init, [in_parts(chunk.samples, chunk.decode_time) for chunk in chunks]


def made(rung: LiveRung, data: bytes, sequence: int, *, key: bool = False) -> RungPart:
    part = rung.add(data, sequence, key)
    assert part is not None
    return part


def shown(init: bytes, *data: bytes) -> list[tuple[int, int, int]]:
    with av.open(io.BytesIO(init + b"".join(data))) as container:
        return [(frame.pts, frame.width, frame.height) for frame in container.decode(video=0)]


def test_each_part_covers_the_time_of_the_sources_part() -> None:
    init, given = parts()
    rung = LiveRung()
    rung.begin(init)
    out = [made(rung, data, number, key=number == 0) for number, data in enumerate(given)]
    assert [part.independent for part in out] == [True, False, False, False]
    assert len({part.init for part in out}) == 1
    for part, data in zip(out, given, strict=True):
        ours, theirs = fragment.read(part.data), fragment.read(data)
        assert ours.decode_time == theirs.decode_time
        assert [sample.duration for sample in ours.samples] == [sample.duration for sample in theirs.samples]
    times = [BEGIN + number * TICKS for number in range(20)]
    assert shown(out[0].init, *(part.data for part in out)) == [(time, 640, 360) for time in times]
    assert (out[0].width, out[0].height) == (640, 360)


def test_who_takes_over_in_mid_segment_begins_with_a_key_frame_behind_what_is_there() -> None:
    init, given = parts()
    rung, other = LiveRung(), LiveRung()
    for one in (rung, other):
        one.begin(init)
    before = [made(rung, data, number, key=number == 0) for number, data in enumerate(given[:2])]
    for data in given[:2]:
        other.skip(data)
    after = [made(other, data, number + 2) for number, data in enumerate(given[2:])]
    assert [part.independent for part in after] == [True, False]
    assert after[0].init == before[0].init
    assert len(shown(before[0].init, *(part.data for part in [*before, *after]))) == 20
    assert len(shown(after[0].init, *(part.data for part in after))) == 10


def test_a_new_size_has_a_new_init() -> None:
    rung = LiveRung()
    first, second = parts(), parts(BEGIN + 20 * TICKS, (640, 480))
    rung.begin(first[0])
    before = made(rung, first[1][0], 1, key=True)
    rung.begin(second[0])
    after = made(rung, second[1][0], 2, key=True)
    assert (before.width, before.height, after.width, after.height) == (640, 360, 480, 360)
    assert after.independent and after.init != before.init


def test_a_part_that_cannot_be_decoded_shows_the_picture_before_it() -> None:
    init, given = parts()
    rung = LiveRung()
    rung.begin(init)
    first = made(rung, given[0], 0, key=True)
    samples = [sample._replace(data=b"\0\0\0\1\x41") for sample in fragment.read(given[1]).samples]
    second = made(rung, in_parts(samples, fragment.read(given[1]).decode_time), 1)
    chunk = fragment.read(second.data)
    assert chunk.decode_time == BEGIN + 5 * TICKS
    assert sum(sample.duration for sample in chunk.samples) == 5 * TICKS
    assert shown(first.init, first.data, second.data)[-1][0] >= BEGIN + 5 * TICKS


def test_nothing_is_shown_before_the_first_picture() -> None:
    init, given = parts()
    rung = LiveRung()
    rung.begin(init)
    samples = [sample._replace(data=b"\0\0\0\1\x41") for sample in fragment.read(given[0]).samples]
    assert rung.add(in_parts(samples, BEGIN), 0, True) is None
