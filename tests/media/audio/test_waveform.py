import numpy as np
import pytest

from media.audio.audiowaveform import Waveform
from media.audio.waveform import FINEST, MOST, Peaks, Sound, merge, samples_per_value
from media.audio.waveform import peaks as peaks_of
from media.cmaf import fragment, init
from tests.media.audio.sound import BASE, PER_PACKET, beeps, opus

PACKETS = opus(beeps(6))
PER_SEGMENT = 100  # 2 s


def peaks(sounds: list[Sound]) -> Peaks:
    return peaks_of(sounds, FINEST)


def sound(number: int, start_s: float | None = None) -> Sound:
    packets = PACKETS[number * PER_SEGMENT : (number + 1) * PER_SEGMENT]
    samples = [fragment.Sample(packet.data, PER_PACKET) for packet in packets]
    at = number * PER_SEGMENT * PER_PACKET
    return Sound(number * 2.0 if start_s is None else start_s, init.opus(1), fragment.write(1, BASE + at, samples))


def read(found: Waveform) -> tuple[Waveform, np.ndarray]:
    """As a player of audiowaveform's files does: the height of each value."""
    assert (found.version, found.channels, found.bits) == (2, 1, 8)
    assert len(found.data) == 2 * found.length
    pairs = np.array(found.data).reshape(-1, 2)
    assert np.abs(pairs).max() <= 127
    assert (pairs[:, 0] <= pairs[:, 1]).all()
    return found, pairs[:, 1] - pairs[:, 0]


def test_tone_is_high_and_silence_is_low() -> None:
    written, height = read(merge([peaks([sound(number) for number in range(3)])], 6.0))
    assert (written.length, written.samples_per_pixel, written.sample_rate) == (120, FINEST, 48_000)
    at = (np.arange(120) + 0.5) * 0.05
    heard = (at % 0.6) > 0.5
    assert height[heard].min() > 100
    assert np.median(height[~heard]) < 3


def test_pieces_give_the_same_as_the_whole() -> None:
    whole = merge([peaks([sound(number) for number in range(3)])], 6.0)
    assert merge([peaks([sound(number)]) for number in (2, 0, 1)], 6.0) == whole


def test_sound_stands_where_it_was_heard_and_a_gap_is_silent() -> None:
    _, height = read(merge([peaks([sound(0), sound(1, start_s=5.0)])], 8.0))
    assert height[10:12].min() > 100  # the first beep, after half a second
    assert height[40:100].max() == 0  # from 2 s to 5 s there was none
    assert height[100:140].max() > 100
    assert height[141:].max() == 0


def test_an_hour_has_a_bounded_number_of_values() -> None:
    written, height = read(merge([Peaks(3_000, bytes([129, 127]))], 3600.0))
    assert written.length <= MOST
    assert written.samples_per_pixel == samples_per_value(3600.0) > FINEST
    assert written.length * written.samples_per_pixel == pytest.approx(3600 * 48_000, rel=0.001)
    assert height.argmax() == 3_000


def test_what_cannot_be_decoded_is_silent_and_so_is_a_recording_without_sound() -> None:
    damaged = Sound(0.0, init.opus(1), b"no fragment at all")
    assert peaks([damaged]) == Peaks(0, b"")
    _, height = read(merge([peaks([damaged, sound(1)])], 4.0))
    assert height[:40].max() == 0
    assert height[40:].max() > 100
    _, height = read(merge([], 2.0))
    assert height.tolist() == [0] * 40
