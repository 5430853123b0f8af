"""A message that no handler could take is listed, explained, tried again and removed."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest
from nats.aio.client import Client as Nats

from actors.jetstream import direct_get
from actors.jetstream.burial import bury
from actors.runtime.actor import running
from ops.cli.dlq.ls import ls, show
from ops.cli.dlq.retry import drop, retry
from ops.cli.ending import Misused, Trouble
from schemas.processing import MakePoster
from subjects import dead_letters, events, jobs
from subjects.streams import DLQ, EVENTS, JOBS
from tests.actors.runtime.greeting import Greeter, GuestCame
from tests.servers import until

pytestmark = pytest.mark.usefixtures("pointed")
Printed = Callable[[], Any]


@pytest.fixture
async def greeter(nats_client: Nats) -> AsyncIterator[Greeter]:
    actor = Greeter()
    async with running(nats_client, actor):
        yield actor


def fail() -> None:
    raise ZeroDivisionError("poison")


async def buried(nats: Nats, actor: Greeter, guest: str = "ann") -> None:
    """An event that the service has taken once, and about which there is a dead letter nevertheless."""
    before = len(actor.came)
    found = await nats.jetstream().publish(
        events.of(GuestCame, guest), msgspec.json.encode(GuestCame(guest, 1)), headers={"Nats-Msg-Id": f"{guest}.0"}
    )

    async def came() -> bool:
        return len(actor.came) > before

    await until(came)
    with pytest.raises(ZeroDivisionError) as failure:
        fail()
    await bury(nats, EVENTS.name, "greeting", await direct_get.at(nats, EVENTS.name, found.seq), failure.value)


async def left(nats: Nats) -> int:
    return (await nats.jetstream().stream_info(DLQ.name)).state.messages


async def test_it_is_listed_with_who_what_and_why(nats_client: Nats, greeter: Greeter, printed: Printed) -> None:
    await ls(json=True)
    assert printed() == []
    await buried(nats_client, greeter)
    await ls(json=True)
    (letter,) = printed()
    assert (letter["number"], letter["stream"], letter["reader"], letter["about"]) == (1, "EVENTS", "greeting", "ann")
    assert letter["reason"] == "ZeroDivisionError: poison"


async def test_all_of_it_can_be_read(
    nats_client: Nats, greeter: Greeter, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await buried(nats_client, greeter)
    for columns in ("80", "120"):
        monkeypatch.setenv("COLUMNS", columns)
        await ls(json=False)
        await show([1], json=False)
        said = capsys.readouterr().out
        assert max(map(len, said.splitlines())) <= int(columns)
        for part in ("greeting", "ann", "ann.0", "poison", "Traceback", "`loom dlq retry 1`"):
            assert part in said


async def test_it_goes_once_its_service_has_handled_it(nats_client: Nats, greeter: Greeter, printed: Printed) -> None:
    await buried(nats_client, greeter)
    greeter.failures = [ZeroDivisionError("still")]
    assert await retry([1], everything=False, json=True) == 1
    assert "still" in printed()[0]["what"]
    assert await left(nats_client) == 1
    assert await retry([], everything=True, json=True) == 0
    assert printed()[0]["done"]
    assert greeter.came == [("ann", 1), ("ann", 1)]
    assert await left(nats_client) == 0


async def test_it_stays_while_its_service_is_away(nats_client: Nats, printed: Printed) -> None:
    actor = Greeter()
    async with running(nats_client, actor):
        await buried(nats_client, actor)
    assert await retry([1], everything=False, json=True) == 1
    assert printed() == [{"number": 1, "done": False, "what": "nobody of the service greeting is there"}]


async def test_a_job_goes_back_into_its_queue_under_a_new_id(nats_client: Nats, printed: Printed) -> None:
    said = MakePoster("rec")  # type: ignore[arg-type]
    subject, body = jobs.every(MakePoster).replace("*", "rec"), msgspec.json.encode(said)
    put = await nats_client.jetstream().publish(subject, body, headers={"Nats-Msg-Id": "poster.rec"})
    entry = await direct_get.at(nats_client, JOBS.name, put.seq)
    await nats_client.jetstream().delete_msg(JOBS.name, put.seq)
    await bury(nats_client, JOBS.name, "job-make_poster", entry, ValueError("no picture"))
    assert await retry([1], everything=False, json=True) == 0
    assert printed()[0]["what"] == "back in the queue: MakePoster of rec"
    again = await direct_get.last(nats_client, JOBS.name, subject)
    assert again
    assert (again.data, again.headers["Nats-Msg-Id"]) == (body, "poster.rec.again.1")
    assert not [name for name in again.headers if name.startswith("Loom-Dead-")]


async def test_one_of_tables_is_not_handed_to_anybody(nats_client: Nats, greeter: Greeter, printed: Printed) -> None:
    await buried(nats_client, greeter)
    entry = await direct_get.at(nats_client, EVENTS.name, 1)
    await bury(nats_client, EVENTS.name, dead_letters.projection("recording"), entry, ValueError("no such column"))
    assert await retry([2], everything=False, json=True) == 1
    assert "`loom rebuild recording`" in printed()[0]["what"]


async def test_it_is_dropped_only_when_it_was_meant(nats_client: Nats, greeter: Greeter, printed: Printed) -> None:
    await buried(nats_client, greeter)
    with pytest.raises(Misused, match=r"Drop dead letter 1 for good\? There is nobody to ask: say --yes"):
        await drop([1], yes=False, json=True)
    assert await left(nats_client) == 1
    assert await drop([1], yes=True, json=True) == 0
    assert printed()[0]["done"]
    assert await left(nats_client) == 0


async def test_a_number_that_is_not_there_changes_nothing(nats_client: Nats, greeter: Greeter) -> None:
    await buried(nats_client, greeter)
    for verb in (
        show([1, 7], json=True),
        retry([1, 7], everything=False, json=True),
        drop([1, 7], yes=True, json=True),
    ):
        with pytest.raises(Trouble, match=r"There is no dead letter 7; `loom dlq ls` lists those there are."):
            await verb
    assert await left(nats_client) == 1
