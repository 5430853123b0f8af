"""The answer to one question about a set-up."""

from typing import Annotated

from msgspec import Meta, Struct


class Finding(Struct, frozen=True):
    """What was found; where it is not well, what would help."""

    question: str
    answer: str
    help: Annotated[str, Meta(description="What to do about it; empty when all is well.")] = ""
