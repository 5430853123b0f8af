"""The verbs as they are called by `loom`, with real servers, and what they print."""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.servers import NatsServer


@pytest.fixture(autouse=True)
def _beside() -> Iterator[None]:
    """What a service of the test says is not to be taken for what a verb prints."""
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    yield
    structlog.reset_defaults()
    logging.disable(logging.NOTSET)  # which completion does for good


@pytest.fixture
def pointed(nats_server: NatsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The verbs ask this test's NATS, and have a data folder of their own."""
    monkeypatch.setenv("LOOM_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LOOM_NATS_URL", nats_server.url)


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Callable[[], Any]:
    """What was printed as JSON."""
    return lambda: json.loads(capsys.readouterr().out)
