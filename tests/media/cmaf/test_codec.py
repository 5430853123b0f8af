import pytest

from media.cmaf import codec, init
from tests.media.pictures.pictures import key_frame


def test_the_codec_is_what_the_init_segment_says() -> None:
    assert codec.of(init.opus(2)) == "opus"
    assert codec.of(init.aac(1, 64_000)) == "mp4a.40.2"
    assert codec.of(key_frame("testsrc")[0]) == "avc1.42c01f"  # baseline, as x264 makes it without B-frames


@pytest.mark.parametrize("damaged", [b"", init.opus(1)[:200], b"nonsense" * 9])
def test_what_is_no_init_segment_is_refused(damaged: bytes) -> None:
    with pytest.raises(ValueError, match=r"box|describes"):
        codec.of(damaged)
