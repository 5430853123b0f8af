"""What does a link lead to? A link that goes round is opened by many at once: one asks, all of them are told.

The answer is kept in Redis for `KEPT_S`. An event of the recording puts an empty mark in its place, for longer than a
question takes, and an answer is kept only where nothing stands: so an answer from before the event is never kept.
"""

import contextlib
from typing import Final

import msgspec
from nats.aio.client import Client as Nats
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from actors.outside.shared_redis import SharedRedis
from actors.runtime.client import DEADLINE_S, Client
from schemas.envelope import Caller
from schemas.errors import Unavailable
from schemas.ids import RecordingId
from schemas.recording import GetRecording, RecordingView
from subjects import events, redis_keys

KEPT_S: Final = 10
CHANGING: Final = b""
CHANGING_S: Final = int(DEADLINE_S) + 1
_decoder: Final = msgspec.json.Decoder(RecordingView)


class LinkCache:
    """What anybody with the link may read; without Redis the service is asked each time."""

    def __init__(self, client: Client, redis: SharedRedis) -> None:
        self._client = client
        self._redis = redis

    async def follow(self, nats: Nats) -> Subscription:
        """Forget what changes, until the caller unsubscribes."""
        return await nats.subscribe(events.service("recording"), cb=self._changed)

    async def get(self, recording_id: RecordingId, caller: Caller) -> RecordingView:
        """The recording, as it was `KEPT_S` ago or later. Raises LoomError."""
        key = redis_keys.link(recording_id)
        try:
            held = await self._redis(lambda client: client.get(key))
        except Unavailable:
            return await self._client.ask(GetRecording(recording_id), caller)
        if held:
            with contextlib.suppress(msgspec.DecodeError):  # of another version
                return _decoder.decode(held)
        view = await self._client.ask(GetRecording(recording_id), caller)
        if held is None:
            with contextlib.suppress(Unavailable):
                await self._redis(lambda client: client.set(key, msgspec.json.encode(view), ex=KEPT_S, nx=True))
        return view

    async def _changed(self, event: Msg) -> None:
        key = redis_keys.link(events.entity_of(event.subject))
        with contextlib.suppress(Unavailable):
            await self._redis(lambda client: client.set(key, CHANGING, ex=CHANGING_S))
