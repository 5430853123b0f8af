import pytest
from hypothesis import given
from hypothesis import strategies as some

from schemas.media import (
    End,
    InitHeaders,
    PartHeaders,
    init_from_headers,
    part_from_headers,
    to_headers,
)

numbers = some.integers(0, 2**63)
parts = some.builds(PartHeaders, *[numbers] * 8, independent=some.booleans(), discontinuity=some.booleans())
inits = some.builds(
    InitHeaders, numbers, some.sampled_from(["avc1.42e01f", "opus", "mp4a.40.2"]), numbers, numbers, numbers, numbers
)


@given(parts)
def test_a_part_is_read_back_as_it_was_said(said: PartHeaders) -> None:
    assert part_from_headers(to_headers(said)) == said


@given(inits)
def test_an_init_is_read_back_as_it_was_said(said: InitHeaders) -> None:
    assert init_from_headers(to_headers(said)) == said


def test_what_stands_on_the_wire() -> None:
    said = PartHeaders(3, 1, 0, 90_000, 900_000, 30_000, 1_700_000_000_000_000, 0, independent=True)
    assert to_headers(said) == {
        "Loom-Segment": "3",
        "Loom-Part": "1",
        "Loom-Init": "0",
        "Loom-Timescale": "90000",
        "Loom-Decode-Time": "900000",
        "Loom-Duration": "30000",
        "Loom-Program-Time-Us": "1700000000000000",
        "Loom-Stretch": "0",
        "Loom-Independent": "1",
        "Loom-Discontinuity": "0",
    }
    assert to_headers(End("stopped")) == {"Loom-Reason": "stopped"}


def test_headers_of_a_stranger_do_not_matter() -> None:
    said = PartHeaders(3, 1, 0, 90_000, 900_000, 30_000, 1, 0)
    assert part_from_headers({**to_headers(said), "Nats-Sequence": "7", "Loom-Newer": "x"}) == said


@pytest.mark.parametrize("spoiled", [{"Loom-Segment": "three"}, {"Loom-Decode-Time": ""}, {"Loom-Part": "1.5"}])
def test_garbage_is_no_part(spoiled: dict[str, str]) -> None:
    said = to_headers(PartHeaders(3, 1, 0, 90_000, 900_000, 30_000, 1, 0))
    with pytest.raises(ValueError, match="invalid literal"):
        part_from_headers(said | spoiled)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(KeyError, match="Loom-Segment"):
        part_from_headers({})
    with pytest.raises(KeyError, match="Loom-Number"):
        init_from_headers({})
