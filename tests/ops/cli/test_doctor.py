import socket
from importlib import metadata
from pathlib import Path

import pytest

from ops import settings
from ops.cli import doctor
from ops.settings import Settings


def configured(data: Path, **more: str) -> Settings:
    return settings.read({"LOOM_DATA": str(data), **more})


def test_a_healthy_set_up_needs_no_help(tmp_path: Path) -> None:
    unhealthy = [finding for ask in doctor.QUESTIONS if (finding := ask(configured(tmp_path))).help]
    assert [finding.question for finding in unhealthy if finding.question != "pages"] == []


def test_a_name_that_another_distribution_claims_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "packages_distributions", lambda: {"ops": ["ops", "loom"], "media": ["loom"]})
    assert doctor.names(configured(tmp_path)).help.startswith("`ops` is also in ops: install Loom into")


def test_a_folder_that_cannot_be_used_is_noticed() -> None:
    assert "cannot be written to" in doctor.folder(configured(Path("/proc/loom"))).help


def test_a_range_of_ports_that_is_taken_is_noticed(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("", 0))
        port = taken.getsockname()[1]
        found = doctor.media(configured(tmp_path, LOOM_UDP_PORTS=f"{port - 1}-{port}"))
    assert found.answer in {"0 free UDP ports", "1 free UDP ports"}


def test_storage_that_cannot_be_reached_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = doctor.storage(configured(tmp_path, LOOM_STORAGE_URL=f"file://{tmp_path}/file/objects"))
    assert found.help


def test_a_configured_server_that_is_away_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.servers, "CONFIGURED_DEADLINE_S", 0.2)
    found = doctor.configured(configured(tmp_path, LOOM_NATS_URL="nats://127.0.0.1:1"))
    assert found.help.startswith("NATS does not answer at nats://127.0.0.1:1: ")
