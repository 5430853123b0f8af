"""Which services are there, by what they say of themselves (`$SRV`, ADR-32), and who has which entities (SHARES)?"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.errors import NoKeysError

from actors.runtime.partition import Share
from subjects import commands, dead_letters
from subjects.buckets import SHARES

MOST_S: Final = 1.0
QUIET_S: Final = 0.2
"""Nobody whose share is known is missing any more, and for so long nobody else has answered."""


class Endpoint(Struct, frozen=True):
    """What one process takes under one subject, since it began."""

    name: str
    subject: str
    requests: int
    errors: int
    mean_ms: Annotated[float, Meta(description="How long a request took on average.")]
    last_error: str


class Instance(Struct, frozen=True):
    """One process of a service."""

    member: Annotated[str, Meta(description="What it calls itself among its like.")]
    id: Annotated[str, Meta(description="Its id as a NATS micro service.")]
    version: str
    started_at: datetime | None
    answers: Annotated[bool, Meta(description="Whether it was heard of; false for one that only its share tells of.")]
    partitions: Annotated[int, Meta(description="How many of the service's partitions it has.")]
    endpoints: list[Endpoint]


class Service(Struct, frozen=True):
    """A service with its processes."""

    name: str
    says: str
    handles: Annotated[list[str], Meta(description="The events it handles.")]
    unowned: Annotated[int, Meta(description="How many of its partitions nobody has.")]
    instances: list[Instance]


class _Endpoint(Struct):
    name: str
    subject: str
    metadata: dict[str, str] | None = None
    num_requests: int = 0
    num_errors: int = 0
    average_processing_time: int = 0
    last_error: str = ""


class _Answer(Struct):
    """Of `$SRV.INFO` and of `$SRV.STATS`."""

    type: str
    name: str
    id: str
    version: str
    endpoints: list[_Endpoint]
    description: str = ""
    metadata: dict[str, str] = {}
    started: datetime | None = None

    @property
    def member(self) -> str:
        return self.metadata.get("member", self.id)


_decoder: Final = msgspec.json.Decoder(_Answer)


async def shares(nats: Client) -> dict[str, Share]:
    """Who has what, by service. Raises what nats-py raises."""
    bucket = await nats.jetstream().key_value(SHARES.name)
    try:
        names = await bucket.keys()
    except NoKeysError:
        return {}
    return {name: msgspec.json.decode((await bucket.get(name)).value or b"{}", type=Share) for name in sorted(names)}


async def services(nats: Client, known: Mapping[str, Share]) -> list[Service]:
    """All that answer, and all of whom there is a share. Raises what nats-py raises."""
    expected = {(kind, name, member) for name, share in known.items() for member in share.beats for kind in _KINDS}
    answers = await _gathered(nats, expected)
    names = sorted({answer.name for answer in answers} | set(known))
    return [_service(name, [answer for answer in answers if answer.name == name], known.get(name)) for name in names]


def trouble(service: Service) -> str:
    """What is wrong with it; empty when nothing is."""
    if not any(one.answers for one in service.instances):
        return "nobody is there"
    if silent := [one.member for one in service.instances if not one.answers]:
        return f"{', '.join(silent)} does not answer"
    return f"{service.unowned} partitions without a process" if service.unowned else ""


_INFO: Final = "io.nats.micro.v1.info_response"
_STATISTICS: Final = "io.nats.micro.v1.stats_response"
_KINDS: Final = (_INFO, _STATISTICS)
_VERBS: Final[tuple[Literal["INFO", "STATS"], ...]] = ("INFO", "STATS")


async def _gathered(nats: Client, expected: set[tuple[str, str, str]]) -> list[_Answer]:
    """What everybody says, until all that were expected have spoken and it is quiet; some may never speak."""
    found: list[_Answer] = []
    heard = asyncio.Event()

    async def take(message: Msg) -> None:
        answer = _decoder.decode(message.data)
        found.append(answer)
        expected.discard((answer.type, answer.name, answer.member))
        heard.set()

    inboxes = {verb: nats.new_inbox() for verb in _VERBS}  # a service answers each question once
    subscriptions = [await nats.subscribe(inbox, cb=take) for inbox in inboxes.values()]
    try:
        for verb in _VERBS:
            await nats.publish(commands.everybody(verb), reply=inboxes[verb])
        async with asyncio.timeout(MOST_S):
            while expected or await _is_heard(heard):
                await heard.wait()
                heard.clear()
    except TimeoutError:
        pass
    finally:
        for subscription in subscriptions:
            await subscription.unsubscribe()
    return found


async def _is_heard(heard: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(QUIET_S):
            return await heard.wait()
    except TimeoutError:
        return False


def _service(name: str, answers: list[_Answer], known: Share | None) -> Service:
    share = known or Share(owners=())
    infos = [answer for answer in answers if answer.type == _INFO]
    again = dead_letters.again(name)
    handles = {event for info in infos for at in info.endpoints if at.subject == again for event in _events(at)}
    spoke = {answer.member: answer for answer in answers if answer.type == _STATISTICS}
    instances = [_instance(member, spoke.get(member), share) for member in sorted({*spoke, *share.beats})]
    unowned = sum(not owner for owner in share.owners)
    return Service(name, next((info.description for info in infos), ""), sorted(handles), unowned, instances)


def _events(endpoint: _Endpoint) -> list[str]:
    return (endpoint.metadata or {}).get("events", "").split()


def _instance(member: str, answer: _Answer | None, share: Share) -> Instance:
    partitions = sum(owner == member for owner in share.owners)
    if answer is None:
        return Instance(member, "", "", None, answers=False, partitions=partitions, endpoints=[])
    endpoints = [
        Endpoint(e.name, e.subject, e.num_requests, e.num_errors, e.average_processing_time / 1e6, e.last_error)
        for e in answer.endpoints
    ]
    return Instance(member, answer.id, answer.version, answer.started, True, partitions, endpoints)  # noqa: FBT003
