"""/api/v1/processing: the jobs that are done with recordings: list, read, retry, cancel; and what was measured."""

import re
from typing import Annotated, Final

from aiohttp import web
from msgspec import Meta

from actors.runtime.client import Client
from gateways.api.asked import SESSION_ID, caller, recording_id
from gateways.api.recordings import ONE as RECORDING
from gateways.api.recordings import Paging
from gateways.http.operation import Parameter
from gateways.http.route import Route
from schemas.errors import NotFound
from schemas.ids import JobId, RecordingId
from schemas.processing import (
    JOB_ID,
    CancelJob,
    GetJob,
    GetMetadata,
    JobPage,
    JobStatus,
    JobView,
    KnownJobId,
    ListJobs,
    RetryJob,
    VideoMetadata,
)

BASE: Final = "/api/v1/processing"
ONE: Final = f"{BASE}/{{jobId}}"
_JOB_ID: Final = Parameter("jobId", "path", Annotated[KnownJobId, Meta(description="The job's `id`.")])


class Wanted(Paging, frozen=True):
    """The query of GET /api/v1/processing."""

    recording_id: Annotated[str, Meta(description="Of this recording; none: of all.")] = ""
    status: Annotated[JobStatus | None, Meta(description="Those that are so; none: all.")] = None


class Jobs:
    """The resource."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def list(self, request: web.Request, asked: Wanted) -> JobPage:
        """List the jobs, newest first.

        A job stands in the list a moment after it was queued.
        """
        recording = RecordingId(asked.recording_id) if asked.recording_id else None
        query = ListJobs(recording, asked.status, asked.limit, asked.cursor)
        return await self._client.ask(query, caller(request))

    async def get(self, request: web.Request) -> JobView:
        """Read one job."""
        return await self._client.ask(GetJob(_job_id(request)), caller(request))

    async def retry(self, request: web.Request) -> JobView:
        """Do what is missing of a job that failed.

        One that is queued or under way is left as it is.
        """
        return await self._client.ask(RetryJob(_job_id(request)), caller(request))

    async def cancel(self, request: web.Request) -> JobView:
        """Stop a job.

        Whoever works at it stops within a second. It has failed then, and can be retried.
        """
        return await self._client.ask(CancelJob(_job_id(request)), caller(request))

    async def metadata(self, request: web.Request) -> VideoMetadata:
        """Read what was measured of a recording's media.

        It is measured soon after the recording is `completed`.
        """
        return await self._client.ask(GetMetadata(recording_id(request)), caller(request))


def _job_id(request: web.Request) -> JobId:
    """The id in the path. Raises NotFound for what cannot be one."""
    text = request.match_info[_JOB_ID.name]
    if not re.search(JOB_ID, text):
        raise NotFound("There is no such job.")
    return JobId(text)


_ONE: Final = (_JOB_ID,)
ROUTES: Final = (
    Route("listJobs", "GET", BASE, Jobs.list, "processing"),
    Route("getJob", "GET", ONE, Jobs.get, "processing", parameters=_ONE, refuses=(404,)),
    Route("retryJob", "POST", f"{ONE}/retry", Jobs.retry, "processing", parameters=_ONE, refuses=(404, 409, 410)),
    Route("cancelJob", "POST", f"{ONE}/cancel", Jobs.cancel, "processing", parameters=_ONE, refuses=(404, 409)),
    Route(
        "getMetadata",
        "GET",
        f"{RECORDING}/metadata",
        Jobs.metadata,
        "processing",
        parameters=(SESSION_ID,),
        refuses=(404,),
    ),
)
