"""`loom up` with a recording that is made and ends, seen through every verb, by the operator with his key."""

import asyncio
import json
import os
import signal
import sys
from typing import Any

import pytest

from tests import whip
from tests.product import Product

pytestmark = pytest.mark.asyncio(loop_scope="module")

RECORDED_S = 3.0
SILENT_S = 4.0


async def loom(product: Product, *words: str, status: int = 0, **more: str) -> str:
    """What it prints; nothing is complained about."""
    looking = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ops", *words),
        env={**os.environ, "LOOM_DATA": str(product.data), "LOOM_PORT": product.url.rpartition(":")[2], **more},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await looking.communicate()
    assert (looking.returncode, complained.decode()) == (status, ""), said.decode()
    return said.decode()


async def told(product: Product, *words: str, status: int = 0) -> Any:
    return json.loads(await loom(product, *words, "--json", status=status))


async def heard(product: Product, *words: str, lines: int) -> list[Any]:
    """The first lines of what goes on until Ctrl-C."""
    listening = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ops", *words, "--json"),
        env={**os.environ, "LOOM_DATA": str(product.data)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert listening.stdout
    async with asyncio.timeout(30):
        found = [json.loads(await listening.stdout.readline()) for _ in range(lines)]
    listening.send_signal(signal.SIGINT)
    assert await listening.wait() == 0
    return found


async def recorded(product: Product) -> str:
    """Two stretches, and an outage between parts of the second one."""
    started = await product.start("Seen from inside")
    recording_id: str = started["id"]
    media = await whip.flash_and_beep()
    async with whip.sending(product, started, media):
        await product.until_playlist(recording_id, "#EXTINF")
        top, tail = await asyncio.gather(
            heard(product, "top", "--every", "1s", lines=2),
            heard(product, "js", "tail", f"loom.media.{recording_id}.video.part", lines=2),
        )
        (source,) = top[-1]["sources"]
        assert (source["recording_id"], source["title"]) == (recording_id, "Seen from inside")
        assert source["measured"]["state"] == "connected"
        assert next(one for one in top[-1]["streams"] if one["name"] == "MEDIA")["stored_per_s"] > 1
        assert [message["says"] for message in tail] == ["Part", "Part"]
        await product.control(recording_id, "pause")
        await asyncio.sleep(SILENT_S)
        await product.control(recording_id, "resume")
        await asyncio.sleep(RECORDED_S)
        await product.control(recording_id, "stop")
    await product.until(recording_id, "completed", deadline_s=40)
    return recording_id


async def test_everything_can_be_seen(product: Product) -> None:
    recording_id = await recorded(product)
    await _its_life(product, recording_id)
    await _all_that_runs(product)
    await _what_is_done_again(product, recording_id)
    assert "Violation" not in (product.data / "logs" / "nats.log").read_text()


async def _its_life(product: Product, recording_id: str) -> None:
    life = await told(product, "js", "show")
    assert (life["id"], life["status"]) == (recording_id, "completed")
    said = [event["says"] for event in life["events"]]
    for one in ("Prepared", "Started", "Paused", "Resumed", "Stopped", "Completed"):
        assert f"Recording{one}" in said
    video = life["renditions"][0]
    assert (video["name"], video["holes"], len(video["stretches"])) == ("video", [], 2)
    for columns in ("80", "100", "140"):
        drawn = await loom(product, "js", "show", recording_id, COLUMNS=columns)
        assert max(map(len, drawn.splitlines())) <= int(columns)
        for part in ("Seen from inside  completed", "video     ", "RecordingStarted", "sealed", "stretch 1"):
            assert part in drawn
    picture = product.data / "life.svg"
    await loom(product, "js", "show", recording_id, "--svg", str(picture))
    assert picture.read_text().startswith("<svg")


async def _all_that_runs(product: Product) -> None:
    services = {one["name"]: one for one in await told(product, "services")}
    assert set(services) == {"finishing", "importing", "processing", "queue", "recording", "streaming"}
    asked = {one["name"]: one for one in services["recording"]["instances"][0]["endpoints"]}
    assert (asked["start"]["requests"], asked["start"]["errors"]) == (1, 0)
    readers = await told(product, "js", "consumers")
    assert {"archiver", "finishing", "recording-projection"} <= {reader["name"] for reader in readers}
    assert [reader["slow"] for reader in readers if reader["slow"]] == []
    unwell = [one for one in await told(product, "doctor") if one["help"]]
    assert unwell == []
    assert "All is well." in await loom(product, "doctor", COLUMNS="80")


async def _what_is_done_again(product: Product, recording_id: str) -> None:
    before = await product.recording(recording_id)
    replayed = await told(product, "js", "replay", "finishing", "--from", "1", "--entity", recording_id, "--yes")
    assert [(one["says"], one["handled"]) for one in replayed] == [("RecordingStopped", True)]
    rebuilt = await told(product, "rebuild", "recording")
    assert (rebuilt["before"], rebuilt["swapped"]) == (rebuilt["after"], True)
    assert await product.recording(recording_id) == before
    assert await told(product, "dlq", "ls") == []
