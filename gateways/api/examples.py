"""What requests and answers look like: one of each kind, for docs/openapi.json."""

from datetime import UTC, datetime
from typing import Final

from msgspec import structs

from gateways.api.edits import Edit, Split, Stitch
from gateways.api.links import LinkedRecording
from gateways.api.recordings import Change, Control, LinkedPage, NewTemplate, Start, StartedRecording
from gateways.api.workspaces import Retention
from gateways.http import signing, token
from gateways.http.health import Readiness
from gateways.http.refusals import Problem
from schemas.ids import LOCAL_USER, LOCAL_WORKSPACE, RecordingId, TemplateId, job_id
from schemas.live import JobProgress, SourceMeasured
from schemas.processing import ComposedRecordings, EditsView, EditVersion, JobPage, JobView, KeptRange, VideoMetadata
from schemas.recording import RecordingView, Status, TemplateList, TemplateView
from schemas.streaming import RetentionView
from subjects import objects

_ID: Final = RecordingId("3kTMd92rXgVbq7YwFz0LJc")
_ORIGIN: Final = "https://loom.example"
_UNTIL: Final = 1_772_465_404
_VIEW: Final = RecordingView(
    id=_ID,
    user_id=LOCAL_USER,
    workspace_id=LOCAL_WORKSPACE,
    title="How the parser works",
    description="",
    recording_type="screen_webcam",
    status=Status.RECORDING,
    settings={"fps": 30},
    created_at=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
    updated_at=datetime(2026, 3, 2, 9, 30, 4, tzinfo=UTC),
    started_at=datetime(2026, 3, 2, 9, 30, 4, tzinfo=UTC),
)
_LINKED: Final = LinkedRecording(
    **structs.asdict(_VIEW),
    watch_url=f"{_ORIGIN}/watch/{_ID}",
    hls_url=_ORIGIN + signing.path(b"an example", _ID, _UNTIL, objects.MULTIVARIANT),
    dash_url=_ORIGIN + signing.path(b"an example", _ID, _UNTIL, objects.MANIFEST),
    poster_url=_ORIGIN + signing.path(b"an example", _ID, _UNTIL, objects.POSTER, signing.Scope.PICTURE),
    preview_url=_ORIGIN + signing.path(b"an example", _ID, _UNTIL, objects.PREVIEW, signing.Scope.PICTURE),
    thumbnails_url=_ORIGIN + signing.path(b"an example", _ID, _UNTIL, objects.THUMBNAILS),
    waveform_url=_ORIGIN + signing.path(b"an example", _ID, _UNTIL, objects.WAVEFORM),
    links_expire_at=datetime.fromtimestamp(_UNTIL, UTC),
)
_TEMPLATE: Final = TemplateView(
    TemplateId("9bQe1ZsPpUu4HhR6mWxT2a"), LOCAL_USER, "Demo", "", {"fps": 60}, is_default=True
)

_JOB: Final = JobView(
    id=job_id(_ID, "transcode"),
    recording_id=_ID,
    workspace_id=LOCAL_WORKSPACE,
    job_type="transcode",
    status="processing",
    progress=40,
    input_path=f"recordings/{_ID}/",
    output_path=f"recordings/{_ID}/",
    settings={},
    created_at=datetime(2026, 3, 2, 9, 41, tzinfo=UTC),
    started_at=datetime(2026, 3, 2, 9, 41, 1, tzinfo=UTC),
)

_KEPT: Final = [KeptRange(2.5, 61.2), KeptRange(75.0, 318.0)]
EXAMPLES: Final = (
    Start(title="How the parser works", recording_type="screen_webcam", settings={"fps": 30}),
    Change(title="How the parser works, part 1"),
    Control("pause"),
    NewTemplate("Demo", settings={"fps": 60}, is_default=True),
    _LINKED,
    StartedRecording(
        **structs.asdict(_LINKED),
        whip_url=f"{_ORIGIN}/whip/{_ID}",
        whip_token=token.make(b"an example", _ID),
    ),
    LinkedPage([_LINKED], next_cursor=""),
    _TEMPLATE,
    TemplateList([_TEMPLATE]),
    Edit(_KEPT),
    Split(61.2),
    Stitch([_ID, "9bQe1ZsPpUu4HhR6mWxT2a"], "All of it"),
    ComposedRecordings([_ID]),
    EditsView(
        _ID,
        1,
        [EditVersion(1, 0, _KEPT, 301.7, _VIEW.created_at)],
        can_undo=True,
        can_redo=False,
    ),
    Retention(90),
    RetentionView(LOCAL_WORKSPACE, 90),
    _JOB,
    JobPage([_JOB], next_cursor=""),
    JobProgress(_JOB.id, "transcode", "processing", 40),
    VideoMetadata(
        recording_id=_ID,
        file_path=_JOB.input_path,
        file_size_bytes=81_920_000,
        duration_seconds=642.3,
        width=1280,
        height=720,
        frame_rate=29.97,
        bitrate=1_020_000,
        codec="avc1.42c01f,opus",
        format="fmp4",
        measured_at=datetime(2026, 3, 2, 9, 41, 3, tzinfo=UTC),
    ),
    SourceMeasured("connected", bitrate=2_450_000, fps=30.0, loss=0.002, width=1280, height=720, codec="H264"),
    Readiness("unavailable", {"nats": "ok", "recording": "does not answer"}),
    Problem("Not Found", 404, "There is no such recording.", "not_found"),
)
