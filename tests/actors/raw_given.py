"""A recording whose source has no H.264: its pages, as the gateway puts them into RAW."""

from collections.abc import Sequence

from nats.aio.client import Client

from media.journal.journal import Written
from schemas.envelope import MESSAGE_ID
from schemas.media import End, to_headers
from schemas.raw import PageHeaders
from subjects import raw


class Pages:
    """Of one recording."""

    def __init__(self, client: Client, recording_id: str) -> None:
        self._js = client.jetstream()
        self.recording_id = recording_id

    async def write(self, pages: Sequence[Written]) -> None:
        for page in pages:
            headers = to_headers(page.headers) | {MESSAGE_ID: raw.message_id(self.recording_id, page.headers)}
            await self._js.publish(raw.page(self.recording_id), page.data, headers=headers)

    async def write_one(self) -> None:
        """One that nobody is to read."""
        await self.write([Written(PageHeaders("a", 0, "VP8", 0, 1 / 3, 2.0), b"a page")])

    async def end(self, reason: str = "stopped") -> None:
        headers = to_headers(End(reason)) | {MESSAGE_ID: raw.message_id(self.recording_id)}
        await self._js.publish(raw.end(self.recording_id), b"", headers=headers)
