"""A gateway for tests, the recording service behind it, and a recording to send to."""

from typing import Any

import aiohttp
from nats.aio.client import Client as Nats

from actors.jetstream import direct_get
from actors.runtime.client import Client
from gateways.http import token
from ops.bench.whip_peer import WhipPeer
from schemas.ids import RecordingId, new_id
from schemas.media import VIDEO
from schemas.recording import StartRecording
from subjects import media

SECRET = b"a secret for tests"
SDP = {"Content-Type": "application/sdp"}


class Door:
    """The gateway, the recording service behind it, and a recording to send to."""

    def __init__(self, nats: Nats, http: aiohttp.ClientSession, url: str) -> None:
        self.nats, self.http, self.url = nats, http, url
        self.ask = Client(nats).ask

    async def start(self) -> RecordingId:
        recording_id = RecordingId(new_id())
        await self.ask(StartRecording(recording_id))
        return recording_id

    def bearer(self, recording_id: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token.make(SECRET, recording_id)}"}

    def peer(self, recording_id: str) -> WhipPeer:
        return WhipPeer(self.http, f"{self.url}/whip/{recording_id}", token.make(SECRET, recording_id))

    async def post(self, recording_id: str, body: Any, **headers: str) -> tuple[int, dict[str, Any], Any]:
        sent = {**SDP, **self.bearer(recording_id), **headers}
        async with self.http.post(f"{self.url}/whip/{recording_id}", data=body, headers=sent) as response:
            answer = await response.json(content_type=None) if response.status >= 400 else await response.text()
            return response.status, answer, response.headers

    async def parts(self, recording_id: str, rendition: str = VIDEO) -> list[direct_get.Entry]:
        found: list[direct_get.Entry] = []
        while page := await direct_get.batch(
            self.nats, "MEDIA", media.part(recording_id, rendition), found[-1].sequence + 1 if found else 1
        ):
            found += page
        return found

    async def has_parts(self, recording_id: str, count: int) -> bool:
        return len(await self.parts(recording_id)) >= count
