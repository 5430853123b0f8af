"""The web door of a real gateway: what comes over it is in the log at its time, and nothing that is sent breaks it."""

import asyncio
import io
import random
import struct
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import av
import pytest

from actors.jetstream import direct_get
from gateways.http import token
from media.cmaf import fragment
from media.samples import VideoFrame
from schemas.ids import new_id
from schemas.media import AUDIO, VIDEO, PartHeaders, part_from_headers
from schemas.recording import DeleteRecording, PauseRecording, ResumeRecording, StopRecording
from subjects import media
from tests.gateways.ingest.given import SECRET, Door
from tests.gateways.ingest.web_client import WebClient, ago, message, samples
from tests.servers import until

SECONDS = 4.0


async def parts(door: Door, recording_id: str, rendition: str = VIDEO) -> list[PartHeaders]:
    return [part_from_headers(entry.headers) for entry in await door.parts(recording_id, rendition)]


def ends_s(found: list[PartHeaders]) -> float:
    return (found[-1].decode_time + found[-1].duration) / found[-1].timescale


async def decoded(door: Door, recording_id: str, rendition: str) -> int:
    """Pictures, or samples of sound, that come out of the log's bytes."""
    init = await direct_get.last(door.nats, "MEDIA", media.init(recording_id, rendition))
    assert init
    data = init.data + b"".join(entry.data for entry in await door.parts(recording_id, rendition))
    with av.open(io.BytesIO(data)) as container:
        return sum(getattr(frame, "samples", 0) or 1 for frame in container.decode(container.streams[0]))


async def shown(door: Door, recording_id: str) -> list[bytes]:
    """The frames that last, by their bytes."""
    entries = await door.parts(recording_id)
    return [sample.data for entry in entries for sample in fragment.read(entry.data).samples if sample.duration > 100]


def coded(frame: VideoFrame) -> bytes:
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in frame.nal_units if unit[0] & 31 not in (7, 8, 9))


def frames(seconds: float) -> list[VideoFrame]:
    return [sample for sample in samples(seconds) if isinstance(sample, VideoFrame)]


async def test_what_was_captured_is_in_the_log_at_its_time_however_late_it_is_sent(door: Door) -> None:
    recording_id, began_us = await door.start(), ago(60)
    async with WebClient(door, recording_id) as client:
        await client.begin()
        await client.send(samples(SECONDS), began_us)
        assert await client.end() == (1000, "the client has sent everything")
        assert client.stored_us == pytest.approx(began_us + SECONDS * 1e6, abs=50_000)
    for rendition in (VIDEO, AUDIO):
        found = await parts(door, recording_id, rendition)
        assert ends_s(found) == pytest.approx(10 + SECONDS, abs=0.04)
        for part in found:
            captured_us = part.program_time_us - began_us
            assert captured_us == pytest.approx((part.decode_time / part.timescale - 10) * 1e6, abs=2_000)
    assert await decoded(door, recording_id, VIDEO) == SECONDS * 30
    assert await decoded(door, recording_id, AUDIO) == pytest.approx(SECONDS * 48_000, abs=2_000)
    assert await shown(door, recording_id) == [coded(frame) for frame in frames(SECONDS)]


async def test_a_client_that_is_cut_off_goes_on_where_the_log_ends(door: Door) -> None:
    """It finds its last frame by the digest, and sends again from the key frame before it."""
    recording_id, began_us = await door.start(), ago(60)
    everything = samples(8.0)
    first = WebClient(door, recording_id)
    async with first:
        await first.begin()
        await first.send([sample for sample in everything if sample.arrived < 4.9], began_us)
        await until(lambda: door.has_parts(recording_id, 12))
        first.socket._response.connection.transport.abort()
    async with WebClient(door, recording_id) as second:
        there = (await second.hello())["last_frame"]
        (last,) = (
            frame
            for frame in frames(8.0)
            if (len(coded(frame)), zlib.crc32(coded(frame))) == (there["size"], there["crc32"])
        )
        assert there["at_us"] == pytest.approx(began_us + last.arrived * 1e6, abs=50_000)
        await second.say(type="begin", after_us=began_us + round(last.arrived * 1e6))
        await second.send([sample for sample in everything if sample.arrived >= 4.0], began_us)
        assert (await second.end())[0] == 1000
    assert await shown(door, recording_id) == [coded(frame) for frame in frames(8.0)]
    assert ends_s(await parts(door, recording_id)) == pytest.approx(18, abs=0.04)
    assert ends_s(await parts(door, recording_id, AUDIO)) == pytest.approx(18, abs=0.04)


async def test_a_second_source_takes_over_and_the_first_is_told(door: Door) -> None:
    recording_id = await door.start()
    async with WebClient(door, recording_id) as first, WebClient(door, recording_id) as second:
        await first.begin()
        await first.send(samples(SECONDS), ago(60))
        await until(lambda: door.has_parts(recording_id, 5))
        told = asyncio.create_task(first.closed())
        await second.begin()
        assert (await told)[0] == 4409
        await second.send(samples(SECONDS), ago(30))
        assert (await second.end())[0] == 1000
    assert {part.stretch for part in await parts(door, recording_id)} == {0, 1}


async def test_what_was_captured_in_a_pause_is_not_recorded(door: Door) -> None:
    recording_id, began_us = await door.start(), ago(1)
    async with WebClient(door, recording_id) as client:
        await client.begin()
        await client.send([s for s in samples(8.0) if s.arrived < 1], began_us)
        await door.ask(PauseRecording(recording_id))
        paused_us = ago(0)
        await asyncio.sleep(0.4)
        await client.send([s for s in samples(8.0) if 1.1 < s.arrived < 1.3], began_us)
        await door.ask(ResumeRecording(recording_id))
        resumed_us = ago(0)
        await asyncio.sleep(0.1)
        await client.send(samples(1.0), began_us + 3_000_000)
        await client.end()
    found = await parts(door, recording_id)
    assert found
    assert not [part for part in found if paused_us + 50_000 < part.program_time_us < resumed_us]
    assert ends_s(found) == pytest.approx(12, abs=0.05)


async def test_the_end_of_the_recording_closes_the_door(door: Door) -> None:
    recording_id = await door.start()
    async with WebClient(door, recording_id) as client:
        await client.begin()
        await client.send(samples(1.0), ago(5))
        await until(lambda: door.has_parts(recording_id, 2))
        await door.ask(StopRecording(recording_id))
        assert await client.closed() == (1000, "the recording was stopped")
    assert await direct_get.last(door.nats, "MEDIA", media.end(recording_id))


Spoken = Callable[[WebClient], Awaitable[Any]]


async def nothing(_: WebClient) -> None: ...


async def begun(client: WebClient) -> None:
    await client.begin()


def text(said: str) -> Spoken:
    return lambda client: client.socket.send_str(said)


def octets(data: bytes) -> Spoken:
    async def speak(client: WebClient) -> None:
        await client.begin()
        await client.socket.send_bytes(data)

    return speak


def media_at(at_us: int, kind: int = 1, body: bytes = b"\0\0\1\x65abc") -> bytes:
    return struct.pack(">BBq", kind, 0, at_us) + body


async def backwards(client: WebClient) -> None:
    await client.begin()
    await client.send(samples(1.0), ago(5))
    await client.send(samples(1.0), ago(6))


MALFORMED: list[tuple[Spoken, int, str]] = [
    (text("hello"), 4400, "message"),
    (text('{"type":"begin"}'), 4400, "hello"),
    (text('{"type":"hello","token":"no"}'), 4401, "token"),
    (octets(b""), 4400, "no media"),
    (octets(b"\1"), 4400, "no media"),
    (octets(media_at(ago(1), kind=9)), 4400, "neither"),
    (octets(media_at(ago(1), body=b"\1\2\3")), 4400, "Annex B"),
    (octets(media_at(ago(1), body=b"\0\0\1")), 4400, "Annex B"),
    (octets(media_at(ago(1), body=b"\0\0\1\x67\x42" + b"\0\0\1\x68\x42" + b"\0\0\1\x65abc")), 4400, "frame"),
    (octets(media_at(ago(1), kind=2, body=b"\xfc" * 20_000)), 4400, "sound"),
    (octets(media_at(ago(-3600))), 4400, "future"),
    (backwards, 4400, "grow"),
]


async def test_what_cannot_be_meant_is_refused_with_a_code_and_a_sentence(door: Door) -> None:
    recording_id = await door.start()
    found = []
    for speak, _, _ in MALFORMED:
        async with WebClient(door, recording_id) as client:
            await speak(client)
            found.append(await client.closed())
    assert [code for code, _ in found] == [code for _, code, _ in MALFORMED]
    assert all(word in reason for (_, reason), (_, _, word) in zip(found, MALFORMED, strict=True)), found


async def test_a_message_that_is_too_long_ends_the_session(door: Door) -> None:
    async with WebClient(door, await door.start()) as client:
        await client.begin()
        with suppress(ConnectionError):  # it is cut off in mid-sentence
            await client.socket.send_bytes(media_at(ago(1), body=b"\0\0\1\x65" + b"x" * (4 << 20)))
        assert (await client.closed())[0] in {1006, 1009}


async def test_recordings_that_take_no_source_say_why(door: Door) -> None:
    unknown, ended = new_id(), await door.start()
    await door.ask(StopRecording(ended))
    deleted = await door.start()
    await door.ask(DeleteRecording(deleted))
    found = []
    for recording_id in (unknown, ended, deleted):
        async with WebClient(door, recording_id) as client:
            await client.say(type="hello", token=token.make(SECRET, recording_id))
            found.append((await client.closed())[0])
    assert found == [4404, 4409, 4410]


async def test_programs_that_send_the_token_with_the_upgrade_are_refused_before_it(door: Door) -> None:
    recording_id = await door.start()
    url = f"{door.url}/ingest/{recording_id}"
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    async with door.http.get(url, headers={**upgrade, "Authorization": "Bearer no"}) as refused:
        assert refused.status == 401
        assert (await refused.json(content_type=None))["code"] == "unauthenticated"
    async with door.http.get(
        url, headers={**upgrade, "Sec-WebSocket-Version": "5", **door.bearer(recording_id)}
    ) as bad:
        assert bad.status == 400
    async with WebClient(door, recording_id, **door.bearer(recording_id)) as client:
        await client.say(type="hello")
        assert (await client.socket.receive_json(timeout=10))["type"] == "welcome"


async def test_where_the_log_ends_can_be_asked(door: Door) -> None:
    recording_id, began_us = await door.start(), ago(60)
    url = f"{door.url}/ingest/{recording_id}"
    async with door.http.get(url) as refused:
        assert refused.status == 401
    async with door.http.get(url, headers=door.bearer(recording_id)) as found:
        assert await found.json() == {"last_frame": None}
    async with WebClient(door, recording_id) as client:
        await client.begin()
        await client.send(samples(1.0), began_us)
        await client.end()
    async with door.http.get(url, headers=door.bearer(recording_id)) as found:
        said = (await found.json())["last_frame"]
    last = coded(frames(1.0)[-1])
    assert (said["size"], said["crc32"]) == (len(last), zlib.crc32(last))
    assert said["at_us"] == pytest.approx(began_us + frames(1.0)[-1].arrived * 1e6, abs=2_000)


async def test_sources_of_both_doors_share_the_room(door: Door) -> None:
    recording_ids = [await door.start() for _ in range(4)]
    clients = [WebClient(door, recording_id) for recording_id in recording_ids]
    for client in clients[:3]:
        await client.__aenter__()
        await client.begin()
    async with door.http.get(f"{door.url}/ingest/{recording_ids[3]}", headers={"Upgrade": "websocket"}) as refused:
        assert refused.status == 503
        assert refused.headers["Retry-After"]
    for client in clients[:3]:
        await client.__aexit__()


async def test_noise_breaks_nothing_for_others(door: Door) -> None:
    """Half-true messages by the hundred, while somebody records beside them."""
    dice = random.Random(4)
    true = [message(sample, ago(30)) for sample in samples(1.0)]
    recording_id, began_us = await door.start(), ago(60)
    async with WebClient(door, recording_id) as good:
        await good.begin()
        for n, sample in enumerate(samples(SECONDS)):
            await good.send([sample], began_us)
            if n % 8:
                continue
            async with WebClient(door, await door.start()) as bad:
                await bad.begin()
                for _ in range(6):
                    noise = bytearray(dice.choice(true))
                    for _ in range(dice.randrange(1, 6)):
                        noise[dice.randrange(len(noise))] = dice.randrange(256)
                    await bad.socket.send_bytes(bytes(noise[: dice.randrange(1, len(noise))]))
        assert (await good.end())[0] == 1000
    assert await decoded(door, recording_id, VIDEO) == SECONDS * 30
