"""Who asks, and for which recording?"""

from typing import Annotated, Final

from aiohttp import web
from msgspec import Meta

from gateways.http.middleware import ABOUT_KEY, CALLER_KEY
from gateways.http.operation import Parameter
from schemas.envelope import Caller
from schemas.errors import NotFound
from schemas.ids import LENGTH, RecordingId, is_id

Id = Annotated[str, Meta(pattern=f"^[0-9A-Za-z]{{{LENGTH}}}$", description="The recording's `id`.")]
SESSION_ID: Final = Parameter("sessionId", "path", Id)


def caller(request: web.Request) -> Caller:
    """Until there is sign-in, one local user owns everything."""
    return request[CALLER_KEY]


def new_recording_id(request: web.Request) -> RecordingId:
    """For the recording that the request starts; its trace is that of the request."""
    return RecordingId(request[ABOUT_KEY])


def recording_id(request: web.Request) -> RecordingId:
    """The id in the path. Raises NotFound for what cannot be one."""
    text = request.match_info[SESSION_ID.name]
    if not is_id(text):
        raise NotFound("There is no such recording.")
    return RecordingId(text)
