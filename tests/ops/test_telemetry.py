import asyncio
import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from actors.runtime import metrics
from actors.runtime.outcome import Done, Refused
from ops import telemetry
from ops.documents import ROOT
from ops.metrics import RUNTIME

PROCESSES = (
    "ops.cli.run",
    "gateways.api.server",
    "gateways.ingest.server",
    "gateways.edge.server",
    "actors.recording.actor",
    "actors.streaming.actor",
    "actors.processing.actor",
)


async def fetched(port: int, path: str, method: str = "GET") -> tuple[int, str]:
    async with aiohttp.ClientSession() as http, http.request(method, f"http://127.0.0.1:{port}{path}") as response:
        return response.status, await response.text()


async def test_a_process_tells_on_a_port_that_prometheus_finds(tmp_path: Path) -> None:
    note = telemetry.folder(tmp_path) / "recording-0.json"
    async with telemetry.telling(tmp_path, 0, "recording", 0) as port:
        (target,) = json.loads(note.read_text())
        assert target == {
            "targets": [f"127.0.0.1:{port}"],
            "labels": {"process": "recording", "instance": "recording-0"},
        }
        status, text = await fetched(port, "/metrics")
        assert status == 200
        assert "process_cpu_seconds" in {family.name for family in text_string_to_metric_families(text)}
    assert not note.exists()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/health/live", 200), ("GET", "/metrics?x=1", 200), ("GET", "/", 404), ("POST", "/metrics", 405)],
)
async def test_nothing_else_is_told(tmp_path: Path, method: str, path: str, status: int) -> None:
    async with telemetry.telling(tmp_path, 0, "recording", 0) as port:
        assert (await fetched(port, path, method))[0] == status


async def test_who_says_nothing_or_too_much_keeps_nobody_waiting(tmp_path: Path) -> None:
    async with telemetry.telling(tmp_path, 0, "recording", 0) as port:
        _, silent = await asyncio.open_connection("127.0.0.1", port)
        reader, endless = await asyncio.open_connection("127.0.0.1", port)
        endless.write(b"x" * 200_000)
        with suppress(ConnectionError):
            assert await reader.read() == b""
        assert (await fetched(port, "/health/live"))[0] == 200
        silent.close()
        endless.close()


async def test_a_successors_note_is_left_alone(tmp_path: Path) -> None:
    note = telemetry.folder(tmp_path) / "recording-0.json"
    async with telemetry.telling(tmp_path, 0, "recording", 0):
        note.write_text("[]")
    assert note.read_text() == "[]"
    telemetry.forget(tmp_path)
    assert not note.exists()


async def test_a_port_that_is_taken_is_an_error(tmp_path: Path) -> None:
    async with telemetry.telling(tmp_path, 0, "recording", 0) as port:
        with pytest.raises(OSError, match="in use"):
            async with telemetry.telling(tmp_path, port, "recording", 1):
                pass


def test_what_is_handled_is_counted_by_outcome_and_timed_by_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "rows", {})
    for outcome, seconds in ((Done, 0.001), (Done, 0.002), (Refused, 700.0)):
        metrics.handled("greeting", "SayGreeting", outcome, seconds)
    samples = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in RUNTIME.collect()
        for sample in family.samples
        if sample.labels.get("message") == "SayGreeting"
    }
    said = (("message", "SayGreeting"), ("service", "greeting"))
    assert samples["loom_messages_handled_total", said[0], ("outcome", "done"), said[1]] == 2
    assert samples["loom_messages_handled_total", said[0], ("outcome", "refused"), said[1]] == 1
    assert samples["loom_message_seconds_bucket", ("le", "0.001"), *said] == 1
    assert samples["loom_message_seconds_bucket", ("le", "0.0025"), *said] == 2
    assert samples["loom_message_seconds_bucket", ("le", "600.0"), *said] == 2
    assert samples["loom_message_seconds_bucket", ("le", "+Inf"), *said] == 3
    assert samples["loom_message_seconds_sum", *said] == pytest.approx(700.003)


def test_where_no_trace_is_exported_nothing_of_it_is_loaded() -> None:
    code = f"""
import sys
from ops import telemetry
telemetry.spare_opentelemetry()
import {", ".join(PROCESSES)}
with telemetry.traced("", 1.0, "recording", 0):
    loaded = [name for name, module in sys.modules.items() if module]
    print([name for name in loaded if name.startswith(("opentelemetry", "google.protobuf"))])
"""
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
