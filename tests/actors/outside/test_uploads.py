"""An upload is what lies in storage, whoever asks; of a folder and of S3 alike."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from obstore.store import LocalStore, ObjectStore

from actors.outside.uploads import LIFETIME, WHOLE_LIFETIME, Uploads
from schemas.errors import NotFound
from schemas.ids import RecordingId, new_id
from schemas.upload import Upload
from tests.object_server import WEED, ObjectServer


@pytest.fixture(params=["a folder", pytest.param("S3", marks=pytest.mark.skipif(WEED is None, reason="no SeaweedFS"))])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ObjectStore]:
    if request.param == "a folder":
        yield LocalStore(tmp_path / "objects", mkdir=True)
        return
    async with ObjectServer(tmp_path) as server:
        yield server.store()


def film(length: int) -> Upload:
    return Upload(RecordingId(new_id()), length, "film.mp4", "video/mp4", datetime.now(UTC))


async def test_pieces_add_up_as_far_as_there_is_no_hole(store: ObjectStore) -> None:
    about = film(12)
    await Uploads(store).create(about)
    for at, data in ((0, b"0123"), (4, b"45"), (8, b"89")):
        await Uploads(store).add(about.id, at, data)
    found = await Uploads(store).find(about.id)
    assert (found.about, found.offset, found.is_whole) == (about, 6, False)
    await Uploads(store).add(about.id, 6, b"67")
    found = await Uploads(store).find(about.id)
    assert ([piece.offset for piece in found.pieces], found.offset) == ([0, 4, 6, 8], 10)


async def test_what_has_expired_goes_without_a_trace_and_nothing_else(store: ObjectStore) -> None:
    uploads, half, whole = Uploads(store), film(4), film(2)
    for about in (half, whole):
        await uploads.create(about)
        await uploads.add(about.id, 0, b"12")
    now = datetime.now(UTC)
    assert await uploads.sweep(now + LIFETIME - timedelta(minutes=5)) == []
    assert await uploads.sweep(now + LIFETIME + timedelta(minutes=5)) == [half.id]
    with pytest.raises(NotFound):
        await uploads.find(half.id)
    assert await uploads.known() == [whole.id]
    assert await uploads.sweep(now + WHOLE_LIFETIME + timedelta(minutes=5)) == [whole.id]
    assert await uploads.known() == []
