"""What Tab offers: names that are declared, and recordings while NATS is there."""

import asyncio
import time

import msgspec
import pytest
from nats.aio.client import Client as Nats

from ops.cli import completion
from schemas.ids import LOCAL_USER, LOCAL_WORKSPACE, RecordingId
from schemas.recording import RecordingPrepared
from subjects import events
from tests.ops.test_rebuild import NOW


def test_names_that_are_declared() -> None:
    assert list(completion.streams("e")) == ["EVENTS"]
    assert list(completion.services("")) == ["finishing", "streaming", "processing", "importing", "queue"]
    assert list(completion.tables("")) == ["recording", "processing"]


@pytest.mark.usefixtures("pointed")
async def test_recordings_of_late_with_their_titles_the_newest_first(nats_client: Nats) -> None:
    for recording_id, title in (("a1", "One"), ("b1", "Two"), ("a2", "Three")):
        words = (LOCAL_USER, LOCAL_WORKSPACE, title, "", "screen", {}, NOW)
        body = msgspec.json.encode(RecordingPrepared(RecordingId(recording_id), *words))
        await nats_client.jetstream().publish(events.of(RecordingPrepared, recording_id), body)
    assert await asyncio.to_thread(completion.recordings, "a") == [("a2", "Three"), ("a1", "One")]


def test_nothing_and_soon_where_nats_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOM_NATS_URL", "nats://127.0.0.1:1")
    begun = time.monotonic()
    assert completion.recordings("") == []
    assert time.monotonic() - begun < 2 * completion.PATIENCE_S
