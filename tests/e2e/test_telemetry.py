"""One recording, seen from outside: what every process counts, and the one trace that leads through all of them."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families

from tests import product as products
from tests import whip
from tests.ops.otlp import Collector, Span, collector
from tests.product import Product
from tests.servers import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROCESSES = ("api", "edge", "ingest", "processing", "recording", "streaming")
ID = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{22}(?![0-9A-Za-z])|[0-9a-f]{16}|\d{5}")
SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5
STEPS = {
    ("api", CLIENT, "request loom.cmd.recording.start"),
    ("recording", CONSUMER, "process loom.cmd.recording.start"),
    ("recording", PRODUCER, "publish loom.evt.recording.*.prepared"),
    ("ingest", SERVER, "POST /whip/{id}"),
    ("ingest", CLIENT, "request loom.cmd.recording.connect_source"),
    ("processing", CONSUMER, "process loom.evt.recording.*.started"),
    ("api", SERVER, "POST /api/v1/recordings/{sessionId}/control"),
    ("recording", CONSUMER, "process loom.evt.recording.*.stopped"),
    ("recording", CONSUMER, "process loom.evt.recording.>"),
    ("streaming", CONSUMER, "process loom.cmd.streaming.end_media"),
    ("streaming", CONSUMER, "process loom.media.*.all.end"),
    ("streaming", CLIENT, "request loom.cmd.recording.complete"),
    ("recording", CONSUMER, "process loom.cmd.recording.complete"),
    ("recording", PRODUCER, "publish loom.job.make_poster.*"),
    ("processing", CONSUMER, "process loom.job.make_poster.*"),
}
Numbers = dict[tuple[str, str, frozenset[tuple[str, str]]], float]


class Seen(NamedTuple):
    """A whole recording of a running product."""

    product: Product
    collector: Collector
    started: dict[str, Any]
    before: Numbers
    live: Numbers
    after: Numbers


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def seen() -> AsyncIterator[Seen]:
    async with (
        collector() as spans,
        products.product({"LOOM_OTLP_URL": spans.url, "LOOM_LOG": "json"}) as product,
    ):
        before = await scraped(product)
        started = await product.start("Watched closely")
        async with whip.sending(product, started, await whip.flash_and_beep()):
            await product.until_playlist(started["id"], "#EXTINF")
            live = await scraped(product)
        await product.control(started["id"], "stop")
        await product.until(started["id"], "completed")

        async def finished() -> bool:
            steps = {(span.service, span.kind, span.name) for span in spans.spans}
            return steps >= STEPS and not orphans(spans.spans)

        with suppress(TimeoutError):  # what is missing is shown below
            await until(finished)
        yield Seen(product, spans, started, before, live, await scraped(product))


async def scraped(product: Product) -> Numbers:
    """Every sample of every process, as Prometheus finds them."""
    found: Numbers = {}
    folder = product.data / "run" / "metrics.d"

    async def told() -> bool:
        return len(list(folder.glob("*.json"))) == len(PROCESSES)

    await until(told)
    notes = sorted(folder.glob("*.json"))
    assert tuple(note.stem.removesuffix("-0") for note in notes) == PROCESSES
    for note in notes:
        (target,) = json.loads(note.read_text())
        async with product.http.get(f"http://{target['targets'][0]}/metrics") as response:
            assert response.status == 200
            text = await response.text()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found[target["labels"]["process"], sample.name, frozenset(sample.labels.items())] = sample.value
    return found


def total(numbers: Numbers, process: str, name: str, **labels: str) -> float:
    """The sum over what is not said."""
    chosen = {value for key, value in numbers.items() if key[:2] == (process, name) and labels.items() <= set(key[2])}
    assert chosen, name
    return sum(value for key, value in numbers.items() if key[:2] == (process, name) and labels.items() <= set(key[2]))


async def test_every_process_tells_of_its_loop_and_its_memory(seen: Seen) -> None:
    for process in PROCESSES:
        assert total(seen.live, process, "loom_event_loop_lag_seconds_count") > 0
        assert total(seen.live, process, "process_cpu_seconds_total") > 0
        assert total(seen.live, process, "process_resident_memory_bytes") > 1e6


async def test_a_recording_moves_the_numbers(seen: Seen) -> None:
    assert total(seen.live, "ingest", "loom_live_sessions") == 1
    assert total(seen.after, "ingest", "loom_live_sessions") == 0
    assert total(seen.before, "ingest", "loom_parts_published_total") == 0
    assert (
        total(seen.after, "ingest", "loom_parts_published_total")
        >= total(seen.live, "ingest", "loom_parts_published_total")
        > 4
    )
    assert total(seen.live, "edge", "loom_edge_recordings") == 1
    assert total(seen.live, "edge", "loom_edge_cache_bytes") > 1000
    assert total(seen.before, "recording", "recording_duration_seconds_count") == 0
    assert total(seen.after, "recording", "recording_duration_seconds_count") == 1
    assert total(seen.after, "recording", "recording_duration_seconds_sum") > 1
    assert total(seen.after, "processing", "processing_jobs_total", job_type="make_poster", status="completed") == 1


async def test_commands_and_events_are_counted_and_timed(seen: Seen) -> None:
    for said in ("StartRecording", "ConnectSource", "StopRecording", "CompleteRecording"):
        labels = {"service": "recording", "message": said}
        assert total(seen.after, "recording", "loom_messages_handled_total", **labels, outcome="done") == 1
        assert total(seen.after, "recording", "loom_message_seconds_count", **labels) == 1
        assert 0 < total(seen.after, "recording", "loom_message_seconds_sum", **labels) < 5
    stopped = {"service": "finishing", "message": "RecordingStopped"}
    assert total(seen.after, "recording", "loom_messages_handled_total", **stopped, outcome="done") == 1
    posted = {"method": "POST", "route": "/api/v1/recordings/{sessionId}/control", "status": "200"}
    assert total(seen.after, "api", "loom_http_request_seconds_count", **posted) == 1


async def test_nothing_waits_when_nothing_happens(seen: Seen) -> None:
    assert total(seen.after, "recording", "loom_partitions") == 64
    assert total(seen.after, "recording", "loom_mailbox_waiting") == 0
    assert total(seen.after, "recording", "loom_projection_waiting") == 0
    assert total(seen.after, "processing", "loom_events_unread") == 0
    assert total(seen.after, "streaming", "loom_consumer_waiting", consumer="archiver") == 0


async def test_no_label_names_a_thing_of_which_there_may_be_any_number(seen: Seen) -> None:
    values = {value for _, _, labels in seen.after for name, value in labels if name != "le"}
    assert not [value for value in values if ID.search(value)]


async def test_the_metrics_are_nobody_elses_business(seen: Seen) -> None:
    async with seen.product.http.get(f"{seen.product.url}/metrics") as response:
        assert response.status == 404


async def test_a_recording_is_one_trace(seen: Seen) -> None:
    (root,) = [span for span in seen.collector.spans if span.name == "POST /api/v1/recordings"]
    assert root.parent == ""
    trace = [span for span in seen.collector.spans if span.trace == root.trace]
    assert {span.service for span in trace} >= {"api", "ingest", "recording", "streaming", "processing"}
    known = {span.id: span for span in trace}
    assert not orphans(trace)
    names = {(span.service, span.kind, span.name) for span in trace}
    assert names >= STEPS
    assert [path(known, span)[0] for span in trace if span.name == "process loom.cmd.recording.complete"] == [root]


def orphans(spans: list[Span]) -> list[Span]:
    """Those whose parent has not arrived."""
    known = {span.id for span in spans}
    return [span for span in spans if span.parent and span.parent not in known]


def path(known: dict[str, Span], span: Span) -> list[Span]:
    """From the root to a span."""
    return [*path(known, known[span.parent]), span] if span.parent else [span]


async def test_spans_say_what_the_conventions_want(seen: Seen) -> None:
    recording_id = seen.started["id"]
    found = {(span.service, span.kind, span.name): span.attributes for span in seen.collector.spans}
    stopped = found["recording", CONSUMER, "process loom.evt.recording.*.stopped"]
    assert stopped["messaging.system"] == "nats"
    assert stopped["messaging.operation.type"] == "process"
    assert stopped["messaging.destination.name"] == f"loom.evt.recording.{recording_id}.stopped"
    assert stopped["messaging.destination.template"] == "loom.evt.recording.*.stopped"
    assert stopped["messaging.message.id"]
    posted = found["api", SERVER, "POST /api/v1/recordings"]
    assert posted["http.request.method"] == "POST"
    assert posted["http.response.status_code"] == 201
    queries = [span for span in seen.collector.spans if span.attributes.get("db.system") == "postgresql"]
    assert {span.service for span in queries} == {"recording", "processing"}
    assert all(span.parent for span in queries)


async def test_log_lines_carry_the_trace(seen: Seen) -> None:
    (root,) = [span for span in seen.collector.spans if span.name == "POST /api/v1/recordings"]
    lines = [json.loads(line) for line in (seen.product.data / "up.log").read_text().splitlines() if line[:1] == "{"]
    carried = {line.get("process") for line in lines if line.get("trace") == root.trace}
    assert carried >= {"ingest", "processing"}
    assert not [line for line in lines if len(line.get("trace", "0" * 32)) != 32]


async def test_who_sends_a_traceparent_finds_the_request_in_its_own_trace(seen: Seen) -> None:
    trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    headers = {"traceparent": f"00-{trace}-{parent}-01"}
    url = f"{seen.product.url}/api/v1/recordings/{seen.started['id']}"
    async with seen.product.http.put(url, json={"title": "Renamed"}, headers=headers) as response:
        assert response.status == 200

    async def arrived() -> bool:
        names = {span.name for span in seen.collector.spans if span.trace == trace}
        return names >= {"PUT /api/v1/recordings/{sessionId}", "publish loom.evt.recording.*.updated"}

    await until(arrived)
    (first,) = [span for span in seen.collector.spans if span.trace == trace and span.parent == parent]
    assert first.name == "PUT /api/v1/recordings/{sessionId}"


async def test_when_a_process_was_killed_its_successor_is_found(seen: Seen) -> None:
    note = seen.product.data / "run" / "metrics.d" / "streaming-0.json"
    before = note.read_text()
    await seen.product.kill_and_wait("streaming")

    async def written() -> bool:
        return note.read_text() != before

    await until(written)
    assert total(await scraped(seen.product), "streaming", "process_cpu_seconds_total") > 0
