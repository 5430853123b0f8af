"""What may a process do over NATS, in words? Each is a handful of subjects to publish and to subscribe to."""

from types import ModuleType
from typing import Any, Final

from msgspec import Struct

from schemas.message import Command, Event, Job, Query
from subjects import buckets, commands, consumers, dead_letters, events, jobs, peers
from subjects.buckets import Bucket
from subjects.consumers import Consumer
from subjects.streams import EVENTS, JOBS, Stream

Request = type[Command[Any]] | type[Query[Any]]
API: Final = "$JS.API"


def _all(some: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*some, *more}))


class Rights(Struct, frozen=True):
    """Subjects, wildcards allowed; to subscribe to "subject queue" is to be one of that queue group, and no more.

    `never` is not to be published although `publish` would cover it. What it was sent it may
    reply to as often as it `answers`: once for each of its services, for one question may go to all of them (`$SRV`).
    """

    publish: tuple[str, ...] = ()
    subscribe: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    answers: int = 0

    def __or__(self, other: "Rights") -> "Rights":
        return Rights(
            _all(self.publish, other.publish),
            _all(self.subscribe, other.subscribe),
            _all(self.never, other.never),
            self.answers + other.answers,
        )


def requests_in(module: ModuleType) -> tuple[Request, ...]:
    """All commands and queries that a module of `schemas` declares."""
    declared = [said for said in vars(module).values() if isinstance(said, type) and said.__module__ == module.__name__]
    return tuple(said for said in declared if issubclass(said, Command | Query))


# --- what one does oneself --------------------------------------------------------------------------------------------


def asks(*said: Request) -> Rights:
    """Sends these commands and queries."""
    return Rights(publish=tuple(commands.of(one) for one in said))


def says(*services: str) -> Rights:
    """Appends to the stories of these, and reads them back to decide."""
    return Rights(publish=tuple(events.service(name) for name in services)) | reads(EVENTS) | confirms(EVENTS)


def puts(*said: type[Job]) -> Rights:
    """Leaves work of these kinds."""
    return Rights(publish=tuple(jobs.every(one) for one in said))


def hears(*said: type[Event]) -> Rights:
    """Is told of these as they are said."""
    return Rights(subscribe=tuple(events.every(one) for one in said))


def tells(*names: str) -> Rights:
    """Publishes, to a stream or to those who listen right now."""
    return Rights(publish=names)


def listens(*names: str) -> Rights:
    """Subscribes."""
    return Rights(subscribe=names)


# --- JetStream --------------------------------------------------------------------------------------------------------


def reads(stream: Stream) -> Rights:
    """Any message of a stream, by sequence or the last one of a subject (direct get, ADR-31)."""
    return Rights(publish=(f"{API}.DIRECT.GET.{stream.name}",)) | looks_up(stream, *stream.subjects)


def looks_up(stream: Stream, *names: str) -> Rights:
    """The last message of these subjects, and no other."""
    return Rights(publish=tuple(f"{API}.DIRECT.GET.{stream.name}.{name}" for name in names))


def confirms(stream: Stream) -> Rights:
    """Asks the leader whether there is more than a replica knows; any message, for the request names it inside."""
    return Rights(publish=(f"{API}.STREAM.MSG.GET.{stream.name}",))


def counts(stream: Stream) -> Rights:
    """How many messages there are."""
    return Rights(publish=(f"{API}.STREAM.INFO.{stream.name}",))


def confines(stream: Stream) -> Rights:
    """Says how many bytes it may hold."""
    return Rights(publish=(f"{API}.STREAM.UPDATE.{stream.name}",)) | counts(stream)


def purges(stream: Stream) -> Rights:
    """Removes messages."""
    return Rights(publish=(f"{API}.STREAM.PURGE.{stream.name}",))


def follows(stream: Stream) -> Rights:
    """By consumers that it makes and names itself. A durable one is not to be made anew with another filter."""
    create = f"{API}.CONSUMER.CREATE.{stream.name}"
    durable = [consumer.name for consumer in consumers.ALL if consumer.stream == stream.name]
    return Rights(
        publish=tuple(f"{create}.*.{name}" for name in stream.subjects),
        never=tuple(f"{create}.{name}.>" for name in durable),
    )


def takes(consumer: Consumer) -> Rights:
    """Pulls from a durable consumer and acknowledges: with progress, or to hand back, more than once a message."""
    place = f"{consumer.stream}.{consumer.name}"
    return Rights(publish=(f"{API}.CONSUMER.MSG.NEXT.{place}", f"$JS.ACK.{place}.>"))


def keeps(bucket: Bucket, key: str) -> Rights:
    """Reads and writes what is under this key of a bucket; nats-py looks at the bucket's stream first."""
    entry = f"$KV.{bucket.name}.{key}"
    stream = f"KV_{bucket.name}"
    return Rights(publish=(entry, f"{API}.DIRECT.GET.{stream}.{entry}", f"{API}.STREAM.INFO.{stream}"))


def shares(bucket: Bucket) -> Rights:
    """Reads, writes and removes what is in a bucket, and hears of what others do."""
    everything, stream = bucket.everything, bucket.stream
    reading = (f"{API}.DIRECT.GET.{stream}", f"{API}.STREAM.MSG.GET.{stream}", f"{API}.STREAM.PURGE.{stream}")
    return Rights(publish=(everything, *reading), subscribe=(everything,))


# --- what an actor takes ----------------------------------------------------------------------------------------------


class Taken(Struct, frozen=True):
    """What one actor takes: requests it answers, events it has `heard`, jobs to be `done`."""

    service: str
    requests: tuple[Request, ...] = ()
    heard: tuple[type[Event], ...] = ()
    done: tuple[type[Job], ...] = ()


def serves(taken: Taken) -> Rights:
    """Runs that actor, in any number of processes."""
    rights = member(taken.service)
    if taken.heard:
        rights |= handles(taken.service, *taken.heard)
    for said in taken.done:
        rights |= works(consumers.of_job(said))
    endpoints = tuple(f"{commands.of(said)} {taken.service}" for said in taken.requests)
    return rights | Rights(subscribe=endpoints, answers=1)


def member(service: str) -> Rights:
    """One process of a service among others: seen by `nats micro` (ADR-32), with a share of the entities."""
    return Rights(
        subscribe=(
            *("$SRV.*", f"$SRV.*.{service}", f"$SRV.*.{service}.*"),
            f"{peers.of_service(service)} {service}",
            f"{dead_letters.again(service)} {service}",
        ),
        publish=(peers.of_service(service),),
    ) | keeps(buckets.SHARES, service)


def handles(service: str, *said: type[Event]) -> Rights:
    """Reads these from the log when it hears of one; what it cannot handle is buried."""
    return Rights(subscribe=(events.covering(said),)) | reads(EVENTS) | buries(EVENTS, service)


def works(consumer: Consumer) -> Rights:
    """Makes the consumer of its jobs, does them; what it cannot do is buried."""
    make = f"{API}.CONSUMER.DURABLE.CREATE.{consumer.stream}.{consumer.name}"
    return Rights(publish=(make,)) | takes(consumer) | buries(JOBS, consumer.name)


def projects(service: str) -> Rights:
    """Makes rows of a service's events."""
    burial = buries(EVENTS, dead_letters.projection(service))
    return Rights(subscribe=(events.service(service),)) | reads(EVENTS) | burial


def sums_up(service: str) -> Rights:
    """Keeps snapshots of its entities."""
    return keeps(buckets.SNAPSHOTS, f"{service}.*")


def buries(stream: Stream, consumer: str) -> Rights:
    """Leaves dead letters."""
    return Rights(publish=(dead_letters.of(stream.name, consumer),))
