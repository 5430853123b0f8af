"""A worker in a process of its own, to be killed: `python -m tests.actors.processing.jobs.worker_process URL FOLDER KIND`."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import nats
from nats.aio.client import Client
from obstore.store import LocalStore

from actors.outside.sandbox import Sandbox
from actors.processing.jobs.claims import Claims
from actors.processing.jobs.queue import QueueActor
from actors.processing.jobs.remains import Remains
from actors.processing.jobs.stories import Stories
from actors.processing.jobs.work import Work
from actors.processing.jobs.worker import Worker
from actors.processing.ladder.transcode_work import TranscodeWork
from actors.runtime import actor as runtime
from schemas.ids import new_id
from schemas.processing import JobType
from tests.actors.processing.jobs.toy import Toy

CLAIM_S: Final = 1.5
UNIT_S: Final = 0.05
Kind = Literal["toy", "ladder"]


def objects_in(folder: Path) -> LocalStore:
    """Where objects lie."""
    return LocalStore(folder / "objects", mkdir=True)


def toys(folder: Path, seconds: float = 0.0) -> Mapping[JobType, Work]:
    """The toy as every kind of work."""
    toy = Toy(folder, seconds)
    return {"transcode": toy, "thumbnail": toy}


def worker(client: Client, folder: Path, works: Mapping[JobType, Work], *, slots: int = 1) -> tuple[Worker, QueueActor]:
    """A worker, and who keeps its queue."""
    stories, remains = Stories(client), Remains(client, objects_in(folder))
    made = Worker(client, works, stories, Claims(client, new_id()[:8], CLAIM_S), remains, slots)
    return made, QueueActor(client, stories, made.board, remains)


async def main(url: str, folder: Path, kind: str) -> None:
    client = await nats.connect(url)
    async with Sandbox() as sandbox:
        ladder: Mapping[JobType, Work] = {"transcode": TranscodeWork(client, objects_in(folder), sandbox)}
        made, queue = worker(client, folder, ladder if kind == "ladder" else toys(folder, UNIT_S))
        async with runtime.running(client, queue):
            await made.run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
