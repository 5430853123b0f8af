"""The recording service on a real NATS and a real PostgreSQL, asked as its doors ask it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from nats.aio.client import Client as Nats

from actors.jetstream import direct_get
from actors.recording.abandonment import Abandonment
from actors.recording.actor import RecordingActor, running
from actors.runtime.client import Client
from actors.sourcing.event_message import decode
from schemas.envelope import Caller
from schemas.errors import Conflict, Gone, Invalid, NotFound
from schemas.ids import RecordingId, TemplateId, new_id
from schemas.message import Event
from schemas.recording import (
    CompleteRecording,
    ConnectSource,
    DeleteRecording,
    GetRecording,
    ListRecordings,
    ListTemplates,
    PauseRecording,
    RecordingDeleted,
    RecordingPaused,
    RecordingPrepared,
    RecordingResumed,
    RecordingStarted,
    RecordingStopped,
    ResumeRecording,
    SaveTemplate,
    StartRecording,
    Status,
    StopRecording,
    UpdateRecording,
)
from subjects import events
from subjects.streams import EVENTS, MEDIA
from tests.actors.media_given import Source
from tests.actors.raw_given import Pages
from tests.actors.recording.said import STRETCH
from tests.replicas import Replica
from tests.servers import until

PROJECTED = "recording_sessions", "recording_segments", "recording_templates"


@pytest.fixture
async def service(nats_client: Nats, database: Any) -> AsyncIterator[Client]:
    async with running(nats_client, database):
        yield Client(nats_client)


async def started(client: Client, title: str = "Demo") -> RecordingId:
    entity = RecordingId(new_id())
    await client.ask(StartRecording(entity, title, settings={"fps": 30}))
    await client.ask(ConnectSource(entity))
    return entity


async def completed(client: Client, title: str = "Demo") -> RecordingId:
    entity = await started(client, title)
    await client.ask(StopRecording(entity))
    await client.ask(CompleteRecording(entity, 4.0, 1000, [STRETCH]))
    return entity


async def told(nats: Nats, entity: str) -> list[Event | None]:
    page = await direct_get.batch(nats, EVENTS.name, events.entity("recording", entity), 1)
    return [decode(entry.subject, entry.headers, entry.data) for entry in page]


async def caught_up(nats: Nats, database: Any) -> None:
    """Until the tables stand where the service's events end."""
    newest = await direct_get.last(nats, EVENTS.name, events.service("recording"))
    last = newest.sequence if newest else 0

    async def is_there() -> bool:
        position = await database.fetchval("SELECT sequence FROM projection_positions WHERE name = 'recording'")
        return bool(position == last)

    await until(is_there)


async def checksum(database: Any) -> dict[str, str]:
    """Of all rows of every projected table."""
    ask = "SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} t"
    return {table: await database.fetchval(ask.format(table)) for table in PROJECTED}


async def test_the_life_of_a_recording(service: Client, nats_client: Nats, database: Any) -> None:
    entity = RecordingId(new_id())
    prepared = await service.ask(StartRecording(entity, "Demo", "Why", "screen_webcam", {"fps": 30}))
    assert (prepared.status, prepared.title, prepared.settings) == (Status.PREPARING, "Demo", {"fps": 30})
    statuses = [
        (await service.ask(wish)).status
        for wish in (
            ConnectSource(entity),
            PauseRecording(entity),
            ResumeRecording(entity),
            StopRecording(entity),
            CompleteRecording(entity, 4.0, 1000, [STRETCH]),
        )
    ]
    assert statuses == ["recording", "paused", "recording", "processing", "completed"]
    assert [type(event) for event in await told(nats_client, entity)][:5] == [
        RecordingPrepared,
        RecordingStarted,
        RecordingPaused,
        RecordingResumed,
        RecordingStopped,
    ]
    await caught_up(nats_client, database)
    page = await service.ask(ListRecordings())
    assert page.recordings == [await service.ask(GetRecording(entity))]
    row = await database.fetchrow("SELECT * FROM recording_segments WHERE recording_id = $1", entity)
    assert (row["segment_number"], row["duration_seconds"], row["file_path"]) == (0, 4.0, STRETCH.file_path)


async def test_a_recording_without_a_title_gets_one(service: Client) -> None:
    view = await service.ask(StartRecording(RecordingId(new_id()), "   "))
    assert view.title.startswith("Recording of ")


async def test_each_stretch_between_pauses_has_its_row(service: Client, nats_client: Nats, database: Any) -> None:
    entity = await started(service)
    for wish in (PauseRecording(entity), ResumeRecording(entity), PauseRecording(entity), StopRecording(entity)):
        await service.ask(wish)
    await caught_up(nats_client, database)
    rows = await database.fetch("SELECT * FROM recording_segments ORDER BY segment_number")
    assert [row["segment_number"] for row in rows] == [0, 1]
    assert all(row["ended_at"] >= row["started_at"] for row in rows)


async def test_refusals_come_back_as_what_they_are(service: Client) -> None:
    entity = RecordingId(new_id())
    with pytest.raises(NotFound, match="no such recording"):
        await service.ask(GetRecording(entity))
    await service.ask(StartRecording(entity))
    with pytest.raises(Conflict, match="nothing to pause"):
        await service.ask(PauseRecording(entity))
    await service.ask(DeleteRecording(entity))
    with pytest.raises(Gone, match="has been deleted"):
        await service.ask(StopRecording(entity))


async def test_a_command_that_is_sent_again_is_answered_again(service: Client) -> None:
    entity = RecordingId(new_id())
    for number, wish in enumerate((StartRecording(entity, "Demo"), ConnectSource(entity), DeleteRecording(entity))):
        caller = Caller(command_id=f"wish-{number}")
        first = await service.ask(wish, caller)
        assert await service.ask(wish, caller) == first
    assert first.status == Status.RECORDING


async def test_of_many_who_stop_at_once_one_stops_it(nats_client: Nats, database: Any, service: Client) -> None:
    entity = await started(service)
    async with running(nats_client, database):  # a second instance of the service
        answers = await asyncio.gather(*(service.ask(StopRecording(entity)) for _ in range(20)))
    assert {answer.status for answer in answers} == {Status.PROCESSING}
    said = await told(nats_client, entity)
    assert sum(isinstance(event, RecordingStopped) for event in said) == 1


async def test_conflicting_wishes_have_one_winner(nats_client: Nats, database: Any, service: Client) -> None:
    async with running(nats_client, database):
        for _ in range(5):
            entity = await started(service)
            wishes = [StopRecording(entity), PauseRecording(entity), DeleteRecording(entity)]
            await asyncio.gather(*(service.ask(wish) for wish in wishes), return_exceptions=True)
            said = await told(nats_client, entity)
            assert sum(isinstance(event, RecordingDeleted) for event in said) == 1
            assert isinstance(said[-1], RecordingDeleted), "nothing is said of what was deleted"


async def test_a_list_is_read_page_by_page_newest_first(service: Client, nats_client: Nats, database: Any) -> None:
    entities = [await completed(service, f"No. {number}") for number in range(5)]
    await caught_up(nats_client, database)
    found, cursor = [], ""
    while True:
        page = await service.ask(ListRecordings(2, cursor))
        assert len(page.recordings) <= 2
        found += [view.id for view in page.recordings]
        cursor = page.next_cursor
        if not cursor:
            break
    assert found == entities[::-1]


@pytest.mark.parametrize("cursor", ["nonsense", "bm9uc2Vuc2U", "2026", "é"])
async def test_a_made_up_cursor_is_refused(service: Client, cursor: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        await service.ask(ListRecordings(2, cursor))


async def test_a_deleted_recording_leaves_the_list(service: Client, nats_client: Nats, database: Any) -> None:
    stays, goes = await completed(service), await completed(service)
    assert (await service.ask(DeleteRecording(goes))).status is Status.COMPLETED
    await caught_up(nats_client, database)
    assert [view.id for view in (await service.ask(ListRecordings())).recordings] == [stays]
    assert await database.fetchval("SELECT count(*) FROM recording_segments WHERE recording_id = $1", goes) == 0


async def test_a_new_default_template_takes_the_place_of_the_old(
    service: Client, nats_client: Nats, database: Any
) -> None:
    for name in ("First", "Second"):
        await service.ask(SaveTemplate(TemplateId(new_id()), name, settings={"fps": 60}, is_default=True))
    await caught_up(nats_client, database)
    found = (await service.ask(ListTemplates())).templates
    assert [(template.name, template.is_default) for template in found] == [("First", False), ("Second", True)]


async def test_tables_dropped_and_rebuilt_have_the_same_rows(nats_client: Nats, database: Any) -> None:
    async with running(nats_client, database):
        client = Client(nats_client)
        for number in range(3):
            await completed(client, f"No. {number}")
        paused = await started(client)
        await client.ask(PauseRecording(paused))
        await client.ask(UpdateRecording(await started(client), "New"))
        await client.ask(DeleteRecording(await completed(client)))
        await client.ask(StopRecording((await client.ask(StartRecording(RecordingId(new_id())))).id))
        await client.ask(SaveTemplate(TemplateId(new_id()), "Mine", is_default=True))
        await caught_up(nats_client, database)
        before = await checksum(database)
    await database.execute(f"TRUNCATE projection_positions, {', '.join(PROJECTED)}")
    assert await checksum(database) != before
    async with running(nats_client, database):
        await caught_up(nats_client, database)
    assert await checksum(database) == before


async def test_without_the_database_a_recording_goes_on(database: Any, service: Client) -> None:
    entity = await started(service)
    database.terminate()
    assert (await service.ask(StopRecording(entity))).status is Status.PROCESSING


async def test_what_nobody_sends_to_ends_by_itself(nats_client: Nats, database: Any) -> None:
    async with running(nats_client, database, abandon_after_s=0.1, abandon_idle_after_s=0.1):
        client = Client(nats_client)
        left = await started(client)
        never_begun = (await client.ask(StartRecording(RecordingId(new_id())))).id

        async def ended() -> bool:
            views = [await client.ask(GetRecording(entity)) for entity in (left, never_begun)]
            return [view.status for view in views] == [Status.PROCESSING, Status.FAILED]

        await until(ended)
    stopped = (await told(nats_client, left))[-1]
    assert isinstance(stopped, RecordingStopped) and stopped.reason == "abandoned"


async def test_who_is_gone_keeps_nobody_from_being_ended(nats_client: Nats, database: Any, service: Client) -> None:
    gone, left = await started(service), await started(service)
    await service.ask(DeleteRecording(gone))

    class Both(Abandonment, frozen=True):
        async def find(self, database: Any, now: datetime) -> list[RecordingId]:  # noqa: ARG002
            return [gone, left]

    both = Both(nats_client, timedelta(0), timedelta(0))
    await RecordingActor(nats_client, database, both).close_abandoned()
    assert (await service.ask(GetRecording(left))).status == Status.PROCESSING


async def test_what_is_sent_to_goes_on_however_long_it_takes(nats_client: Nats, database: Any, service: Client) -> None:
    sent_to, written, left = [await started(service) for _ in range(3)]
    await Source(nats_client, sent_to).part(0, 0)
    await Pages(nats_client, written).write_one()
    await caught_up(nats_client, database)
    now = datetime.now(UTC)
    # All connected long ago, in the table; only two have something that is new.
    await database.execute("UPDATE recording_sessions SET updated_at = $1", now - timedelta(hours=1))
    found = await Abandonment(nats_client, timedelta(minutes=1), timedelta(hours=2)).find(database, now)
    assert found == [left]
    later = now + timedelta(minutes=2)
    found = await Abandonment(nats_client, timedelta(minutes=1), timedelta(hours=2)).find(database, later)
    assert set(found) == {left, written, sent_to}


async def test_a_replica_that_is_behind_ends_nothing(
    nats_client: Nats, database: Any, service: Client, replica: Replica
) -> None:
    sent_to = await started(service)
    await Source(nats_client, sent_to).part(0, 0)
    await caught_up(nats_client, database)
    now = datetime.now(UTC)
    await database.execute("UPDATE recording_sessions SET updated_at = $1", now - timedelta(hours=1))
    replica.falls_behind(MEDIA, at=1, times=1)
    assert await Abandonment(nats_client, timedelta(minutes=1), timedelta(hours=2)).find(database, now) == []
    assert replica.times == 0


async def test_a_pause_may_last(nats_client: Nats, database: Any, service: Client) -> None:
    entity = await started(service)
    await service.ask(PauseRecording(entity))
    await caught_up(nats_client, database)
    abandonment = Abandonment(nats_client, timedelta(minutes=1), timedelta(hours=1))
    now = datetime.now(UTC)
    assert await abandonment.find(database, now + timedelta(minutes=50)) == []
    assert await abandonment.find(database, now + timedelta(minutes=70)) == [entity]


async def test_a_file_may_wait_longer_for_its_turn(nats_client: Nats, database: Any, service: Client) -> None:
    entity = RecordingId(new_id())
    await service.ask(StartRecording(entity, "A film", recording_type="import"))
    await caught_up(nats_client, database)
    abandonment = Abandonment(nats_client, timedelta(minutes=1), timedelta(hours=1))
    now = datetime.now(UTC)
    assert await abandonment.find(database, now + timedelta(hours=23)) == []
    assert await abandonment.find(database, now + timedelta(hours=25)) == [entity]
