"""One recording's words for tests: every event and command of it, ready to be said."""

from datetime import timedelta

from msgspec import structs

from schemas.ids import LOCAL_USER, LOCAL_WORKSPACE, RecordingId
from schemas.recording import (
    CompleteRecording,
    ConnectSource,
    DeleteRecording,
    PauseRecording,
    RecordingCompleted,
    RecordingDeleted,
    RecordingFailed,
    RecordingPaused,
    RecordingPrepared,
    RecordingResumed,
    RecordingStarted,
    RecordingStopped,
    ResumeRecording,
    StartRecording,
    StopRecording,
    Stretch,
)
from tests.given import NOW

ID = RecordingId("r1r1r1r1r1r1r1r1r1r1r1")
STRETCH = Stretch(0, NOW, NOW + timedelta(seconds=4), 4.0, "recordings/r1/video.m3u8")

PREPARED = RecordingPrepared(ID, LOCAL_USER, LOCAL_WORKSPACE, "Demo", "", "screen", {"fps": 30}, NOW)
STARTED = RecordingStarted(ID, NOW)
PAUSED = RecordingPaused(ID, NOW)
RESUMED = RecordingResumed(ID, NOW)
STOPPED = RecordingStopped(ID, NOW)
COMPLETED = RecordingCompleted(ID, NOW, 4.0, 1000, [STRETCH])
EMPTY = RecordingFailed(ID, NOW, "It ended without a single part.")
NEVER_BEGUN = RecordingFailed(ID, NOW, "It was stopped before anything was recorded.")
DELETED = RecordingDeleted(ID, NOW)

START = StartRecording(ID, "Demo", "", "screen", {"fps": 30})
CONNECT = ConnectSource(ID)
PAUSE = PauseRecording(ID)
RESUME = ResumeRecording(ID)
STOP = StopRecording(ID)
COMPLETE = CompleteRecording(ID, 4.0, 1000, [STRETCH])
NOTHING_ARCHIVED = structs.replace(COMPLETE, duration_seconds=0.0, file_size_bytes=0, stretches=[])
DELETE = DeleteRecording(ID)
