"""Random commands, sent twice, by processes that crash or know old things: the recording is what a small model says.

The model knows nothing of events: a table of what each command does to a status. What really happened is read from the
stream.
"""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

import nats
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from actors.jetstream import direct_get
from actors.recording import decider
from actors.sourcing.event_message import decode
from actors.sourcing.snapshots import Snapshots
from actors.sourcing.store import EventStore
from ops.provision import provision
from schemas.envelope import Caller
from schemas.errors import LoomError
from schemas.ids import LOCAL_USER, LOCAL_WORKSPACE, RecordingId, new_id
from schemas.recording import (
    CompleteRecording,
    ConnectSource,
    DeleteRecording,
    PauseRecording,
    RecordingPrepared,
    ResumeRecording,
    StartRecording,
    StopRecording,
    Stretch,
    UpdateRecording,
)
from subjects import events
from subjects.streams import EVENTS

NOW = datetime(2026, 11, 28, tzinfo=UTC)
STRETCH = Stretch(0, NOW, NOW, 1.0, "video/0.m4s")
REFUSED = "refused"
NOTHING = "nothing"

# What a command does to a status: the next one, NOTHING new, or REFUSED. What is not here is REFUSED.
MODEL: dict[str, dict[str, str]] = {
    "absent": {"start": "preparing"},
    "preparing": {"start": NOTHING, "connect": "recording", "stop": "failed", "update": "renamed", "delete": "deleted"},
    "renamed": {
        "connect": "recording",
        "stop": "failed",
        "update": "renamed",
        "delete": "deleted",
    },  # not as wished for
    "recording": {
        "connect": NOTHING,
        "pause": "paused",
        "resume": NOTHING,
        "stop": "processing",
        "update": "recording",
        "delete": "deleted",
    },
    "paused": {
        "connect": NOTHING,
        "pause": NOTHING,
        "resume": "recording",
        "stop": "processing",
        "update": "paused",
        "delete": "deleted",
    },
    "processing": {"stop": NOTHING, "complete": "completed", "update": "processing", "delete": "deleted"},
    "completed": {"stop": NOTHING, "complete": NOTHING, "update": "completed", "delete": "deleted"},
    "failed": {"stop": NOTHING, "complete": NOTHING, "update": "failed", "delete": "deleted"},
    "deleted": {},
}
KINDS = ("start", "connect", "pause", "resume", "stop", "complete", "update", "delete")
STATUS = {
    decider.Absent: "absent",
    decider.Preparing: "preparing",
    decider.Recording: "recording",
    decider.Paused: "paused",
    decider.Processing: "processing",
    decider.Completed: "completed",
    decider.Failed: "failed",
    decider.Deleted: "deleted",
}


def command(kind: str, entity: RecordingId, title: str) -> decider.Command:
    made: dict[str, decider.Command] = {
        "start": StartRecording(entity),
        "connect": ConnectSource(entity),
        "pause": PauseRecording(entity),
        "resume": ResumeRecording(entity),
        "stop": StopRecording(entity),
        "complete": CompleteRecording(entity, 1.0, 1, [STRETCH]),
        "update": UpdateRecording(entity, title),
        "delete": DeleteRecording(entity),
    }
    return made[kind]


class Aggregate(RuleBasedStateMachine):
    """One recording; `url` is set by the test."""

    url = ""
    sent = Bundle("sent")

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.client = self.wait(nats.connect(self.url))
        self.entity = RecordingId(new_id())
        self.prepared = RecordingPrepared(self.entity, LOCAL_USER, LOCAL_WORKSPACE, "Demo", "", "screen", {}, NOW)
        self.processes = [self.process(), self.process()]
        self.status = "absent"
        self.had_effect: dict[str, str] = {}
        self.said = 0
        self.titles = 0

    def wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(asyncio.wait_for(work, 10))

    def process(self) -> EventStore[Any]:
        snapshots = Snapshots(self.client, decider.State, decider.evolve)
        return EventStore(self.client, "recording", decider.Absent(), decider.evolve, snapshots)

    async def ask(self, process: int, kind: str, command_id: str, title: str) -> str:
        said = command(kind, self.entity, title)

        def choose(state: decider.State) -> list[Any]:
            return list(decider.decide(said, state, self.prepared, NOW))

        try:
            await self.processes[process].decide(self.entity, Caller(command_id=command_id), choose)
        except LoomError:
            return REFUSED
        return "taken"

    def expected(self, status: str, kind: str, command_id: str) -> tuple[str, str]:
        """What it is answered, and the status after it."""
        if command_id in self.had_effect:
            return "taken", status
        then = MODEL[status].get(kind, REFUSED)
        if then == REFUSED:
            return REFUSED, status
        return "taken", status if then == NOTHING else then

    @rule(target=sent, kind=st.sampled_from(KINDS), process=st.integers(0, 1))
    def send(self, kind: str, process: int) -> tuple[str, str, str]:
        self.titles += 1
        one = (kind, new_id(), f"Title {self.titles}")
        self._send(process, *one)
        return one

    @rule(one=sent, process=st.integers(0, 1))
    def send_again(self, one: tuple[str, str, str], process: int) -> None:
        self._send(process, *one)

    @rule(one=consumes(sent), process=st.integers(0, 1))
    def send_again_for_the_last_time(self, one: tuple[str, str, str], process: int) -> None:
        self._send(process, *one)

    def _send(self, process: int, kind: str, command_id: str, title: str) -> None:
        answer, after = self.expected(self.status, kind, command_id)
        assert self.wait(self.ask(process, kind, command_id, title)) == answer
        self._take(kind, command_id, after)

    def _take(self, kind: str, command_id: str, after: str) -> None:
        has_effect = MODEL[self.status].get(kind, REFUSED) not in (REFUSED, NOTHING)
        if command_id not in self.had_effect and has_effect:
            self.had_effect[command_id] = kind
            self.said += 1
        self.status = after

    @rule(first=st.sampled_from(KINDS), second=st.sampled_from(KINDS))
    def send_two_at_the_same_moment(self, first: str, second: str) -> None:
        """Whoever is first, the answers are those of one after the other."""
        self.titles += 2
        ids, titles = (new_id(), new_id()), (f"Title {self.titles - 1}", f"Title {self.titles}")

        async def both() -> list[str]:
            asked = [self.ask(n, kind, ids[n], titles[n]) for n, kind in enumerate((first, second))]
            return list(await asyncio.gather(*asked))

        answers = self.wait(both())
        before = self.status, dict(self.had_effect), self.said
        possible = []
        for order in ((0, 1), (1, 0)):
            self.status, self.had_effect, self.said = before[0], dict(before[1]), before[2]
            found = ["", ""]
            for number in order:
                kind = (first, second)[number]
                found[number], after = self.expected(self.status, kind, ids[number])
                self._take(kind, ids[number], after)
            possible.append((found, self.status, self.had_effect, self.said))
        status, said = self.wait(self._really())
        fitting = [one for one in possible if one[0] == answers and (one[1], one[3]) == (status, said)]
        assert fitting, f"{answers}, {status} and {said} events are none of {possible}"
        _, self.status, self.had_effect, self.said = fitting[0]

    @rule(process=st.integers(0, 1))
    def crash(self, process: int) -> None:
        """Whoever takes its place knows nothing."""
        self.processes[process] = self.process()

    @invariant()
    def the_stream_says_what_the_model_says(self) -> None:
        assert self.wait(self._really()) == (self.status, self.said)

    async def _really(self) -> tuple[str, int]:
        """The status that all events lead to, and how many there are; no command had two effects."""
        page = await direct_get.batch(self.client, EVENTS.name, events.entity("recording", self.entity), 1)
        state: Any = decider.Absent()
        for entry in page:
            state = decider.evolve(state, decode(entry.subject, entry.headers, entry.data))  # type: ignore[arg-type]
        commands = [entry.headers["Loom-Command-Id"] for entry in page]
        assert len(commands) == len(set(commands))
        is_renamed = isinstance(state, decider.Preparing) and state.said.title != self.prepared.title
        return "renamed" if is_renamed else STATUS[type(state)], len(page)

    def teardown(self) -> None:
        if hasattr(self, "client"):
            self.wait(self.client.close())
            self.loop.close()


@pytest.fixture(scope="module")
def provisioned(nats_url: str) -> str:
    async def prepare() -> None:
        client = await nats.connect(nats_url)
        await provision(client)
        await client.close()

    loop = asyncio.new_event_loop()
    loop.run_until_complete(prepare())
    loop.close()
    return nats_url


@pytest.mark.timeout(300)
def test_whatever_is_sent_by_whomever_the_recording_is_what_the_model_says(provisioned: str) -> None:
    Aggregate.url = provisioned
    few = settings(
        max_examples=40,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    run_state_machine_as_test(Aggregate, settings=few)  # type: ignore[no-untyped-call]
