"""What comes after Stop? The archive is made whole, a picture is chosen; what was stopped is ready."""

import math
from typing import Final

from nats.aio.client import Client as Nats

from actors.runtime.actor import Actor
from actors.runtime.handlers import on
from actors.sourcing.saga import Saga, SagaRunner, Step
from schemas.envelope import Meta
from schemas.processing import MakePoster, PosterMade
from schemas.recording import RecordingCompleted, RecordingDeleted, RecordingFailed, RecordingStopped
from schemas.streaming import EndMedia

FINISHING: Final = Saga(
    "finishing",
    (
        Step(
            "archive",
            ask=lambda stopped: EndMedia(stopped.recording_id, stopped.reason),
            until=(RecordingCompleted, RecordingFailed, RecordingDeleted),
            timeout_s=120,
            attempts=None,  # storage may be away for long, and nothing is lost meanwhile
        ),
        Step(
            "picture",
            ask=lambda stopped: MakePoster(stopped.recording_id),
            until=(PosterMade, RecordingDeleted),
            timeout_s=600,
            attempts=3,
            optional=True,
        ),
    ),
)


class FinishingActor(Actor, service="finishing"):
    """Sees every stopped recording through to its end."""

    def __init__(self, nats: Nats) -> None:
        self._runner = SagaRunner(nats, FINISHING)

    @on(RecordingStopped, deadline_s=math.inf)
    async def stopped(self, event: RecordingStopped, meta: Meta) -> None:
        """Run to the end; its steps have deadlines of their own."""
        await self._runner.run(event.recording_id, event, meta)
