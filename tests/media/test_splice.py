"""What was sent in vain is sent again: every frame is in the log once, at its time, and decodes; sound goes on as well."""

import io
import zlib
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from statistics import median

import av
import pytest

from media.audio.opus import SILENCE
from media.capture_time import CaptureTime
from media.cmaf import fragment
from media.packager import Packager
from media.samples import AudioPacket, Init, Part, VideoFrame
from media.splice import Seam, Splice, last_frame
from schemas.media import AUDIO, AUDIO_TIMESCALE, VIDEO
from tests.media.encoded import audio, in_order, video
from tests.media.test_packager import Run, check
from tests.media.test_packager_sessions import continuation

FPS = 30
SECONDS = 8.0
Sample = VideoFrame | AudioPacket


@cache
def samples() -> list[Sample]:
    """Packets of tone are told from silence; frames differ."""
    return list(in_order(video(SECONDS), audio(SECONDS)))


def published(run: Run) -> list[Init | Part]:
    return [said for said in run.out if isinstance(said, Init | Part)]


def again(log: list[Init | Part], everything: list[Sample], keeps: float) -> list[Init | Part]:
    """A second session of a client that has kept what was captured since `keeps`."""
    there = continuation(log)
    part = next(said for said in reversed(log) if isinstance(said, Part) and said.rendition == VIDEO)
    found, time_s = last_frame(part.headers, part.data)
    kept = [sample for sample in everything if sample.arrived >= keeps]
    (known,) = (
        frame
        for frame in kept
        if isinstance(frame, VideoFrame) and (found.size, found.crc32) == (len(coded(frame)), zlib.crc32(coded(frame)))
    )
    assert abs(found.at_us - wall(known.arrived)) < 100_000
    place = Splice(time_s, known.arrived)
    sound_s = there.ends[AUDIO] / AUDIO_TIMESCALE
    seam = Seam(known.arrived, known.arrived + sound_s - time_s)
    run = Run(Packager(video=True, audio=True, continuation=there, splice=place, patience_s=4.0))
    for sample in kept:
        if isinstance(sample, VideoFrame):
            run.feed(seam.frames(sample))
        elif seam.takes(sample):
            run.feed([sample])
    return published(run.close(SECONDS))


def coded(frame: VideoFrame) -> bytes:
    """As clients reckon it."""
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in frame.nal_units if unit[0] & 31 not in (7, 8, 9))


def wall(arrived: float) -> int:
    return 1_800_000_000_000_000 + round(arrived * 1e6)


def shown(log: list[Init | Part]) -> list[tuple[float, bytes]]:
    """When each frame that lasts is shown, and its bytes."""
    found = []
    for part in log:
        if isinstance(part, Part) and part.rendition == VIDEO:
            at = part.headers.decode_time
            for sample in fragment.read(part.data).samples:
                if sample.duration > 100:
                    found.append((at / 90_000, sample.data))
                at += sample.duration
    return found


@pytest.mark.parametrize("cut_s", [3.01, 3.5, 4.0, 4.02, 4.9, 5.77])
@pytest.mark.parametrize("how", ["killed", "closed"])
def test_after_a_cut_every_frame_is_shown_once_at_its_time(cut_s: float, how: str) -> None:
    everything = samples()
    first = Run(Packager(video=True, audio=True)).feed(s for s in everything if s.arrived < cut_s)
    if how == "closed":
        first.out += first.packager.close(cut_s, wall(cut_s), fill=False)
    log = published(first)
    log += again(log, everything, keeps=cut_s - 2.9)
    whole = published(Run(Packager(video=True, audio=True)).feed(everything).close(SECONDS))
    assert [data for _, data in shown(log)] == [data for _, data in shown(whole)]
    for (at, _), (should, _) in zip(shown(log), shown(whole), strict=True):
        assert at == pytest.approx(should, abs=0.5 / FPS)
    for rendition in (VIDEO, AUDIO):
        check([said for said in log if isinstance(said, Part) and said.rendition == rendition])


@pytest.mark.parametrize("how", ["killed", "closed"])
@pytest.mark.parametrize("cut_s", [3.5, 4.02, 5.77])
def test_sound_goes_on_where_it_was_beside_the_picture(cut_s: float, how: str) -> None:
    everything = samples()
    first = Run(Packager(video=True, audio=True)).feed(s for s in everything if s.arrived < cut_s)
    if how == "closed":
        first.out += first.packager.close(cut_s, wall(cut_s), fill=False)
    log = published(first)
    log += again(log, everything, keeps=cut_s - 2.9)
    packets = [
        sample.data
        for part in log
        if isinstance(part, Part) and part.rendition == AUDIO
        for sample in fragment.read(part.data).samples
    ]
    meant = [sample.data for sample in everything if isinstance(sample, AudioPacket)]
    heard = [data for data in packets if data != SILENCE]
    assert len(packets) - len(heard) <= 1, "silence has taken the place of sound"
    missing = [n for n, data in enumerate(meant) if data not in set(heard)]
    assert len([n for n in missing if 5 < n < len(meant) - 5]) <= 1
    drift = [
        packets.index(data) - meant.index(data) for data in (meant[int(cut_s * 50) - 40], meant[int(cut_s * 50) + 40])
    ]
    assert abs(drift[0] - drift[1]) <= 1


def test_the_seam_decodes_and_the_picture_is_the_one_that_was_sent() -> None:
    everything = samples()
    first = Run(Packager(video=True, audio=True)).feed(s for s in everything if s.arrived < 4.9)
    log = published(first)
    log += again(log, everything, keeps=2.0)
    ((first_init, *_),) = ([said.data for said in log if isinstance(said, Init) and said.rendition == VIDEO],)
    file = first_init + b"".join(said.data for said in log if isinstance(said, Part) and said.rendition == VIDEO)
    with av.open(io.BytesIO(file)) as found:
        brightness = [float(frame.to_ndarray(format="gray")[-20:].mean()) for frame in found.decode(video=0)]
    whole = Run(Packager(video=True, audio=True)).feed(everything).close(SECONDS)
    with av.open(io.BytesIO(whole.file(VIDEO))) as found:
        meant = [float(frame.to_ndarray(format="gray")[-20:].mean()) for frame in found.decode(video=0)]
    hidden = len(brightness) - len(meant)
    assert 0 < hidden < 60
    assert brightness[-60:] == pytest.approx(meant[-60:], abs=1)
    assert median(abs(one - two) for one, two in pairwise(meant)) > 0.5, "the pictures must differ for this to be seen"


def test_a_hole_that_cannot_be_filled_takes_no_time() -> None:
    everything = samples()
    log = published(Run(Packager(video=True, audio=True)).feed(s for s in everything if s.arrived < 3))
    there = continuation(log)
    place = Splice(there.base_time_s, 3.0)
    run = Run(Packager(video=True, audio=True, continuation=there, splice=place))
    run.feed(s for s in everything if s.arrived >= 6).close(SECONDS)
    assert run.parts(VIDEO)[0].headers.decode_time / 90_000 == pytest.approx(there.base_time_s, abs=0.05)


def slow_at_first(frame: VideoFrame) -> float:
    return max(frame.arrived, 2.5 + frame.arrived / 6)


def slow_always(frame: VideoFrame) -> float:
    return frame.arrived + 0.3


@pytest.mark.parametrize("delivered", [slow_at_first, slow_always])
def test_over_the_web_door_a_busy_encoder_is_waited_for(delivered: Callable[[VideoFrame], float]) -> None:
    """Pictures come later than sound, and nothing takes their place, nor are they squeezed."""
    everything = samples()
    late = sorted(everything, key=lambda one: delivered(one) if isinstance(one, VideoFrame) else one.arrived)
    packager, time = Packager(video=True, audio=True, patience_s=4.0), CaptureTime((VIDEO, AUDIO), 4.0)
    run = Run(packager)
    for sample in late:
        is_picture = isinstance(sample, VideoFrame)
        time.see(VIDEO if is_picture else AUDIO, sample.arrived)
        add = packager.add_video if is_picture else packager.add_audio
        run.out += add(sample, time.now_s, wall(time.now_s))  # type: ignore[arg-type]
        due = packager.deadline()
        if due is not None and due <= time.now_s:
            run.out += packager.tick(time.now_s, wall(time.now_s))
    log = published(run.close(SECONDS))
    whole = published(Run(Packager(video=True, audio=True)).feed(everything).close(SECONDS))
    assert [data for _, data in shown(log)] == [data for _, data in shown(whole)]
    for (at, _), (should, _) in zip(shown(log), shown(whole), strict=True):
        assert at == pytest.approx(should, abs=0.2 / FPS)


def test_who_sends_nothing_is_not_waited_for_for_ever() -> None:
    time = CaptureTime((VIDEO, AUDIO), 4.0)
    for second in range(10):
        time.see(VIDEO, float(second))
    assert time.now_s == 5.0
    time.see(AUDIO, 2.0)
    assert time.now_s == 5.0
    time.see(AUDIO, 9.0)
    assert time.now_s == 9.0
