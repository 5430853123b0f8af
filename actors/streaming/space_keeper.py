"""Who sees to it that the disk is never quite full? Looks at what is left, says so, and confines the log of media.

A nats-server that meets the end of its disk gives up JetStream until it is started again. So the streams of media are
given a limit before that: what does not fit is refused, whoever sends it waits, events are still written, and the limit
moves with the room there is.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import structlog
from nats.aio.client import Client as Nats

from actors.outside import space
from schemas.ids import new_id
from schemas.live import SpaceTold
from subjects import beacons
from subjects.streams import MEDIA, RAW, Stream

STEP_BYTES: Final = 8 << 20
ANY: Final = -1
log = structlog.get_logger(__name__)


class SpaceKeeper:
    """Of the folders on this machine that hold objects and log; `log_is_here` when the log's is among them."""

    def __init__(self, nats: Nats, folders: Sequence[Path], reserve_bytes: int, *, log_is_here: bool) -> None:
        self._nats = nats
        self._folders = tuple(folders)
        self._reserve_bytes = reserve_bytes
        self._log_is_here = log_is_here
        self._name = new_id()
        self._level: space.Level = "enough"

    async def look(self) -> None:
        """Look, say, confine; nothing while nobody would hear. Raises what nats-py raises while NATS is away."""
        if not self._nats.is_connected:
            return
        left = await asyncio.to_thread(space.left_bytes, self._folders)
        level, says = space.level(left, self._reserve_bytes), space.says(left, self._reserve_bytes)
        if level != self._level:
            (log.error if level == "full" else log.warning)("room", level=level, left_bytes=left, says=says)
            self._level = level
        await self._nats.publish(beacons.SPACE, msgspec.json.encode(SpaceTold(self._name, level, says)))
        if self._log_is_here:
            for stream in (MEDIA, RAW):
                await self._confine(stream, left)

    async def _confine(self, stream: Stream, left: int | None) -> None:
        js = self._nats.jetstream()
        found = await js.stream_info(stream.name)
        wanted = space.log_limit(found.state.bytes, left, self._reserve_bytes)
        known = found.config.max_bytes or ANY
        if wanted != known and (ANY in (wanted, known) or abs(wanted - known) > STEP_BYTES):
            await js.update_stream(found.config.evolve(max_bytes=wanted))
