"""Whatever is sent fails for itself, with a sentence, or gives what is good of it; the next one works."""

import asyncio
from typing import Any, Final

from nats.aio.client import Client as Nats
from obstore.store import LocalStore

from actors.outside.limits import MEBIBYTE, Limits
from actors.processing.importing.importer import Bounds
from schemas.media import VIDEO
from schemas.recording import RecordingView, Status
from tests.actors.processing.importing.given import House, house
from tests.hostile import MP4, Hostile, all_of_them
from tests.media.files import file

TIGHT: Final = Bounds(
    survey=Limits(seconds=4, cpu_seconds=3, memory_bytes=512 * MEBIBYTE),
    read=Limits(seconds=4, memory_bytes=512 * MEBIBYTE, answer_bytes=16 * MEBIBYTE),
    cpu_seconds=3,
    cpu_seconds_a_second=0,
)
AT_ONCE: Final = 3
OURS: Final = ("Errno", "Traceback", "Error", "/tmp", "None", "0x")
"""Nobody who sends a file has to read this."""


def wrong(hostile: Hostile, view: RecordingView) -> str:
    """What is not as it should be."""
    is_refused = view.status == Status.FAILED
    said = view.failure_reason if is_refused else view.description
    if view.status not in (Status.FAILED, Status.PROCESSING):
        return f"is {view.status}"
    if hostile.fate != "either" and is_refused != (hostile.fate == "refused"):
        return f"is {view.status}: {said}"
    if hostile.says not in (said or ""):
        return f"says {said!r}, not {hostile.says!r}"
    if is_refused and not (said and said[0].isupper() and said.endswith(".") and len(said) < 300):
        return f"says {said!r}, which is no sentence"
    return f"says {said!r}" if said and any(word in said for word in OURS) else ""


async def good(given: House) -> None:
    view = await given.imported(file(MP4))
    assert (view.status, view.description) == (Status.PROCESSING, "")
    assert await given.track(view.id, VIDEO)


async def test_a_hostile_file_fails_alone_and_clearly_or_gives_what_is_good_of_it(
    client: Nats, store: LocalStore, database: Any
) -> None:
    files = all_of_them()
    assert len(files) >= 50
    found: dict[str, str] = {}
    async with house(client, store, database, TIGHT) as given:
        room = asyncio.Semaphore(AT_ONCE)

        async def judge(hostile: Hostile) -> None:
            async with room:
                found[hostile.name] = wrong(hostile, await given.imported(hostile.data))

        async with asyncio.TaskGroup() as judging:
            for hostile in files:
                judging.create_task(judge(hostile))
            await good(given)
        await good(given)
        assert await given.uploads.known() == []
    assert {name: complaint for name, complaint in found.items() if complaint} == {}
