"""What is in a waveform file? As BBC audiowaveform writes it in JSON, version 2; players know it."""

from typing import Annotated

from msgspec import Meta, Struct


class Waveform(Struct, frozen=True):
    """How loud it is when, in audiowaveform's format."""

    version: int
    channels: int
    sample_rate: int
    samples_per_pixel: Annotated[int, Meta(description="How many samples one value stands for.")]
    bits: int
    length: Annotated[int, Meta(description="How many values there are.")]
    data: Annotated[list[int], Meta(description="The lowest and the highest sample of each, one after the other.")]
