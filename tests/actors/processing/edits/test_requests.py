"""An edit is said, made and shown; undone it is still there; killed at the wrong moment it is shown all the same."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from nats.aio.client import Client
from obstore.store import LocalStore

from actors.outside import storage
from actors.outside.sandbox import Sandbox
from actors.processing.edits import history
from actors.processing.edits.history import History
from actors.processing.edits.maker import Maker
from actors.processing.edits.requests import EditDesk, EditRequests
from actors.runtime import actor as runtime
from actors.runtime.actor import Actor
from actors.runtime.client import Client as Asking
from actors.runtime.handlers import query
from actors.sourcing.store import EventStore
from media.edits import version
from schemas.envelope import NOBODY, Caller
from schemas.errors import Conflict, Invalid
from schemas.ids import LOCAL_USER, LOCAL_WORKSPACE, RecordingId, new_id
from schemas.processing import EditRecording, EditsView, GetEdits, KeptRange, RecordingEdited, RedoEdit, UndoEdit
from schemas.recording import GetRecording, RecordingView, Status
from subjects import objects
from tests.gateways.edge.archive import store_all
from tests.media.edits import numbered
from tests.servers import until

SECONDS = 7.0
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Editing(EditRequests, Actor, service="processing"):
    """That part of the service."""


class Recordings(Actor, service="recording"):
    """Knows every recording."""

    @query
    async def get(self, said: GetRecording, caller: Caller) -> RecordingView:  # noqa: ARG002
        return RecordingView(
            said.recording_id, LOCAL_USER, LOCAL_WORKSPACE, "", "", "screen", Status.COMPLETED, {}, NOW, NOW
        )


@pytest.fixture
async def edits(client: Client, store: LocalStore) -> AsyncIterator[Asking]:
    async with (
        Sandbox() as sandbox,
        runtime.running(client, Recordings()),
        runtime.running(client, Editing(EditDesk(client, Maker(store, sandbox)))),
    ):
        yield Asking(client)


@pytest.fixture
async def recording_id(store: LocalStore) -> RecordingId:
    found = RecordingId(new_id())
    await store_all(store, found, numbered.recording(SECONDS))
    return found


def edit(recording_id: RecordingId, *keep: tuple[float, float]) -> EditRecording:
    return EditRecording(recording_id, [KeptRange(*one) for one in keep])


async def shown(store: LocalStore, recording_id: str) -> int:
    try:
        found = await store.get_async(objects.edit(recording_id))
    except FileNotFoundError:
        return 0
    return version.current(bytes(await found.bytes_async()))


async def test_an_edit_is_made_shown_undone_and_done_again(
    edits: Asking, store: LocalStore, recording_id: RecordingId
) -> None:
    before = await storage.sizes(store, objects.prefix(recording_id))
    view = await edits.ask(edit(recording_id, (0.5, 3.0), (4.25, 99.0)))
    assert (view.current, view.can_undo) == (1, True)
    assert view.versions[0].keep == [KeptRange(0.5, 3.0), KeptRange(4.25, pytest.approx(SECONDS, abs=0.05))]
    assert await shown(store, recording_id) == 1
    assert (await edits.ask(UndoEdit(recording_id))).current == 0
    assert await shown(store, recording_id) == 0
    assert (await edits.ask(RedoEdit(recording_id))).current == 1
    assert await edits.ask(GetEdits(recording_id)) == EditsView(recording_id, 1, view.versions, True, False)
    after = await storage.sizes(store, objects.prefix(recording_id))
    assert {path: size for path, size in after.items() if path in before} == before
    assert all("/edits/1/" in path or path.endswith("edit.json") for path in after.keys() - before.keys())


async def test_the_same_command_twice_is_one_edit(edits: Asking, recording_id: RecordingId) -> None:
    caller = Caller(command_id="once")
    first = await edits.ask(edit(recording_id, (1.0, 2.0)), caller)
    assert await edits.ask(edit(recording_id, (1.0, 2.0)), caller) == first


async def test_what_cannot_be_edited_is_refused(edits: Asking, store: LocalStore, recording_id: RecordingId) -> None:
    with pytest.raises(Invalid, match="begins before it ends"):
        await edits.ask(edit(recording_id, (3.0, 1.0)))
    with pytest.raises(Conflict, match="once it has been stopped"):
        await edits.ask(edit(RecordingId(new_id()), (0.0, 1.0)))
    await store.put_async(objects.segment(recording_id, "video", 1), b"damaged")
    with pytest.raises((Invalid, Conflict)):
        await edits.ask(edit(recording_id, (2.5, 3.5)))
    assert (await edits.ask(GetEdits(recording_id))).current == 0


async def test_an_edit_that_was_said_is_shown_whoever_dies(
    client: Client, edits: Asking, store: LocalStore, recording_id: RecordingId
) -> None:
    """The one that had said it was killed before it could show it."""
    await edits.ask(edit(recording_id, (1.0, 2.0)))
    await edits.ask(UndoEdit(recording_id))
    dead: EventStore[History] = EventStore(client, "processing", History(), history.evolve)
    said = RecordingEdited(recording_id, 2, 0, [KeptRange(1.0, 2.0)], 1.0, NOW)
    await dead.decide(recording_id, NOBODY, lambda _: [said])

    async def is_shown() -> bool:
        return await shown(store, recording_id) == 2

    await until(is_shown)
