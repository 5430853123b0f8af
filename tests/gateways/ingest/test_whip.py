"""A WHIP client at a real gateway: every status with a sentence, and parts in the log."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import av
import pytest

from actors.jetstream import direct_get
from ops.bench import offer, stream
from ops.bench.packets import schedule
from ops.bench.whip_peer import WhipPeer
from ops.bench.whip_source import WhipSource, play
from schemas.ids import new_id
from schemas.media import AUDIO, VIDEO, part_from_headers
from schemas.recording import DeleteRecording, PauseRecording, ResumeRecording, StopRecording
from subjects import media
from tests.gateways.ingest.given import Door
from tests.servers import until

FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag"}


@asynccontextmanager
async def sending(peer: WhipPeer) -> AsyncIterator[WhipSource]:
    media_ = schedule(await stream.flash_and_beep(), stream.LOOP_S, stream.VIDEO_BITS_PER_S)
    source, stop = WhipSource(peer, media_, asyncio.get_running_loop().time()), asyncio.Event()
    playing = asyncio.create_task(play([source], stop))
    try:
        yield source
    finally:
        stop.set()
        await playing


def valid_offer() -> str:
    return offer.write(offer.Local("abcd", "q" * 24, ":".join(["AB"] * 32), [], 1, 2))


async def test_an_offer_is_answered_as_the_rfc_says(door: Door) -> None:
    status, answer, headers = await door.post(await door.start(), valid_offer())
    assert status == 201
    assert headers["Content-Type"].startswith("application/sdp")
    assert headers["Location"].startswith("/whip/sessions/0/")
    assert headers["ETag"]
    assert (
        headers["Link"]
        == '<turn:turn.example:3478>; rel="ice-server"; username="me"; credential="it"; credential-type="password"'
    )
    assert str(answer).startswith("v=0")


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ("hello", {}, 400),
        (b"\xff\xfe", {}, 400),
        ("", {}, 400),
        (valid_offer().replace("H264", "H265"), {}, 422),
        (valid_offer(), {"Content-Type": "text/plain"}, 415),
        (valid_offer(), {"Authorization": "Bearer no"}, 401),
        (valid_offer(), {"Authorization": ""}, 401),
        ("v=0\r\n" + "a=x\r\n" * 100_000, {}, 413),
    ],
)
async def test_what_cannot_be_meant_gets_its_status_and_a_sentence(
    door: Door, body: Any, headers: dict[str, str], status: int
) -> None:
    found, problem, _ = await door.post(await door.start(), body, **headers)
    assert found == status
    assert len(problem["detail"]) > 10


async def test_unknown_ended_and_deleted_recordings_take_no_source(door: Door) -> None:
    assert (await door.post(new_id(), valid_offer()))[0] == 404
    recording_id = await door.start()
    await door.ask(StopRecording(recording_id))
    assert (await door.post(recording_id, valid_offer()))[0] == 409
    await door.ask(DeleteRecording(recording_id))
    assert (await door.post(recording_id, valid_offer()))[0] == 410


async def test_sources_are_bounded_and_live_ones_untouched(door: Door) -> None:
    recording_id = await door.start()
    found = [await door.post(recording_id, valid_offer()) for _ in range(5)]
    assert [status for status, _, _ in found] == [201, 201, 201, 503, 503]
    assert found[-1][2]["Retry-After"]


async def test_candidates_need_the_etag_and_a_restart_is_not_supported(door: Door) -> None:
    recording_id = await door.start()
    _, _, headers = await door.post(recording_id, valid_offer())
    url, own, other = door.url + headers["Location"], "a=ice-ufrag:abcd\r\n", "a=ice-ufrag:new\r\n"

    async def patch(body: str, **more: str) -> int:
        async with door.http.patch(url, data=body, headers={**FRAGMENT, **more}) as response:
            return response.status

    assert await patch(own) == 428
    assert await patch(own, **{"If-Match": '"another"'}) == 412
    assert await patch(own, **{"If-Match": headers["ETag"]}) == 204
    assert await patch(other, **{"If-Match": "*"}) == 422
    assert await patch("nothing", **{"If-Match": headers["ETag"]}) == 400
    async with door.http.options(url) as response:
        assert response.headers["Accept-Post"] == "application/sdp"
        assert response.headers["Access-Control-Allow-Origin"] == "*"
    async with door.http.delete(url) as response:
        assert response.status == 200
    async with door.http.delete(url) as response:
        assert response.status == 404


async def test_what_is_sent_is_in_the_log_and_decodes(door: Door) -> None:
    recording_id = await door.start()
    async with door.peer(recording_id) as peer, sending(peer):
        await until(lambda: door.has_parts(recording_id, 8))
    init = await direct_get.last(door.nats, "MEDIA", media.init(recording_id, VIDEO))
    assert init
    data = init.data + b"".join(entry.data for entry in await door.parts(recording_id))
    with av.open(io.BytesIO(data)) as file:
        frames = sum(1 for _ in file.decode(video=0))
    sound = [part_from_headers(entry.headers) for entry in await door.parts(recording_id, AUDIO)]
    picture = [part_from_headers(entry.headers) for entry in await door.parts(recording_id)]
    lengths = [sum(p.duration for p in parts) / parts[0].timescale for parts in (sound, picture)]
    assert lengths[0] == pytest.approx(lengths[1], abs=0.05)
    assert frames == pytest.approx(lengths[1] * stream.FRAMES_PER_S, abs=2)


async def test_a_second_session_takes_over_and_goes_on_without_a_hole(door: Door) -> None:
    recording_id = await door.start()
    first, second = door.peer(recording_id), door.peer(recording_id)
    await first.__aenter__()
    async with sending(first):
        await until(lambda: door.has_parts(recording_id, 4))
        async with second, sending(second):
            await until(lambda: door.has_parts(recording_id, 10))
    await first.vanish()
    found = [part_from_headers(entry.headers) for entry in await door.parts(recording_id)]
    assert {part.stretch for part in found} == {0, 1}
    assert all(a.decode_time + a.duration == b.decode_time for a, b in pairwise(found))


async def test_a_pause_is_not_recorded(door: Door) -> None:
    recording_id = await door.start()
    async with door.peer(recording_id) as peer, sending(peer):
        await until(lambda: door.has_parts(recording_id, 3))
        await door.ask(PauseRecording(recording_id))
        await asyncio.sleep(1)  # the gateway hears of it, and closes what was open
        count = len(await door.parts(recording_id))
        await asyncio.sleep(1.5)
        assert len(await door.parts(recording_id)) == count
        await door.ask(ResumeRecording(recording_id))
        await until(lambda: door.has_parts(recording_id, count + 3))


async def test_when_the_recording_stops_the_source_says_the_end(door: Door) -> None:
    recording_id = await door.start()
    async with door.peer(recording_id) as peer, sending(peer):
        await until(lambda: door.has_parts(recording_id, 3))
        await door.ask(StopRecording(recording_id))

        async def ended() -> bool:
            return await direct_get.last(door.nats, "MEDIA", media.end(recording_id)) is not None

        await until(ended)


async def test_a_source_that_vanished_is_noticed_in_three_seconds(door: Door) -> None:
    recording_id = await door.start()
    peer = door.peer(recording_id)
    await peer.__aenter__()
    async with sending(peer):
        await until(lambda: door.has_parts(recording_id, 3))
        await peer.vanish()

    async def gone() -> bool:
        async with door.http.patch(peer.session_url, headers=FRAGMENT) as response:
            return response.status == 404

    await until(gone, 6)
