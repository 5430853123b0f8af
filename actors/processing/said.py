"""How is said, once and for ever, what was made of a recording? In its story; not after it was forgotten."""

from msgspec import structs
from nats.aio.client import Client

from actors.sourcing.store import EventStore
from schemas.envelope import NOBODY
from schemas.ids import RecordingId
from schemas.message import Event
from schemas.processing import RecordingForgotten


class Said:
    """The processing service's part of the stories of recordings."""

    def __init__(self, nats: Client) -> None:
        self._stories: EventStore[bool] = EventStore(nats, "processing", False, _is_forgotten)  # noqa: FBT003

    async def once(self, event: Event, recording_id: RecordingId, because: str) -> None:
        """Say it; not a second time under the same `because`. Raises Unavailable."""
        caller = structs.replace(NOBODY, command_id=because)
        await self._stories.decide(recording_id, caller, lambda forgotten: [] if forgotten else [event])


def _is_forgotten(forgotten: bool, event: Event) -> bool:  # noqa: FBT001
    return forgotten or isinstance(event, RecordingForgotten)
