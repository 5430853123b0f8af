from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs
from rich.console import Console

from actors.jetstream.report import StreamConfig, StreamReport, StreamState
from ops.cli.instances import Endpoint, Instance, Service
from ops.cli.readers import Reader
from ops.cli.top.look import Look, Seen, Source, look
from ops.cli.top.picture import picture
from schemas.live import SourceMeasured

THEN = datetime(2026, 11, 28, tzinfo=UTC)
NOW = THEN + timedelta(seconds=2)


def stream(last: int, size: int) -> StreamReport:
    return StreamReport(StreamConfig("EVENTS"), StreamState(last, size, 1, last, THEN, THEN, 0), THEN)


def service(requests: int, errors: int = 0, mean_ms: float = 1.0, instance: str = "i1", unowned: int = 0) -> Service:
    endpoint = Endpoint("start", "loom.cmd.recording.start", requests, errors, mean_ms, "")
    return Service("recording", "", [], unowned, [Instance("one", instance, "0.1.0", THEN, True, 32, [endpoint])])


def reader(lag: int, **more: Any) -> Reader:
    return Reader("archiver", "consumer", "MEDIA", ["loom.media.>"], lag, **more)


def looked(before: Seen, after: Seen, *sources: Source) -> Look:
    return look("NATS 2.12", before, after, sources)


BEFORE = Seen(THEN, [stream(10, 1000)], [reader(5)], [service(10)])


def test_what_flows_is_told_a_second() -> None:
    found = looked(BEFORE, Seen(NOW, [stream(30, 3000)], [reader(0)], [service(14, errors=2, mean_ms=2.0)]))
    assert (found.streams[0].stored_per_s, found.streams[0].grows_bytes_per_s) == (10.0, 1000.0)
    (actor,) = found.actors
    assert (actor.requests_per_s, actor.errors_per_s, actor.mean_ms) == (2.0, 1.0, 4.5)  # (14 × 2 - 10 × 1) / 4
    assert (actor.processes, actor.trouble) == (1, "")


def test_a_process_that_was_started_again_is_counted_from_nothing() -> None:
    (actor,) = looked(BEFORE, Seen(NOW, [], [], [service(4, instance="i2")])).actors
    assert (actor.requests_per_s, actor.mean_ms) == (2.0, 1.0)


def test_who_falls_behind_is_slow() -> None:
    assert looked(BEFORE, Seen(NOW, [], [reader(9)], [])).readers[0].slow == "falls behind: 4 more"
    assert looked(BEFORE, Seen(NOW, [], [reader(5)], [])).readers[0].slow == ""


def test_partitions_that_nobody_has_are_trouble() -> None:
    found = looked(BEFORE, Seen(NOW, [], [], [service(10, unowned=3)]))
    assert found.actors[0].trouble == "3 partitions without a process"


@pytest.mark.parametrize("width", [80, 100, 140])
def test_all_of_it_is_readable_at_every_width(width: int) -> None:
    measured = SourceMeasured("lost", 2_500_000, 30.0, 0.05, 1280, 720)
    source = Source("dlaOk3Rn59pLpUxw6h84VT", "A rather long title of what somebody recorded", THEN, NOW, measured)
    after = Seen(NOW, [stream(30, 3000)], [reader(9)], [service(14, unowned=3)])
    found = looked(BEFORE, after, source, structs.replace(source, title=""))
    console = Console(width=width, record=True, color_system=None)
    with console.capture() as captured:
        console.print(picture(found, width))
    said = captured.get()
    assert max(map(len, said.splitlines())) <= width
    for part in ("2 recordings live", "5.0 Mbit/s", "2 sources lost", "slow: archiver", "in trouble: recording"):
        assert part in " ".join(said.split())
    assert "A rather long title" in said
    assert "dlaOk3Rn59pLpUxw6h84VT" in said


def test_where_there_is_little_height_what_is_quiet_is_left_out() -> None:
    bucket = StreamReport(StreamConfig("KV_SHARES"), stream(1, 1).state, THEN)
    after = Seen(NOW, [stream(30, 3000), bucket], [reader(0), structs.replace(reader(9), name="aac")], [])
    console = Console(width=80, record=True, color_system=None)
    with console.capture() as captured:
        console.print(picture(looked(BEFORE, after), 80, 24))
    said = captured.get()
    assert "EVENTS" in said
    assert "aac" in said
    assert "KV_SHARES" not in said
    assert "archiver" not in said
