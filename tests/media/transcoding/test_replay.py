"""Pages become parts as if H.264 had been sent; whoever takes over, nothing is missing and nothing is there twice."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from msgspec import structs

from media.audio.opus import SILENCE
from media.h264.nal_unit import SPS, kind
from media.journal import page
from media.journal.journal import Written
from media.journal.page import Frame, page_of
from media.samples import Continuation, Init, Part
from media.transcoding.replay import HURRY_S, Done, Made, Replay
from schemas.media import AUDIO, VIDEO
from tests.media.encoded import video
from tests.media.journal.numbered import Source, coded, continuation, heard, said_packets, shown


def replayed(pages: Sequence[Written], replay: Replay | None = None, first: int = 1) -> list[Made]:
    """All that comes of pages whose sequences begin at 1, from `first` on."""
    replay = replay or Replay(Continuation(), Done())
    made = [
        one
        for sequence, written in enumerate(pages, 1)
        if sequence >= first
        for one in replay.take(sequence, written.headers, written.data)
    ]
    return made + replay.end()


def outputs(made: Sequence[Made]) -> list[Init | Part]:
    return [one.output for one in made]


def parts(made: Sequence[Made], rendition: str) -> list[Part]:
    return [one.output for one in made if isinstance(one.output, Part) and one.output.rendition == rendition]


def assert_contiguous(made: Sequence[Made]) -> None:
    for rendition in (VIDEO, AUDIO):
        said = [part.headers for part in parts(made, rendition)]
        for before, after in pairwise(said):
            assert after.decode_time == before.decode_time + before.duration, rendition
            assert after.part == (before.part + 1 if after.segment == before.segment else 0)
            assert before.segment <= after.segment <= before.segment + 2  # what was begun by one track alone is a gap


def test_every_frame_is_shown_once_and_every_packet_is_heard_beside_it() -> None:
    pages = Source().send(coded(150)).close()
    made = replayed(pages)
    assert shown(outputs(made)) == list(range(150))
    assert [data for data in heard(outputs(made)) if data != SILENCE] == said_packets(pages)
    assert_contiguous(made)
    ends = [parts(made, name)[-1].headers for name in (VIDEO, AUDIO)]
    picture, sound = ((said.decode_time + said.duration) / said.timescale for said in ends)
    assert abs(picture - sound) < 0.03


def test_segments_begin_with_key_frames_every_two_seconds_in_both_tracks() -> None:
    made = replayed(Source().send(coded(150)).close())
    for part in parts(made, VIDEO):
        assert part.headers.independent == (part.headers.part == 0)
    starts = [part.headers.decode_time / 90_000 for part in parts(made, VIDEO) if part.headers.part == 0]
    assert all(1.85 < after - before < 2.05 for before, after in pairwise(starts))
    sound = [part.headers.decode_time / 48_000 for part in parts(made, AUDIO) if part.headers.part == 0]
    assert sound == pytest.approx(starts, abs=0.011)


def taken_over(pages: Sequence[Written], before: Sequence[Made]) -> list[Made]:
    """What a second worker makes when the first one was killed behind `before`."""
    last = {one.output.rendition: one for one in before if isinstance(one.output, Part)}
    origins = {name: one.output.origin for name, one in last.items() if isinstance(one.output, Part)}
    resume = max((one.resume for one in last.values()), default=0)
    done = Done(origins.get(VIDEO, 0), origins.get(AUDIO, 0), resume)
    first = min(resume, page_of(done.audio) or resume) if resume else 1
    return replayed(pages, Replay(continuation(outputs(before)), done), first)


@pytest.mark.parametrize("shape", ["paused", "reconnected", "gateway killed"])
def test_killed_anywhere_nothing_is_missing_and_nothing_is_there_twice(shape: str) -> None:
    first, second = coded(66, 20), coded(24, 20, 66)
    frames = list(range(90))
    if shape == "gateway killed":  # with what was not in a page yet
        source = Source().send(first)
        pages = source.pages + Source("b", at=7.0).send(second).close()
        frames = frames[: 66 - sum(isinstance(entry, Frame) for entry in source.journal._entries)] + frames[66:]
    elif shape == "paused":
        pages = Source().send(first).pause().wait(1).resume().send(second).close()
    else:
        pages = Source().send(first).close() + Source("b", at=7.0).send(second).close()
    whole = replayed(pages)
    assert shown(outputs(whole)) == frames
    said = [data for data in heard(outputs(whole)) if data != SILENCE]
    for killed in range(0, len(whole), 3):
        made = whole[:killed] + taken_over(pages, whole[:killed])
        assert shown(outputs(made)) == frames, killed
        found = [data for data in heard(outputs(made)) if data != SILENCE]
        assert [said.index(data) for data in found] == list(range(len(said))), killed
        assert_contiguous(made)


def test_a_pause_takes_no_time_and_nothing_of_it_is_shown() -> None:
    source = Source().send(coded(60)).pause().send(coded(30, 45, 500)).resume()
    made = replayed(source.send(coded(60, 45, 60)).close())
    assert shown(outputs(made)) == list(range(120))
    assert {part.headers.stretch for part in parts(made, VIDEO)} == {0, 1}
    assert_contiguous(made)


def test_another_session_goes_on_behind_with_a_discontinuity() -> None:
    pages = Source().send(coded(60)).close() + Source("b", at=3.0).send(coded(60, 45, 60)).close()
    made = replayed(pages)
    assert shown(outputs(made)) == list(range(120))
    said = [part.headers for part in parts(made, VIDEO)]
    assert [after.discontinuity for after in said[1:]] == [
        after.stretch > before.stretch for before, after in pairwise(said)
    ]
    assert_contiguous(made)


def test_after_an_outage_the_first_frame_is_not_lost_for_want_of_a_key_frame() -> None:
    frames = coded(120, 500)
    made = replayed(Source(channels=0).send(frames[:60]).wait(8).send(frames[60:]).close())
    assert shown(outputs(made)) == list(range(120))


def test_a_picture_of_another_size_has_an_init_segment_of_its_own() -> None:
    made = replayed(Source().send(coded(60)).send(coded(60, 45, 60, 2)).close())
    assert shown(outputs(made)) == list(range(120))
    sizes = [
        (said.headers.width, said.headers.height)
        for said in outputs(made)
        if isinstance(said, Init) and said.headers.width
    ]
    assert sizes == [(160, 64), (320, 128)]


def test_what_cannot_be_decoded_costs_no_more_than_up_to_the_next_key_frame() -> None:
    frames = list(coded(90, 30))
    frames[40] = frames[40][:1] + b"\xff" * 7
    found = shown(outputs(replayed(Source(channels=0).send(frames).close())))
    assert found[:40] == list(range(40))
    assert found[-30:] == list(range(60, 90))


def test_a_frame_that_cannot_be_used_costs_itself_and_not_its_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("media.transcoding.replay.MOST_PIXELS", 160 * 64)
    pages = Source().send(coded(60)).send(coded(30, 45, 500, 2)).send(coded(60, 45, 60)).close()
    assert set(shown(outputs(replayed(pages)))) == set(range(120))  # the last one stands meanwhile
    broken = video(0.1)[0]
    units = tuple(unit[:3] if kind(unit) == SPS else unit for unit in broken.nal_units)
    source = Source("b", codec="H264")
    source._take(source.journal.add_video(structs.replace(broken, nal_units=units, arrived=100.0), 100.0, source.wall))
    assert parts(replayed(source.close()), VIDEO) == []


def test_h264_behind_it_is_passed_on_as_it_came() -> None:
    pages = Source(channels=0).send(coded(60)).close()
    source = Source("b", codec="H264", channels=0, at=3.0)
    frames = video(2)
    for frame in frames:
        source._take(source.journal.add_video(frame, 3.0 + frame.arrived, source.wall))
    made = replayed([*pages, *source.close()])
    inits = [said.data for said in outputs(made) if isinstance(said, Init)]
    assert len(inits) == 2
    assert frames[10].nal_units[-1] in b"".join(part.data for part in parts(made, VIDEO))


def test_who_has_fallen_behind_hurries_and_leaves_nothing_out() -> None:
    pages = Source(channels=0).send(coded(90)).close()
    replay = Replay(Continuation(), Done())
    made = [
        one
        for sequence, said in enumerate(pages, 1)
        for one in replay.take(sequence, said.headers, said.data, 0.1 if sequence < 10 else HURRY_S + 1)
    ]
    assert shown(outputs([*made, *replay.end()])) == list(range(90))
    assert [said.headers.number for said in outputs(made) if isinstance(said, Init)] == [0, 1]


def test_sound_alone_goes_on_behind_picture_and_is_gone_on_with() -> None:
    pages = Source().send(coded(60)).close() + Source("b", codec="", at=3.0).speak(3).close()
    whole = replayed(pages)
    said = [data for data in heard(outputs(whole)) if data != SILENCE]
    assert said == said_packets(pages)
    killed = [*range(len(whole) - 6, len(whole))]
    for made in (whole[:at] + taken_over(pages, whole[:at]) for at in killed):
        assert [data for data in heard(outputs(made)) if data != SILENCE] == said
        assert shown(outputs(made)) == list(range(60))


def test_a_page_of_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="not a page"):
        Replay(Continuation(), Done()).take(1, Source().journal._said, b"nonsense")


def test_a_still_screen_goes_on_by_the_clock_of_the_pages() -> None:
    """Nothing is sent for seconds but pages without entries: what was shown is published all the same."""
    pages = Source(channels=0).send(coded(5)).wait(1.5).pages
    replay = Replay(Continuation(), Done())
    made = [one for sequence, said in enumerate(pages, 1) for one in replay.take(sequence, said.headers, said.data)]
    assert shown(outputs(made)) == list(range(5))
    assert any(not page.decode(said.data).entries for said in pages)
