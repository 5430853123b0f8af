"""May this client send to this recording? Its token says so, and the recording itself."""

import asyncio
from typing import Final

from aiohttp import web
from nats.aio.client import Client as Nats

from actors.runtime.client import Client
from gateways.http import token
from schemas.errors import NotFound, Unauthenticated, Unavailable
from schemas.ids import RecordingId, is_id
from schemas.recording import ConnectSource, Status

ASK_S: Final = 2.0
ASK_FOR_S: Final = 3.0
AGAIN_S: Final = 0.2


class Admission:
    """What all doors ask of who comes in."""

    def __init__(self, nats: Nats, secret: bytes) -> None:
        self._client = Client(nats)
        self._secret = secret

    def recording(self, request: web.Request) -> RecordingId:
        """The one in the path. Raises NotFound."""
        recording_id = request.match_info["id"]
        if not is_id(recording_id):
            raise NotFound("There is no such recording.")
        return RecordingId(recording_id)

    def check(self, request: web.Request, recording_id: str) -> None:
        """The Bearer token. Raises Unauthenticated."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self.knows(given.strip(), recording_id):
            raise Unauthenticated("The recording's token must be sent as `Authorization: Bearer …`.")

    def knows(self, given: str, recording_id: str) -> bool:
        """Whether it is the recording's token."""
        return token.verify(self._secret, recording_id, given)

    async def connect(self, recording_id: RecordingId) -> Status:
        """Tell the recording. A service that is just being restarted is waited for. Raises LoomError."""
        deadline = asyncio.get_running_loop().time() + ASK_FOR_S
        while True:
            try:
                return (await self._client.ask(ConnectSource(recording_id), deadline_s=ASK_S)).status
            except Unavailable:
                if asyncio.get_running_loop().time() > deadline:
                    raise
            await asyncio.sleep(AGAIN_S)
