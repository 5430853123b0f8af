"""Who may touch what? For each process what it may send and hear over NATS; everything else is refused (ADR 9).

What an actor takes stands in its routing table, and once more in `TAKEN`, so that nobody has to load the actors to
know it: `tests/subjects/test_permissions.py` compares the two. `PROCESSES` adds what a process does of its own accord:
what it asks, says and reads. `ops/authorization.py` writes it all down for nats-server.
"""

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Final

from schemas import processing, recording, streaming
from schemas.importing import ImportFile
from schemas.media import AAC, AUDIO, LIVE_RUNG, VIDEO
from schemas.processing import (
    CancelJob,
    EditChosen,
    EditRecording,
    GetEdits,
    GetJob,
    GetMetadata,
    JobCancelled,
    JobCompleted,
    JobFailed,
    JobQueued,
    JobRetried,
    ListJobs,
    MakePoster,
    RecordingEdited,
    RedoEdit,
    RenditionMade,
    RetryJob,
    SplitRecording,
    StitchRecordings,
    UndoEdit,
)
from schemas.recording import (
    CompleteRecording,
    ConnectSource,
    DeleteRecording,
    FailRecording,
    GetRecording,
    ListEnded,
    ListRecordings,
    ListTemplates,
    PauseRecording,
    RecordingCompleted,
    RecordingDeleted,
    RecordingPaused,
    RecordingPrepared,
    RecordingResumed,
    RecordingStarted,
    RecordingStopped,
    ResumeRecording,
    SaveTemplate,
    StartRecording,
    StopRecording,
    UpdateRecording,
)
from schemas.streaming import EndMedia, GetRetention, SetRetention
from subjects import beacons, commands, consumers, dead_letters, events, inboxes, live, media, raw
from subjects.buckets import CLAIMS, WORK
from subjects.rights import (
    API,
    Rights,
    Taken,
    asks,
    confines,
    confirms,
    counts,
    follows,
    hears,
    listens,
    looks_up,
    projects,
    purges,
    puts,
    reads,
    requests_in,
    says,
    serves,
    shares,
    sums_up,
    takes,
    tells,
)
from subjects.streams import DLQ, EVENTS, JOBS, MEDIA, RAW

OPERATOR: Final = "operator"
"""Whoever runs Loom: `loom up` when it makes the streams, `loom js` and the like, a person with the `nats` command."""

TAKEN: Final[Mapping[str, tuple[Taken, ...]]] = {
    "recording": (
        Taken("recording", requests_in(recording)),
        Taken("finishing", heard=(RecordingStopped,)),
    ),
    "streaming": (Taken("streaming", requests_in(streaming), heard=(RecordingDeleted,)),),
    "processing": (
        Taken(
            "processing",
            requests_in(processing),
            heard=(RecordingStarted, RecordingCompleted, RecordingDeleted, RecordingEdited, EditChosen),
            done=(MakePoster,),
        ),
        Taken("importing", heard=(RecordingPrepared,), done=(ImportFile,)),
        Taken("queue", heard=(JobQueued, JobRetried, JobCompleted, JobFailed, JobCancelled)),
    ),
}

_RECEIVED: Final = tuple(media.every(rendition, kind) for rendition in (VIDEO, AUDIO) for kind in ("init", "part"))

_OWN: Final[Mapping[str, Rights]] = {
    "edge": asks(GetRecording)
    | hears(RecordingDeleted, RenditionMade)
    | follows(MEDIA)
    | reads(MEDIA)
    | tells(live.WATCHED),
    "api": asks(
        *(StartRecording, PauseRecording, ResumeRecording, StopRecording, UpdateRecording, DeleteRecording),
        *(GetRecording, ListRecordings, SaveTemplate, ListTemplates, SetRetention, GetRetention),
        *(EditRecording, UndoEdit, RedoEdit, GetEdits, SplitRecording, StitchRecordings),
        *(ListJobs, GetJob, RetryJob, CancelJob, GetMetadata),
    )
    | tells(commands.ping("recording"))
    | listens(live.SOURCES, live.PROGRESS, events.service("recording"), beacons.SPACE),
    "ingest": asks(ConnectSource, GetRecording)
    | hears(RecordingPaused, RecordingResumed, RecordingStopped, RecordingDeleted)
    | tells(*_RECEIVED, media.every("all", "end"), live.SOURCES, live.TAKEOVERS)
    | listens(live.TAKEOVERS)
    | looks_up(MEDIA, *_RECEIVED)
    | tells(raw.every("page"), raw.every("end"))
    | looks_up(RAW, raw.every("page")),
    "recording": says("recording", "saga")
    | sums_up("recording")
    | projects("recording")
    | asks(EndMedia)
    | puts(MakePoster)
    | listens(beacons.SPACE, *EVENTS.subjects)  # a saga waits for what others say
    | looks_up(MEDIA, media.every(kind="part"))  # when the last one came
    | confirms(MEDIA)
    | looks_up(RAW, raw.every("page"))
    | confirms(RAW),
    "streaming": asks(CompleteRecording, ListEnded, DeleteRecording)
    | says("streaming")
    | tells(beacons.SPACE)
    | confines(MEDIA)
    | confines(RAW)
    | tells(media.every("all", "end"))
    | listens(media.every("all", "end"), media.every(AAC, "part"))
    | takes(consumers.ARCHIVER)
    | follows(MEDIA)
    | reads(MEDIA)
    | confirms(MEDIA)
    | counts(MEDIA)
    | purges(MEDIA)
    | tells(raw.every("end"))
    | confirms(RAW)
    | counts(RAW)
    | purges(RAW),
    "processing": says("processing")
    | projects("processing")
    | asks(GetRecording, StartRecording, ConnectSource, StopRecording, FailRecording, UpdateRecording)
    | puts(ImportFile)
    | tells(*_RECEIVED, live.SOURCES)  # of files that are imported
    | shares(WORK)
    | shares(CLAIMS)
    | tells(live.PROGRESS)
    | tells(*(media.every(rendition, kind) for rendition in (AAC, LIVE_RUNG) for kind in ("init", "part")))
    | listens(live.WATCHED)
    | takes(consumers.AAC)
    | tells(*_RECEIVED, media.every("all", "end"))
    | takes(consumers.FALLBACK)
    | reads(RAW)
    | confirms(RAW)
    | follows(MEDIA)
    | reads(MEDIA)
    | confirms(MEDIA)
    | counts(MEDIA),
    OPERATOR: tells(f"{API}.>", "$JS.FC.>", "$JS.ACK.>", "$SRV.>", dead_letters.AGAIN)
    | tells(*DLQ.subjects, *JOBS.subjects)  # what failed is done again
    | listens("loom.>"),
}

PROCESSES: Final[Mapping[str, Rights]] = {
    name: reduce(or_, map(serves, TAKEN.get(name, ())), own | listens(f"{inboxes.of(name)}.>"))
    for name, own in _OWN.items()
}
