"""What a workspace keeps for so long goes after that; what is being recorded never does."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from nats.aio.client import Client as Nats
from obstore.store import LocalStore

from actors.jetstream import direct_get
from actors.recording import actor as recording
from actors.runtime.client import Client
from actors.streaming.actor import running
from actors.streaming.keeping import Keeping
from schemas.errors import Gone, Invalid
from schemas.ids import LOCAL_WORKSPACE, RecordingId, WorkspaceId, new_id
from schemas.recording import GetRecording, RecordingView
from schemas.streaming import GetRetention, RetentionSet, SetRetention
from subjects import events
from subjects.streams import EVENTS
from tests.actors.recording.test_actor import caught_up, completed, started

LATER = datetime.now(UTC) + timedelta(days=31)


@pytest.fixture
async def service(nats_client: Nats, database: Any, store: LocalStore) -> AsyncIterator[Client]:
    async with recording.running(nats_client, database), running(nats_client, store):
        yield Client(nats_client)


async def is_there(client: Client, recording_id: RecordingId) -> bool:
    try:
        found: RecordingView = await client.ask(GetRecording(recording_id))
    except Gone:
        return False
    return found.id == recording_id


async def test_what_was_kept_for_long_enough_is_deleted_and_nothing_else(
    service: Client, nats_client: Nats, database: Any
) -> None:
    old, live = await completed(service), await started(service)
    await caught_up(nats_client, database)
    keeping = Keeping(nats_client)
    assert await keeping.sweep(LATER) == 0  # for ever
    await service.ask(SetRetention(LOCAL_WORKSPACE, 30))
    assert await keeping.sweep(datetime.now(UTC) + timedelta(days=29)) == 0
    assert await is_there(service, old)
    assert await keeping.sweep(LATER) >= 1
    assert not await is_there(service, old)
    assert await is_there(service, live)
    await service.ask(SetRetention(LOCAL_WORKSPACE, None))


async def test_another_workspace_keeps_its_own(service: Client, nats_client: Nats, database: Any) -> None:
    old = await completed(service)
    await caught_up(nats_client, database)
    await service.ask(SetRetention(WorkspaceId("another"), 1))
    await Keeping(nats_client).sweep(LATER)
    assert await is_there(service, old)


async def test_a_wish_is_kept_and_said_once(service: Client, nats_client: Nats) -> None:
    workspace = WorkspaceId(new_id())
    assert (await service.ask(GetRetention(workspace))).keep_days is None
    for days in (30, 30, None, 7):
        assert (await service.ask(SetRetention(workspace, days))).keep_days == days
    assert (await service.ask(GetRetention(workspace))).keep_days == 7
    said = await direct_get.batch(nats_client, EVENTS.name, events.of(RetentionSet, workspace), 1)
    assert len(said) == 3


@pytest.mark.parametrize("days", [0, -1, 40_000])
async def test_no_days_and_too_many_are_refused(service: Client, days: int) -> None:
    with pytest.raises(Invalid):
        await service.ask(SetRetention(WorkspaceId(new_id()), days))
