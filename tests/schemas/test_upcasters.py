"""Every event that was ever written can be read: one golden file for each event and version of its body."""

from pathlib import Path

import msgspec
import pytest

from actors.sourcing.event_message import event_types
from schemas import upcasters
from schemas.message import Event

GOLDEN = Path(__file__).with_name("golden")
SERVICES = ("recording", "processing", "streaming", "saga")
EVENTS = {event.__name__: event for service in SERVICES for event in event_types(service).values()}


class TeaServed(Event, frozen=True):
    """Version 1 said `sugar: true`, version 2 `lumps: 1`, version 3 knows of milk."""

    version = 3

    lumps: int
    milk: bool


STEPS: dict[tuple[str, int], upcasters.Step] = {
    ("TeaServed", 1): lambda body: {"lumps": int(body["sugar"])},
    ("TeaServed", 2): lambda body: {**body, "milk": False},
}


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_what_was_written_is_read(path: Path) -> None:
    name, _, version = path.stem.partition(".v")
    found = upcasters.read(EVENTS[name], int(version), path.read_bytes())
    if int(version) == EVENTS[name].version:
        assert msgspec.json.decode(msgspec.json.encode(found)) == msgspec.json.decode(path.read_bytes())


def test_every_version_of_every_event_has_its_file() -> None:
    needed = {f"{n}.v{version}.json" for n, event in EVENTS.items() for version in range(1, event.version + 1)}
    assert needed == {path.name for path in GOLDEN.glob("*.json")}


def test_every_step_leads_to_the_next() -> None:
    needed = {(n, version) for n, event in EVENTS.items() for version in range(1, event.version)}
    assert needed == set(upcasters.STEPS)


@pytest.mark.parametrize(
    ("version", "body", "expected"),
    [
        (1, b'{"type":"TeaServed","sugar":true}', TeaServed(1, milk=False)),
        (2, b'{"type":"TeaServed","lumps":2}', TeaServed(2, milk=False)),
        (3, b'{"type":"TeaServed","lumps":2,"milk":true}', TeaServed(2, milk=True)),
        (4, b'{"type":"TeaServed","lumps":2,"milk":true,"lemon":true}', TeaServed(2, milk=True)),
    ],
)
def test_older_and_newer_ones_are_read(version: int, body: bytes, expected: TeaServed) -> None:
    assert upcasters.read(TeaServed, version, body, STEPS) == expected


def test_a_missing_step_is_named() -> None:
    with pytest.raises(LookupError, match="no step from version 1 of TeaServed to 2"):
        upcasters.read(TeaServed, 1, b'{"sugar": true}', {})
