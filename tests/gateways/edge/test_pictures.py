"""Poster, preview, thumbnails and waveform: short-lived while they change, for ever under their version, gone with it."""

from zlib import crc32

import pytest

from media.edits import version as versions
from media.edits.edit_list import Range
from media.edits.version import Current, Version
from media.hls.index import RecordingIndex
from media.pictures import thumbnails
from media.pictures.thumbnails import Cue, Place
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


async def test_of_an_edited_recording_they_are_those_of_what_is_kept(viewed: Viewed) -> None:
    cues = [Cue(at, at + 2, f"sprite-0.jpg?v={at}", Place(0, 0, 160, 90)) for at in (0.0, 2.0, 4.0)]
    for name, data in {
        "thumbnails.vtt": thumbnails.render(cues).encode(),
        "preview.webp": b"all of it",
        "edits/1/preview.webp": b"what is kept",
        "edits/1/index.json": versions.encode(Version(1, (Range(2.5, 4.0),), RecordingIndex(), {}, {})),
    }.items():
        await put(viewed, name, data)
    assert thumbnails.parse(await viewed.text("thumbnails.vtt")) == cues
    await put(viewed, "edit.json", versions.encode(Current(1)))
    (kept,) = thumbnails.parse(await viewed.text("thumbnails.vtt"))
    assert (kept.start_s, kept.end_s, kept.uri) == (0.0, 1.5, "sprite-0.jpg?v=2.0")
    assert (await viewed.get("preview.webp"))[1] == b"what is kept"
    assert (await viewed.get("poster.jpg"))[0] == 404  # there may be in it what was cut out
    assert thumbnails.parse(await viewed.text("thumbnails.vtt?version=0")) == cues
    assert (await viewed.get("thumbnails.vtt?version=9"))[0] == 404
    assert (await viewed.get("thumbnails.vtt?version=x"))[0] == 404


async def test_what_was_deleted_shows_nothing_any_more_not_even_from_memory(viewed: Viewed) -> None:
    await put(viewed, "sprite-0.jpg", b"made")
    assert (await viewed.get("sprite-0.jpg?v=a"))[0] == 200
    await viewed.client.publish(events.of(RecordingDeleted, viewed.id), b"{}")

    async def gone() -> bool:
        return (await viewed.get("sprite-0.jpg?v=a"))[0] == 410

    await until(gone)
