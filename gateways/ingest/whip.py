"""WHIP (RFC 9725): POST an offer, PATCH candidates, DELETE the session; every status the RFC names, with a sentence."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

import structlog
from aiohttp import web
from nats.aio.client import Client as Nats

from gateways.http.problem import problem
from gateways.ingest import sdp
from gateways.ingest.admission import Admission
from gateways.ingest.peer import Network
from gateways.ingest.rtp_session import RtpSession
from gateways.ingest.sdp import Malformed, Unusable
from gateways.ingest.sessions import Sessions
from gateways.ingest.unreachable import Unreachable
from schemas.errors import NotFound, Unavailable
from schemas.recording import Status

SDP: Final = "application/sdp"
FRAGMENT: Final = "application/trickle-ice-sdpfrag"
CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": (
        "Location, ETag, Link, Accept-Patch, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id"
    ),
}
PREFLIGHT: Final = {
    **CORS,
    "Access-Control-Allow-Methods": "POST, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
    "Access-Control-Max-Age": "86400",
    "Accept-Post": SDP,
}
log = structlog.get_logger(__name__)


class Whip:
    """The endpoint and its sessions."""

    def __init__(
        self,
        nats: Nats,
        admission: Admission,
        sessions: Sessions,
        network: Network,
        *,
        instance: int,
        ice_servers: Sequence[str],
        part_s: float,
        segment_s: float,
    ) -> None:
        self._nats = nats
        self._admission = admission
        self._sessions = sessions
        self._network = network
        self._instance = instance
        self._links = [link(server) for server in ice_servers]
        self._part_s, self._segment_s = part_s, segment_s

    def routes(self) -> list[web.RouteDef]:
        """What is offered."""
        session = f"/whip/sessions/{self._instance}/{{name}}"
        return [
            web.options(session, self.preflight),
            web.patch(session, self.patch),
            web.delete(session, self.delete),
            web.options("/whip/{id}", self.preflight),
            web.post("/whip/{id}", self.post),
        ]

    async def preflight(self, _: web.Request) -> web.Response:
        """CORS, and what may be posted (RFC 9725, 4.2)."""
        return web.Response(status=204, headers=PREFLIGHT)

    async def post(self, request: web.Request) -> web.Response:
        """201 with the answer and the session's address."""
        recording_id = self._admission.recording(request)
        self._admission.check(request, recording_id)
        if request.content_type != SDP:
            return problem(415, f"The body must be {SDP}, not {request.content_type}.", {"Accept-Post": SDP})
        self._sessions.room()
        try:
            offer = sdp.read((await request.read()).decode())
        except (Malformed, UnicodeDecodeError) as error:
            detail = str(error) if isinstance(error, Malformed) else "The body is not SDP: it is not text."
            return problem(400, detail)
        except Unusable as error:
            return problem(422, str(error))
        status = await self._admission.connect(recording_id)
        session = RtpSession(
            self._nats, self._network, recording_id, offer, part_s=self._part_s, segment_s=self._segment_s
        )
        if status is Status.PAUSED:
            session.pause()
        try:
            answer = await session.answer()
        except Unreachable as error:
            raise Unavailable(str(error)) from error
        name = self._sessions.add(session)
        response = web.Response(status=201, text=answer, content_type=SDP)
        response.headers["Location"] = f"/whip/sessions/{self._instance}/{name}"
        response.headers["ETag"] = session.etag
        response.headers["Accept-Patch"] = FRAGMENT
        for one in self._links:
            response.headers.add("Link", one)
        return response

    async def patch(self, request: web.Request) -> web.Response:
        """Trickled candidates are not needed: 204. An ICE restart is not supported (RFC 9725, 4.3.2): 422."""
        session = self._session(request)
        if request.content_type != FRAGMENT:
            return problem(415, f"The body must be {FRAGMENT}, not {request.content_type}.", {"Accept-Patch": FRAGMENT})
        matched = request.headers.get("If-Match")
        if matched is None:
            return problem(428, "If-Match must be sent, with the session's ETag or * (RFC 9725, 4.3.1).")
        body = (await request.read()).decode(errors="replace")
        found = re.search(r"^a=ice-ufrag:(\S+)", body, re.MULTILINE)
        if found is None:
            return problem(400, "The fragment carries no a=ice-ufrag.")
        if matched == "*" or found[1] != session.ufrag:
            return problem(422, "ICE restarts are not supported: open a new session, it goes on in the same recording.")
        if matched != session.etag:
            return problem(412, "The session's ETag is another one.")
        return web.Response(status=204, headers={"ETag": session.etag})

    async def delete(self, request: web.Request) -> web.Response:
        """200 once its parts are stored."""
        self._session(request)
        await self._sessions.close(request.match_info["name"], "the client ended its session")
        return web.Response(status=200)

    def _session(self, request: web.Request) -> RtpSession:
        session = self._sessions.get(request.match_info["name"])
        if not isinstance(session, RtpSession):
            raise NotFound("There is no such session.")
        if "Authorization" in request.headers:  # the address is a secret of its own; a token must be right if sent
            self._admission.check(request, session.recording_id)
        return session


def link(server: str) -> str:
    """A STUN or TURN server as a Link header (RFC 9725, 4.6): `turn:user:secret@host:port`."""
    scheme, _, rest = server.partition(":")
    credentials, _, host = rest.rpartition("@")
    said = f'<{scheme}:{host}>; rel="ice-server"'
    if credentials:
        user, _, secret = credentials.partition(":")
        said += f'; username="{quote(user)}"; credential="{quote(secret)}"; credential-type="password"'
    return said
