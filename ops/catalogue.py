"""What is said over NATS, by whom, and who listens? All of it as one list, from the code.

Commands, queries and jobs go to the service whose actor handles them; events come from the service whose schemas
declare them, to whoever has an `@on` for them. What is said without an actor (media, live values) is a table here.
"""

import inspect
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from actors.processing.actor import ProcessingActor
from actors.processing.importing.actor import ImportingActor
from actors.processing.jobs.queue import QueueActor
from actors.recording.actor import RecordingActor
from actors.recording.saga import FinishingActor
from actors.runtime.actor import Actor
from actors.sourcing.event_message import event_types
from actors.streaming.actor import StreamingActor
from schemas.live import JobProgress, SourceMeasured, SpaceTold
from schemas.media import End, InitHeaders, PartHeaders
from schemas.message import answer_type
from subjects import beacons, commands, dead_letters, events, jobs, live, media, peers, streams
from subjects.streams import Stream
from subjects.tokens import name_of

ACTORS: Final[tuple[type[Actor], ...]] = (
    RecordingActor,
    FinishingActor,
    StreamingActor,
    ProcessingActor,
    QueueActor,
    ImportingActor,
)
SERVICES: Final = ("recording", "processing", "streaming", "saga")
"""Those that say events."""
TABLES: Final = ("recording", "processing")
"""Those whose events make tables."""
PLACE: Final = "ID"


class Said(Struct, frozen=True):
    """One kind of message at one subject; `body` is its Struct, or None for bytes, `head` what its headers say."""

    subject: str  # with {parameters}
    name: str
    says: str
    by: tuple[str, ...]
    to: tuple[str, ...]
    body: type[Struct] | None = None
    head: type[Struct] | None = None
    answer: type[Struct] | None = None

    @property
    def stream(self) -> Stream | None:
        """Where it is kept."""
        return next((one for one in streams.ALL if any(self.subject.startswith(s[:-1]) for s in one.subjects)), None)


def everything() -> list[Said]:
    """All that is ever said over NATS, in the order of the documents."""
    return [*_requests(), *_events(), *_jobs(), *_media(), *_others()]


def _requests() -> Iterator[Said]:
    for actor in ACTORS:
        for said in actor.routes.requests:
            words = (commands.of(said), said.__name__, doc(said), ("doors", "services"), (actor.service,))
            yield Said(*words, body=said, answer=answer_type(said))


def _events() -> Iterator[Said]:
    for service in SERVICES:
        for said in event_types(service).values():
            heard = [actor.service for actor in ACTORS if said in actor.routes.events]
            heard += [f"{service} (tables)"] if service in TABLES else []
            subject = events.of(said, PLACE).replace(PLACE, "{entityId}")
            yield Said(subject, said.__name__, doc(said), (service,), tuple(heard), said)


def _jobs() -> Iterator[Said]:
    for actor in ACTORS:
        for said in actor.routes.jobs:
            subject = jobs.of(said, PLACE).replace(PLACE, "{entityId}")
            yield Said(subject, said.__name__, doc(said), ("services",), (actor.service,), said)


def _media() -> Iterator[Said]:
    readers = ("edge", "streaming", "processing")
    init = (media.init, InitHeaders, "An init segment.")
    part = (media.part, PartHeaders, "A CMAF chunk: one moof and one mdat.")
    for subject, head, says in (init, part):
        address = subject(PLACE, "REN").replace(PLACE, "{recordingId}").replace("REN", "{rendition}")
        yield Said(address, head.__name__.removesuffix("Headers"), says, ("ingest", "processing"), readers, head=head)
    ending = media.end(PLACE).replace(PLACE, "{recordingId}")
    yield Said(ending, "End", doc(End), ("ingest", "streaming"), readers, head=End)


def _others() -> Iterator[Said]:
    source = live.source(PLACE).replace(PLACE, "{recordingId}")
    yield Said(source, "SourceMeasured", doc(SourceMeasured), ("ingest",), ("api",), SourceMeasured)
    progress = live.progress(PLACE).replace(PLACE, "{recordingId}")
    yield Said(progress, "JobProgress", doc(JobProgress), ("processing",), ("api",), JobProgress)
    takeover = live.takeover(PLACE).replace(PLACE, "{recordingId}")
    yield Said(
        takeover, "Takeover", "A new source goes on with a recording; the body names it.", ("ingest",), ("ingest",)
    )
    yield Said(beacons.SPACE, "SpaceTold", doc(SpaceTold), ("streaming",), ("recording", "api"), SpaceTold)
    peer = peers.of(PLACE, "MEMBER").replace(PLACE, "{service}").replace("MEMBER", "{member}")
    says = "A command or query, passed on to the process that has its entity; answered like it. Empty: do you live?"
    yield Said(peer, "PassedOn", says, ("services",), ("services",))
    letter = dead_letters.of(PLACE, "CONSUMER").replace(PLACE, "{stream}").replace("CONSUMER", "{consumer}")
    says = "What could not be handled, as it was; why stands in the headers."
    yield Said(letter, "DeadLetter", says, ("services",), ("loom dlq",))


def table() -> str:
    """Said by → subject → stream → heard by, one row each."""
    kept = [f"- **{one.name}** `{', '.join(one.subjects)}`: {one.reason}" for one in streams.ALL]
    head = ["# Subjects", "", "Written by `make docs`; [asyncapi.yaml](asyncapi.yaml) has the schemas.", ""]
    columns = ["| what | said by | subject | stream | heard by |", "| --- | --- | --- | --- | --- |"]
    return "\n".join([*head, *columns, *map(_row, everything()), "", "## Streams", "", *kept, ""])


def _row(one: Said) -> str:
    stream = one.stream.name if one.stream else ""
    return f"| {one.name} | {', '.join(one.by)} | `{one.subject}` | {stream} | {', '.join(one.to)} |"


def doc(kind: type) -> str:
    """The first line of its docstring."""
    return (inspect.getdoc(kind) or name_of(kind)).splitlines()[0]
