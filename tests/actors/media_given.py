"""What tests of the media workers stand on: a real nats-server, its streams and consumers, a recording's log."""

import msgspec
from msgspec import structs
from nats.aio.client import Client

from actors.jetstream.deliveries import ensure
from actors.sourcing.event_message import headers_of
from ops import provision as provisioning
from schemas.envelope import MESSAGE_ID, Caller
from schemas.media import VIDEO, VIDEO_TIMESCALE, End, InitHeaders, PartHeaders, to_headers
from schemas.message import Event
from subjects import consumers, events, media
from tests.servers import DEADLINE_S, NatsServer, connected, free_port, until

__all__ = [
    "DEADLINE_S",
    "NatsServer",
    "Source",
    "connected",
    "free_port",
    "part_bytes",
    "provision",
    "say",
    "segment_bytes",
    "until",
]


async def provision(client: Client, ack_wait_s: float | None = None) -> None:
    """All that `subjects` declares; tests of redelivery may shorten the wait for it."""
    await provisioning.provision(client)
    if ack_wait_s:
        for consumer in consumers.ALL:
            await ensure(client, structs.replace(consumer, ack_wait_s=ack_wait_s))


class Source:
    """Publishes a recording as the gateway does: inits, parts, the end. The bytes are recognisable, not playable."""

    def __init__(self, client: Client, recording_id: str) -> None:
        self._js = client.jetstream()
        self.recording_id = recording_id

    async def init(self, rendition: str = VIDEO, number: int = 0, data: bytes = b"init") -> None:
        said = InitHeaders(number, "avc1.42e01f", VIDEO_TIMESCALE, 1280, 720)
        await self._say(media.init(self.recording_id, rendition), rendition, said, data)

    async def part(self, segment: int, part: int, rendition: str = VIDEO, *, stretch: int = 0) -> None:
        duration = VIDEO_TIMESCALE // 3
        at = segment * 6 + part
        said = PartHeaders(
            segment, part, 0, VIDEO_TIMESCALE, 900_000 + at * duration, duration,
            1_700_000_000_000_000 + at * 333_333, stretch, independent=part == 0,
        )  # fmt: skip
        await self._say(media.part(self.recording_id, rendition), rendition, said, part_bytes(rendition, segment, part))

    async def segments(self, first: int, last: int, rendition: str = VIDEO) -> None:
        for segment in range(first, last + 1):
            for part in range(6):
                await self.part(segment, part, rendition)

    async def end(self, reason: str = "stopped") -> None:
        said = to_headers(End(reason)) | {MESSAGE_ID: media.message_id(self.recording_id, "all", None)}
        await self._js.publish(media.end(self.recording_id), b"", headers=said)

    async def _say(self, subject: str, rendition: str, said: InitHeaders | PartHeaders, data: bytes) -> None:
        headers = to_headers(said) | {MESSAGE_ID: media.message_id(self.recording_id, rendition, said)}
        await self._js.publish(subject, data, headers=headers)


async def say(client: Client, event: Event) -> None:
    """An event as the recording service says it."""
    entity_id: str = event.recording_id  # type: ignore[attr-defined]
    headers = headers_of(event, entity_id, Caller(), 0)
    await client.jetstream().publish(events.of(type(event), entity_id), msgspec.json.encode(event), headers=headers)


def part_bytes(rendition: str, segment: int, part: int) -> bytes:
    return f"<{rendition} {segment}.{part}>".encode() * 50


def segment_bytes(rendition: str, segment: int, parts: int = 6) -> bytes:
    return b"".join(part_bytes(rendition, segment, part) for part in range(parts))
