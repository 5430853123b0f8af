"""Streams, readers, messages and services as they are shown, with a service that runs."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest
from nats.aio.client import Client as Nats

from actors.runtime.actor import running
from actors.sourcing.event_message import headers_of
from ops.cli.ending import Misused, Trouble
from ops.cli.js.consumers import consumers
from ops.cli.js.replay import replay
from ops.cli.js.streams import streams
from ops.cli.js.tail import kept, passing
from ops.cli.services import services
from schemas.envelope import Caller
from schemas.ids import LOCAL_USER, LOCAL_WORKSPACE, RecordingId
from schemas.recording import RecordingPrepared
from subjects import events
from subjects.streams import ALL
from tests.actors.runtime.greeting import Greeter, GuestCame
from tests.ops.test_rebuild import NOW
from tests.servers import until

pytestmark = pytest.mark.usefixtures("pointed")
Printed = Callable[[], Any]


@pytest.fixture
async def greeter(nats_client: Nats) -> AsyncIterator[Greeter]:
    actor = Greeter()
    async with running(nats_client, actor):
        yield actor


async def come(nats: Nats, actor: Greeter, *guests: str) -> None:
    for guest in guests:
        await nats.jetstream().publish(events.of(GuestCame, guest), msgspec.json.encode(GuestCame(guest, 1)))

    async def came() -> bool:
        return len(actor.came) >= len(guests)

    await until(came)


async def prepare(nats: Nats, recording_id: str = "rec", title: str = "A title") -> None:
    words = (LOCAL_USER, LOCAL_WORKSPACE, title, "", "screen", {}, NOW)
    event = RecordingPrepared(RecordingId(recording_id), *words)
    headers = headers_of(event, recording_id, Caller(user_id=LOCAL_USER, command_id=f"start-{recording_id}"), 0)
    await nats.jetstream().publish(
        events.of(RecordingPrepared, recording_id), msgspec.json.encode(event), headers=headers
    )


async def test_streams_are_listed_with_what_they_hold(nats_client: Nats, printed: Printed) -> None:
    await prepare(nats_client)
    await streams(json=True)
    found = {stream["name"]: stream for stream in printed()}
    assert {stream.name for stream in ALL} <= set(found)
    assert (found["EVENTS"]["messages"], found["JOBS"]["messages"]) == (1, 0)
    assert found["EVENTS"]["last_at"]
    assert found["JOBS"]["last_at"] is None


async def test_a_reader_that_does_nothing_is_called_slow(nats_client: Nats, printed: Printed) -> None:
    actor = Greeter()
    async with running(nats_client, actor):
        await come(nats_client, actor, "ann")
        await consumers(json=True)
        reader = next(one for one in printed() if one["name"] == "greeting")
        assert (reader["lag"], reader["slow"], reader["reads"]) == (0, "", ["loom.evt.greeting.*.guest_came"])
    await prepare(nats_client)
    await consumers(json=True)
    assert next(one for one in printed() if one["name"] == "greeting")["slow"] == "nobody is there"


async def test_services_are_shown_with_what_was_asked_of_them(
    nats_client: Nats, greeter: Greeter, printed: Printed
) -> None:
    await come(nats_client, greeter, "ann")
    assert await services(json=True) == 0
    (service,) = printed()
    (instance,) = service["instances"]
    assert (service["name"], service["unowned"], service["handles"]) == (
        "greeting",
        0,
        ["loom.evt.greeting.*.guest_came"],
    )
    assert (instance["answers"], instance["partitions"]) == (True, 32)
    assert "say" in [endpoint["name"] for endpoint in instance["endpoints"]]


async def test_what_a_stream_keeps_is_read_by_its_schema(nats_client: Nats, capsys: pytest.CaptureFixture[str]) -> None:
    await prepare(nats_client, title="One")
    await prepare(nats_client, "other", "Two")
    await kept("EVENTS", "loom.>", 1, None, json=True, follow=False)
    first, second = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (first["says"], first["about"], first["fields"]["title"]) == ("RecordingPrepared", "rec", "One")
    assert (first["sequence"], first["by"]["command_id"]) == (1, "start-rec")
    assert second["about"] == "other"
    await kept("EVENTS", "loom.evt.*.rec.*", None, 60.0, json=False, follow=False)
    said = capsys.readouterr().out
    assert "RecordingPrepared title=One" in said
    assert "Two" not in said
    with pytest.raises(Misused, match="There is no stream NONE; there are DLQ, EVENTS"):
        await kept("NONE", "loom.>", 1, None, json=True, follow=False)


async def test_what_passes_is_shown_as_it_comes(nats_client: Nats, capsys: pytest.CaptureFixture[str]) -> None:
    listening = asyncio.create_task(passing("loom.>", json=True))
    lines: list[str] = []

    async def heard() -> bool:
        await nats_client.publish("loom.live.rec.source", b'{"state":"connected","fps":30.0}')
        lines.extend(capsys.readouterr().out.splitlines())
        return bool(lines)

    try:
        await until(heard)
    finally:
        listening.cancel()
    said = json.loads(lines[0])
    assert (said["kind"], said["says"], said["fields"]["fps"]) == ("live", "SourceMeasured", 30.0)


async def test_a_body_that_no_schema_reads_is_shown_as_text(
    nats_client: Nats, capsys: pytest.CaptureFixture[str]
) -> None:
    await nats_client.jetstream().publish("loom.evt.recording.rec.prepared", b"not json")
    await nats_client.jetstream().publish("loom.evt.poetry.rec.rhymed", b"\xff\xfe")
    await kept("EVENTS", "loom.>", 1, None, json=False, follow=False)
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith("loom.evt.recording.rec.prepared text=not json")
    assert second.endswith("loom.evt.poetry.rec.rhymed bytes=2")


async def test_events_are_handed_to_a_service_once_more(nats_client: Nats, greeter: Greeter, printed: Printed) -> None:
    await come(nats_client, greeter, "ann", "bob", "ann-again")
    await prepare(nats_client)  # which it does not handle
    assert await replay("greeting", 1, None, "", dry_run=True, yes=False, json=True) == 0
    assert [(one["about"], one["handled"]) for one in printed()] == [
        ("ann", False),
        ("bob", False),
        ("ann-again", False),
    ]
    assert len(greeter.came) == 3
    with pytest.raises(Misused, match="Hand 2 events to greeting once more"):
        await replay("greeting", 2, None, "", dry_run=False, yes=False, json=True)
    assert await replay("greeting", 2, 3, "", dry_run=False, yes=True, json=True) == 0
    assert [one["about"] for one in printed()] == ["bob", "ann-again"]
    assert await replay("greeting", 1, None, "ann", dry_run=False, yes=True, json=True) == 0
    assert [one["about"] for one in printed()] == ["ann"]
    assert greeter.came[3:] == [("bob", 1), ("ann-again", 1), ("ann", 1)]
    greeter.failures = [ZeroDivisionError("not again")]
    assert await replay("greeting", 1, 1, "", dry_run=False, yes=True, json=True) == 1
    assert "not again" in printed()[0]["why"]


@pytest.mark.usefixtures("greeter")
async def test_a_service_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(Trouble, match=r"Nobody of the service poetry is there; there are greeting."):
        await replay("poetry", 1, None, "", dry_run=False, yes=True, json=True)
