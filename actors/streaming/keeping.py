"""How long does a workspace keep its recordings? As it was said last; what is older goes as if somebody had deleted it.

Nothing is remembered here: policies are read from EVENTS, what is due from the recording service, which knows what may
still change. Any number of processes may sweep: a recording that is gone already is no error.
"""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from nats.aio.client import Client as Nats

from actors.jetstream import direct_get
from actors.runtime import tracing
from actors.runtime.client import Client
from actors.sourcing.event_message import decode
from actors.sourcing.store import EventStore
from schemas.envelope import Caller
from schemas.errors import Gone, NotFound
from schemas.ids import WorkspaceId
from schemas.recording import DeleteRecording, ListEnded
from schemas.streaming import GetRetention, RetentionSet, RetentionView, SetRetention
from subjects import events
from subjects.streams import EVENTS

AT_ONCE: Final = 100
log = structlog.get_logger(__name__)


class Keeping:
    """Sets, tells and carries out."""

    def __init__(self, nats: Nats) -> None:
        self._nats = nats
        self._actors = Client(nats)
        self._policies: EventStore[int | None] = EventStore(nats, "streaming", None, _evolve)

    async def set(self, said: SetRetention, caller: Caller) -> RetentionView:
        """From now on; the same again says nothing new. Raises Unavailable."""
        event = RetentionSet(said.workspace_id, said.keep_days, datetime.now(UTC))
        days = await self._policies.decide(
            said.workspace_id, caller, lambda known: [] if known == said.keep_days else [event]
        )
        return RetentionView(said.workspace_id, days)

    async def get(self, said: GetRetention) -> RetentionView:
        """As it is. Raises Unavailable."""
        return RetentionView(said.workspace_id, (await self._policies.load(said.workspace_id)).state)

    async def sweep(self, now: datetime) -> int:
        """Delete what is due, some at a time; how many that were. Raises what NATS raises while away, Unavailable."""
        policies = await self._all()
        return sum([await self._sweep_one(*policy, now) for policy in policies.items()])

    async def _sweep_one(self, workspace_id: WorkspaceId, keep_days: int | None, now: datetime) -> int:
        if keep_days is None:
            return 0
        due = await self._actors.ask(ListEnded(workspace_id, now - timedelta(days=keep_days), AT_ONCE))
        for recording_id in due.recording_ids:
            caller = Caller(workspace_id=workspace_id, trace=tracing.of(recording_id))
            with suppress(Gone, NotFound):
                await self._actors.ask(DeleteRecording(recording_id), caller)
                log.info("kept for long enough", recording=recording_id, days=keep_days)
        return len(due.recording_ids)

    async def _all(self) -> dict[WorkspaceId, int | None]:
        """What each workspace said last."""
        found: dict[WorkspaceId, int | None] = {}
        first = 1
        while page := await direct_get.batch(self._nats, EVENTS.name, events.every(RetentionSet), first):
            for entry in page:
                event = decode(entry.subject, entry.headers, entry.data)
                if isinstance(event, RetentionSet):
                    found[event.workspace_id] = event.keep_days
            first = page[-1].sequence + 1
        return found


def _evolve(_: int | None, event: RetentionSet) -> int | None:
    return event.keep_days
