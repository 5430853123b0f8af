"""A whole recording, made, watched, stopped and deleted, with two of every process: nobody needs what he may not do."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import nats
import nats.errors
import pytest
from nats.aio.client import Client

from ops import processes, settings
from ops.connections import operator
from ops.embedded.known import known
from subjects import commands, media
from subjects.streams import MEDIA
from tests import media_checks, whip
from tests.playlist_log import following
from tests.product import Product
from tests.servers import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENVIRONMENT = {"LOOM_INGEST_PROCESSES": "2", "LOOM_EDGE_PROCESSES": "2"}
RECORDED_S = 6.0


def said_by_nats(product: Product) -> str:
    return (product.data / "logs" / "nats.log").read_text()


@asynccontextmanager
async def more(product: Product, names: Iterable[str]) -> AsyncIterator[None]:
    """A second process of each of these services: they share the work, and pass messages on to each other."""
    environment = product.processes("recording")[0].environ()
    started = []
    for name in names:
        with (product.data / f"second-{name}.log").open("wb") as log:
            command = (sys.executable, "-m", "ops", "run", name, "--instance", "1")
            started.append(await asyncio.create_subprocess_exec(*command, env=environment, stdout=log, stderr=log))
    try:
        yield
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0


async def processes_of(client: Client, service: str) -> int:
    """How many answer when they are asked whether they are there."""
    inbox = client.new_inbox()
    answers = await client.subscribe(inbox)
    await client.publish(commands.ping(service), b"", reply=inbox)
    found = 0
    try:
        while await answers.next_msg(timeout=0.5):
            found += 1
    except TimeoutError:
        return found
    finally:
        await answers.unsubscribe()
    return found


async def test_in_the_life_of_a_recording_nothing_is_refused(product: Product) -> None:
    read = settings.read({"LOOM_DATA": str(product.data)})
    read = read.at(known(read.data).nats)
    async with more(product, processes.ACTORS), operator(read) as client:

        async def all_there() -> bool:
            return all([await processes_of(client, name) == 2 for name in processes.ACTORS])

        await until(all_there)
        for _ in range(3):
            await _live(product, client)
    assert "Violation" not in said_by_nats(product)
    assert "nats refuses" not in product.log_tail(10_000)


async def _live(product: Product, client: Client) -> None:
    """One recording from beginning to end."""
    started = await product.start("Comes and goes")
    recording_id = started["id"]
    async with (
        whip.sending(product, started, await whip.flash_and_beep()),
        following(product.http, product.hls(recording_id, "master.m3u8")),
    ):
        await product.until_playlist(recording_id, "#EXTINF")
        await product.control(recording_id, "pause")
        await product.control(recording_id, "resume")
        await asyncio.sleep(RECORDED_S)
        await product.control(recording_id, "stop")
    await product.until(recording_id, "completed", deadline_s=40)
    await product.until_playlist(recording_id, "#EXT-X-ENDLIST", "aac.m3u8")
    assert await media_checks.content(product.http, product.hls(recording_id, "poster.jpg"))
    await product.call("DELETE", f"/api/v1/recordings/{recording_id}")
    objects = product.data / "objects" / "recordings" / recording_id

    async def gone() -> bool:
        info = await client.jetstream().stream_info(MEDIA.name, subjects_filter=media.recording(recording_id))
        with suppress(FileNotFoundError):  # it goes while we look
            return not info.state.subjects and not list(objects.rglob("*.*"))
        return False

    await until(gone)


async def test_whoever_runs_it_can_look_into_the_streams(product: Product) -> None:
    for words in (("streams",), ("consumers",)):
        looking = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ops", "js", *words),
            env={**os.environ, "LOOM_DATA": str(product.data)},
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await looking.communicate()
        assert looking.returncode == 0
        assert b"MEDIA" in said
    assert "Violation" not in said_by_nats(product)


async def test_nobody_comes_in_without_a_key(product: Product) -> None:
    url = known(product.data).nats
    with pytest.raises(nats.errors.Error, match="Authorization Violation"):
        await nats.connect(url, allow_reconnect=False, error_cb=_quietly)
    assert (Path(product.data) / "keys").stat().st_mode & 0o777 == 0o700


async def _quietly(_: Exception) -> None:
    pass
