"""Which traces get out, and what if nobody takes them?"""

import time
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from actors.runtime import tracing
from ops.tracing import exporting
from schemas.envelope import TRACE
from schemas.ids import new_id
from tests.ops.otlp import Collector, collector
from tests.servers import free_port, until


@pytest.fixture
async def spans() -> AsyncIterator[Collector]:
    async with collector() as found:
        yield found


async def recorded(recording_id: str) -> None:
    """A request that starts a recording, and an event that follows from it."""

    async def follow(headers: dict[str, str]) -> None:
        async def nothing(_: dict[str, str]) -> None:
            pass

        await tracing.around("consumer", f"loom.evt.recording.{recording_id}.prepared", headers, nothing)

    await tracing.around("server", "POST /recordings", {TRACE: tracing.of(recording_id)}, follow, begins=True)


async def test_a_share_of_the_traces_gets_out_and_those_are_whole(spans: Collector) -> None:
    ids = [new_id() for _ in range(64)]
    with exporting(spans.url, 0.5, "recording", 0):
        for recording_id in ids:
            await recorded(recording_id)
        chosen = {tracing.of(one)[3:35] for one in ids if tracing.of(one).endswith("-01")}

        async def arrived() -> bool:
            return len(spans.spans) >= 2 * len(chosen)

        await until(arrived)
    assert 0 < len(chosen) < len(ids)
    assert sorted(span.trace for span in spans.spans) == sorted([*chosen, *chosen])


async def test_what_began_a_trace_is_known_before_it_ends(spans: Collector) -> None:
    recording_id = new_id()
    with exporting(spans.url, 1, "recording", 0):
        await recorded(recording_id)

        async def arrived() -> bool:
            return len(spans.spans) == 2

        await until(arrived)
    root, follower = sorted(spans.spans, key=lambda span: span.parent)
    assert f"00-{root.trace}-{root.id}-01" == f"{tracing.of(recording_id)[:-2]}01"
    assert (root.parent, follower.parent) == ("", root.id)


async def test_who_takes_nothing_is_mentioned_once_and_not_waited_for() -> None:
    with capture_logs() as lines:
        with exporting(f"http://127.0.0.1:{free_port()}", 1, "recording", 0):
            for _ in range(3000):
                await recorded(new_id())
            began = time.monotonic()
        assert time.monotonic() - began < 8
    assert [line["event"] for line in lines] == ["traces do not get out, and are dropped for now"]


def test_nothing_is_exported_afterwards() -> None:
    assert tracing.spans is None
    assert tracing.of("x").endswith("-00")
