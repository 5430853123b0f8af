"""What do the processes that keep recordings say of the room that is left? Believed for a while, the worst of it."""

import time
from typing import Final

import msgspec
from nats.aio.client import Client as Nats
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from schemas.live import SpaceTold
from subjects import beacons

BELIEVED_S: Final = 20.0
_ORDER: Final = ("enough", "low", "full")
_decoder: Final = msgspec.json.Decoder(SpaceTold)


class SpaceHeard:
    """Listens from `follow` on, until the caller unsubscribes."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[float, SpaceTold]] = {}

    async def follow(self, nats: Nats) -> Subscription:
        """Hear of it."""
        return await nats.subscribe(beacons.SPACE, cb=self._heard)

    def worst(self) -> SpaceTold | None:
        """What whoever has least room said lately; None while nobody speaks."""
        now = time.monotonic()
        fresh = [told for at, told in self._told.values() if now - at < BELIEVED_S]
        return max(fresh, key=lambda told: _ORDER.index(told.level), default=None)

    async def check(self) -> str:
        """As health checks say it: `ok`, or the sentence."""
        worst = self.worst()
        return worst.says or "ok" if worst else "ok"

    async def _heard(self, message: Msg) -> None:
        told = _decoder.decode(message.data)
        self._told = {by: one for by, one in self._told.items() if time.monotonic() - one[0] < BELIEVED_S}
        self._told[told.by] = time.monotonic(), told
