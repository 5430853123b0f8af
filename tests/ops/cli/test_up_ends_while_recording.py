import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.bench.stack import Stack
from tests import media_checks, whip
from tests.ops.cli import loom_up
from tests.servers import until

DEADLINE_S = 40
ROUNDING_S = 0.01
RECORDED_S = 4.0


@pytest.fixture
def data() -> Iterator[Path]:
    folder = loom_up.folder()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


async def playlist(stack: Stack, recording_id: str) -> str:
    return await media_checks.text(stack.http, stack.hls(recording_id, "video.m3u8"))


async def seconds(stack: Stack, recording_id: str) -> float:
    return media_checks.seconds_in(await playlist(stack, recording_id))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
async def test_what_was_recorded_when_it_ends_is_there_at_the_next_start(data: Path, number: signal.Signals) -> None:
    async with loom_up.running(data) as first:
        started = await first.start("cut off")

        async def recorded() -> bool:
            return await seconds(first, started["id"]) >= RECORDED_S

        async with whip.sending(first, started, await whip.flash_and_beep(), politely=False):  # type: ignore[arg-type]
            await until(recorded, DEADLINE_S)
            shown = await seconds(first, started["id"])
            await loom_up.end(first, number)
        await loom_up.nobody_left(first, loom_up.GONE_DEADLINE_S)
    async with loom_up.running(data, LOOM_ABANDON_AFTER_S="1") as second:

        async def completed() -> bool:
            return (await second.recording(started["id"]))["status"] == "completed"

        async def ended() -> bool:
            return "#EXT-X-ENDLIST" in await playlist(second, started["id"])

        assert await seconds(second, started["id"]) >= shown - ROUNDING_S
        await until(completed, DEADLINE_S)
        await until(ended, DEADLINE_S)
        assert (await second.recording(started["id"]))["duration_seconds"] >= shown - ROUNDING_S
        await loom_up.end(second, signal.SIGTERM)
