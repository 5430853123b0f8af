"""Poster, preview, thumbnails and waveform: short-lived while they change, for ever under their version, gone with it."""

from zlib import crc32

import pytest

from schemas.recording import RecordingDeleted
from subjects import events, objects
from tests.gateways.edge.archive import store_all
from tests.gateways.edge.given import Viewed, messages
from tests.servers import until

KINDS = {
    "poster.jpg": "image/jpeg",
    "preview.webp": "image/webp",
    "thumbnails.vtt": "text/vtt; charset=utf-8",
    "sprite-0.jpg": "image/jpeg",
    "waveform.json": "application/json",
}


async def put(viewed: Viewed, name: str, data: bytes) -> None:
    await viewed.store.put_async(objects.prefix(viewed.id) + name, data)


@pytest.mark.parametrize("name", KINDS)
async def test_before_there_is_one_it_is_not_found_with_a_sentence_and_afterwards_served(
    viewed: Viewed, name: str
) -> None:
    status, body, headers = await viewed.get(name)
    assert (status, headers["Cache-Control"]) == (404, "no-store")
    assert b'"detail":"There ' in body
    await put(viewed, name, b"made")
    status, body, headers = await viewed.get(name)
    assert (status, body, headers["Content-Type"]) == (200, b"made", KINDS[name])
    assert headers["Cache-Control"] in {"public, max-age=2", "public, max-age=10"}
    assert (await viewed.get(name, headers={"If-None-Match": headers["ETag"]}))[0] == 304


async def test_a_sprite_under_its_version_holds_for_ever_and_a_new_version_is_the_new_sprite(viewed: Viewed) -> None:
    await put(viewed, "sprite-0.jpg", b"ten thumbnails")
    first, second = f"{crc32(b'ten thumbnails'):08x}", f"{crc32(b'twenty thumbnails'):08x}"
    _, body, headers = await viewed.get(f"sprite-0.jpg?v={first}")
    assert (body, headers["Cache-Control"]) == (b"ten thumbnails", "public, max-age=31536000, immutable")
    await put(viewed, "sprite-0.jpg", b"twenty thumbnails")
    assert (await viewed.get(f"sprite-0.jpg?v={second}"))[1] == b"twenty thumbnails"
    _, body, headers = await viewed.get("sprite-0.jpg?v=another")
    assert (body, headers["Cache-Control"]) == (b"twenty thumbnails", "public, max-age=10")


async def test_of_a_recording_that_has_ended_they_hold_longer(viewed: Viewed) -> None:
    await store_all(viewed.store, viewed.id, messages())
    await viewed.text("video.m3u8")
    for name, seconds in {"poster.jpg": 60, "preview.webp": 3600, "thumbnails.vtt": 60, "waveform.json": 3600}.items():
        await put(viewed, name, b"made")
        assert (await viewed.get(name))[2]["Cache-Control"] == f"public, max-age={seconds}"


async def test_what_was_deleted_shows_nothing_any_more_not_even_from_memory(viewed: Viewed) -> None:
    await put(viewed, "sprite-0.jpg", b"made")
    assert (await viewed.get("sprite-0.jpg?v=a"))[0] == 200
    await viewed.client.publish(events.of(RecordingDeleted, viewed.id), b"{}")

    async def gone() -> bool:
        return (await viewed.get("sprite-0.jpg?v=a"))[0] == 410

    await until(gone)
