import numpy as np
import pytest

from media.pictures.preview import MAX_BYTES, Clip, moment_s
from media.pictures.preview import preview as preview_of
from tests.media.pictures.pictures import clip, key_frame
from tests.media.pictures.webp import frames

COLOURS = {"red": (255, 0, 0), "lime": (0, 255, 0), "blue": (0, 0, 255)}


def preview(tracks: list[bytes]) -> bytes:
    return preview_of([Clip(track, 0.0, moment_s(len(tracks))) for track in tracks])


def test_it_shows_moments_from_all_over_the_recording_for_three_seconds() -> None:
    found = frames(preview([b"".join(key_frame(f"color={name}")) for name in COLOURS]))
    assert sum(frame.duration_ms for frame in found) == pytest.approx(3000, abs=100)
    assert len(found) == 3
    for frame, colour in zip(found, COLOURS.values(), strict=True):
        assert frame.pixels.shape == (224, 400, 3)
        assert np.abs(frame.pixels[100, 200].astype(int) - colour).max() < 24


def test_what_moves_moves_in_it() -> None:
    found = frames(preview([clip("testsrc2=s=640x360:r=30", 3)]))
    assert len(found) > 25


def test_noise_stays_below_half_a_megabyte() -> None:
    hard = "nullsrc=s=1280x720:r=10,geq=random(1)*255:128:128"
    made = preview([clip(hard, 0.5)] * 6)
    assert 100_000 < len(made) <= MAX_BYTES
    assert frames(made)


def test_a_damaged_moment_is_left_out_and_nothing_but_damage_is_refused() -> None:
    init, part = key_frame("color=red")
    assert len(frames(preview([init + part[:50], init + part, b"".join(key_frame("color=blue"))]))) == 2
    with pytest.raises(ValueError, match="no frame"):
        preview([init + part[:50], b""])


def test_what_is_skipped_is_not_seen() -> None:
    turning = clip("color=red:s=320x180:r=30,drawbox=c=blue:t=fill:enable='gte(t,0.5)'", 1.0)
    both, one = (
        frames(preview_of([Clip(turning, 0.0, 1.0)])),
        frames(preview_of([Clip(turning, 0.5, 0.4), Clip(turning, 0.0, 0.1)])),
    )
    assert [frame.pixels[90, 160].argmax() for frame in both] == [0, 2]
    assert [frame.pixels[90, 160].argmax() for frame in one] == [2, 0]
    assert [round(frame.duration_ms, -2) for frame in one] == [400, 100]
