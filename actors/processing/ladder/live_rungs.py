"""Which live recordings have a low rung? All, those that somebody watches, or none: as the settings say.

The edge says every few seconds what is being watched; the first to hear of it who gets the claim is at it until nobody
has watched for a while. A worker that dies is followed, when its claim has run out, by whoever hears of it next.
"""

import asyncio
from typing import Final, Literal

import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.errors import APIError

from actors.jetstream.media_log import MediaLog
from actors.jetstream.media_writer import Overtaken
from actors.outside.sandbox import Sandbox, Spoiled
from actors.processing.jobs.claims import Claims
from actors.processing.ladder.live_follower import LiveFollower
from media.transcode.encoder import X264
from schemas.errors import Unavailable
from schemas.media import VIDEO
from subjects import live, media, work

Policy = Literal["always", "watched", "off"]
LOOK_S: Final = 2.0
"""How often it is looked for recordings, or for those that a dead worker was at."""
UNWATCHED_S: Final = 20.0
MOST: Final = 4
"""So many at a time in one process: each takes a tenth of a core or more."""
JOB: Final = "live"
STEP: Final = "rung"
AWAY: Final = (OSError, nats.errors.Error, APIError, Unavailable)

log = structlog.get_logger(__name__)


class LiveRungs:
    """Makes the live rungs that are wanted. `run` until cancelled."""

    def __init__(self, client: Client, sandbox: Sandbox, claims: Claims, policy: Policy, encoder: str = X264) -> None:
        self._client = client
        self._log = MediaLog(client)
        self._sandbox = sandbox
        self._claims = claims
        self._policy = policy
        self._encoder = encoder
        self._watched: dict[str, float] = {}
        self._following: dict[str, asyncio.Task[None]] = {}
        self._ended: set[str] = set()
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Be at every recording that wants one and that nobody else is at."""
        if self._policy == "off":
            return
        subscription = await self._client.subscribe(live.WATCHED, cb=self._heard)
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    try:
                        await self._look(tasks)
                    except AWAY as error:
                        log.warning("cannot look for live recordings", error=repr(error))
                    await self._wait()
        finally:
            if not self._client.is_closed:
                await subscription.unsubscribe()

    def statistics(self) -> dict[str, int]:
        """How many recordings are being followed here."""
        return {"recordings": len(self._following)}

    async def _heard(self, message: Msg) -> None:
        recording_id = live.recording_of(message.subject)
        self._watched[recording_id] = _now()
        if recording_id not in self._following:
            self._news.set()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(LOOK_S):
                await self._news.wait()
        except TimeoutError:
            pass
        self._news.clear()

    async def _look(self, tasks: asyncio.TaskGroup) -> None:
        self._watched = {one: at for one, at in self._watched.items() if _now() - at < UNWATCHED_S}
        wanted = set(self._watched)
        if self._policy == "always":
            counts = await self._log.counts(media.every(VIDEO, "part"))
            wanted = {media.address(subject).recording_id for subject in counts}
            self._ended &= wanted
        waiting = sorted(wanted - self._following.keys() - self._ended)
        if not waiting or len(self._following) >= MOST:
            return
        taken = await self._claims.taken()
        for recording_id in waiting[: MOST - len(self._following)]:
            key = work.Key(f"{recording_id}-{JOB}", STEP)
            if key in taken.steps:
                continue
            if await self._log.last(media.end(recording_id)):
                self._ended.add(recording_id)
            elif (revision := await self._claims.take(key, taken)) is not None:
                self._following[recording_id] = tasks.create_task(self._at(recording_id, key, revision))

    async def _at(self, recording_id: str, key: work.Key, revision: int) -> None:
        """As long as the claim is ours; when it is lost, this task is cancelled."""
        try:
            async with self._claims.kept(key, revision):
                follower = LiveFollower(self._client, recording_id, self._sandbox, self._encoder)
                await follower.run(lambda: self._is_wanted(recording_id))
        except Overtaken:
            log.info("another worker makes the live rung", recording=recording_id)
        except (KeyError, ValueError, Spoiled, *AWAY) as error:
            log.warning("no live rung for now", recording=recording_id, error=str(error) or repr(error))
        finally:
            del self._following[recording_id]

    def _is_wanted(self, recording_id: str) -> bool:
        return self._policy == "always" or _now() - self._watched.get(recording_id, float("-inf")) < UNWATCHED_S


def _now() -> float:
    """Monotonic seconds."""
    return asyncio.get_running_loop().time()
