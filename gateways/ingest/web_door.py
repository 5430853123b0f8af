"""The web door: a WebSocket for who gets no UDP through (its words are in `gateways/http/ingest.py`).

What is wrong before the upgrade is answered with problem details; afterwards with a close code and a sentence: 4400 and
the like mean what the HTTP status means, and 1012 and 4503 that the same may be tried again in a moment.
"""

import asyncio
from typing import Final

import msgspec
import structlog
from aiohttp import WSMsgType, web
from nats.aio.client import Client as Nats

from actors.jetstream.media_writer import AWAY
from gateways.http.ingest import ENDPOINT, PROTOCOL, LogEnd
from gateways.http.problem import problem
from gateways.http.refusals import STATUS
from gateways.ingest import messages
from gateways.ingest.admission import Admission
from gateways.ingest.messages import LONGEST, Hello, Malformed
from gateways.ingest.sessions import Sessions
from gateways.ingest.web_session import LONGEST_REASON, MALFORMED, WebSession, last_frame
from schemas.errors import LoomError, Unauthenticated, Unavailable
from schemas.ids import RecordingId
from schemas.recording import Status

HELLO_S: Final = 5.0
HEARTBEAT_S: Final = 10.0
CLOSE_CODES: Final = 4000
"""A refusal's HTTP status and this is its close code (4000 to 4999 are the application's, RFC 6455, 7.4.2)."""
MOST_SILENT: Final = 200
"""So many may be there who have not said who they are."""
log = structlog.get_logger(__name__)


class WebDoor:
    """The endpoint."""

    def __init__(
        self, nats: Nats, admission: Admission, sessions: Sessions, *, part_s: float, segment_s: float
    ) -> None:
        self._nats = nats
        self._admission = admission
        self._sessions = sessions
        self._part_s, self._segment_s = part_s, segment_s
        self._silent = 0

    def routes(self) -> list[web.RouteDef]:
        """What is offered."""
        return [web.get(ENDPOINT, self.get, allow_head=False)]

    async def get(self, request: web.Request) -> web.StreamResponse:
        """With an upgrade the door opens; without, it says where the log ends."""
        recording_id = self._admission.recording(request)
        is_known = "Authorization" in request.headers
        if is_known:
            self._admission.check(request, recording_id)
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return await self._end_of_log(request, recording_id)
        self._sessions.room()
        if self._silent >= MOST_SILENT:
            raise Unavailable("Too many are at the door; try again in a moment.")
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT_S, max_msg_size=LONGEST, protocols=(PROTOCOL,), compress=False, timeout=1.0
        )
        if not socket.can_prepare(request):
            return problem(400, "This is no WebSocket handshake (RFC 6455, 4.2.1).")
        await socket.prepare(request)
        try:
            await self._run(socket, recording_id, await self._hello(socket, recording_id, is_known=is_known))
        except Malformed as error:
            await _close(socket, MALFORMED, str(error))
        except LoomError as error:
            await _close(socket, CLOSE_CODES + STATUS[error.code], str(error))
        return socket

    async def _end_of_log(self, request: web.Request, recording_id: RecordingId) -> web.Response:
        self._admission.check(request, recording_id)
        try:
            found = await last_frame(self._nats, recording_id)
        except AWAY as error:
            raise Unavailable("The log of media is away; try again in a moment.") from error
        said = LogEnd(found[0] if found else None)
        return web.Response(
            body=msgspec.json.encode(said), content_type="application/json", headers={"Cache-Control": "no-store"}
        )

    async def _hello(self, socket: web.WebSocketResponse, recording_id: RecordingId, *, is_known: bool) -> Hello:
        """The first message. Raises Malformed or Unauthenticated."""
        self._silent += 1
        try:
            async with asyncio.timeout(HELLO_S):
                message = await socket.receive()
        except TimeoutError:
            raise Malformed(f"`hello` did not come within {HELLO_S:g} s.") from None
        finally:
            self._silent -= 1
        if message.type is not WSMsgType.TEXT:
            raise Malformed("The first message is `hello`.")
        said = messages.read(message.data)
        if not isinstance(said, Hello):
            raise Malformed("The first message is `hello`.")
        if not (is_known and not said.token) and not self._admission.knows(said.token, recording_id):
            raise Unauthenticated("The recording's token must stand in `hello`.")
        return said

    async def _run(self, socket: web.WebSocketResponse, recording_id: RecordingId, hello: Hello) -> None:
        """The session's life. Raises LoomError."""
        self._sessions.room()
        status = await self._admission.connect(recording_id)
        session = WebSession(self._nats, recording_id, socket, hello, part_s=self._part_s, segment_s=self._segment_s)
        if status is Status.PAUSED:
            session.pause()
        self._sessions.add(session)
        await session.finished.wait()


async def _close(socket: web.WebSocketResponse, code: int, why: str) -> None:
    log.info("refused", code=code, why=why)
    reason = why.encode()[:LONGEST_REASON].decode(errors="ignore").encode()
    await socket.close(code=code, message=reason)
