import socket
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import metadata
from pathlib import Path
from threading import Thread

import pytest
from av.codec import Codec

from ops import data_folder, settings
from ops.cli.doctor import machine
from ops.console import Console
from ops.settings import Settings
from tests.servers import free_port


def configured(data: Path, **more: str) -> Settings:
    return settings.read({"LOOM_DATA": str(data), "LOOM_PORT": str(free_port()), **more})


def test_a_healthy_machine_needs_no_help(tmp_path: Path) -> None:
    unhealthy = [finding for ask in machine.QUESTIONS if (finding := ask(configured(tmp_path))).help]
    assert [finding for finding in unhealthy if finding.question != "pages"] == []


def test_a_name_that_another_distribution_claims_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "packages_distributions", lambda: {"ops": ["ops", "loom"], "media": ["loom"]})
    found = machine.packages(configured(tmp_path))
    assert (found.answer, found.help) == ("`ops` is also in ops", "Install Loom into an environment of its own.")


def test_a_folder_that_cannot_be_used_is_noticed() -> None:
    assert "cannot be written to" in machine.folder(configured(Path("/proc/loom"))).help


def test_a_disk_that_is_nearly_full_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "LOW_BYTES", 1 << 60)
    assert "Make room" in machine.folder(configured(tmp_path)).help


def test_a_range_of_ports_that_is_taken_is_noticed(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("", 0))
        port = taken.getsockname()[1]
        found = machine.media(configured(tmp_path, LOOM_UDP_PORTS=f"{port - 1}-{port}"))
    assert found.answer in {"0 of 2 UDP ports are free", "1 of 2 UDP ports are free"}


def test_a_web_port_of_another_program_is_noticed(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        found = machine.web(configured(tmp_path, LOOM_PORT=str(taken.getsockname()[1])))
    assert found.answer.endswith("is taken by another program")
    assert "LOOM_PORT" in found.help


def test_a_loom_that_runs_and_does_not_answer_is_noticed(tmp_path: Path) -> None:
    with data_folder.locked(tmp_path, Console()):
        found = machine.web(configured(tmp_path))
    assert "does not answer" in found.answer
    assert found.help


class Answering(BaseHTTPRequestHandler):
    """Says the same to everybody."""

    status, said = 200, ""

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.said.encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.mark.parametrize(
    ("status", "said", "answer", "help_"),
    [
        (200, '{"status": "ok", "checks": {}}', "is ready", ""),
        (
            200,
            '{"status": "degraded", "away": [{"name": "Redis", "means": "No limits."}]}',
            "without Redis",
            "No limits.",
        ),
        (503, '{"status": "unavailable"}', 'is not ready: {"status": "unavailable"}', "Its log says why"),
        (200, "<html>", "does not answer", "Is LOOM_PORT its port?"),
    ],
)
def test_what_a_running_loom_says_of_itself_is_passed_on(
    tmp_path: Path, status: int, said: str, answer: str, help_: str
) -> None:
    handler = type("Fixed", (Answering,), {"status": status, "said": said})
    with HTTPServer(("127.0.0.1", 0), handler) as server, data_folder.locked(tmp_path, Console()):
        thread = Thread(target=server.handle_request)
        thread.start()
        found = machine.web(configured(tmp_path, LOOM_PORT=str(server.server_port)))
        thread.join()
    assert answer in found.answer
    assert help_ in found.help
    assert bool(found.help) is bool(help_)


@pytest.mark.parametrize(
    ("url", "is_well"),
    [("", True), ("https://loom.example", True), ("http://localhost:8080", True), ("http://loom.example", False)],
)
def test_an_address_to_which_browsers_give_no_camera_is_noticed(tmp_path: Path, url: str, is_well: bool) -> None:  # noqa: FBT001
    assert bool(machine.browsers(configured(tmp_path, LOOM_PUBLIC_URL=url)).help) is not is_well


def test_a_codec_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="nonsense"):
        Codec("nonsense", "r")
    monkeypatch.setattr(machine, "CODECS", (("nonsense", "r", "nothing"), ("h264", "r", "posters")))
    found = machine.codecs(configured(tmp_path))
    assert found.answer.endswith("has no decoder nonsense (nothing)")
    assert found.help
