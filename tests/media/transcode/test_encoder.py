"""An encoder that is not there is named before anything is recorded."""

import re

import pytest

from media.transcode import encoder


def test_x264_works_everywhere() -> None:
    encoder.check("libx264")


def test_what_ffmpeg_does_not_offer_is_refused_with_what_it_offers() -> None:
    with pytest.raises(ValueError, match=r"offers no h264_fax here; there is libx264"):
        encoder.check("h264_fax")


@pytest.mark.parametrize("name", encoder.ENCODERS[1:])
def test_hardware_that_is_missing_is_refused_in_words(name: str) -> None:
    try:
        encoder.check(name)
    except ValueError as error:
        assert re.search(rf"no {name} here; there is|{name} (cannot be used|does not work|gave no)", str(error))  # noqa: PT017
