"""What does a running process tell of itself? Its metrics, on a port of loopback that is nobody else's business.

Where Prometheus finds them stands in `LOOM_DATA/run/metrics.d`, a file a process, in the form of its `file_sd_configs`.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Final

import structlog
from prometheus_client import REGISTRY, Histogram, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from actors.jetstream.tasks import ended
from ops import metrics  # noqa: F401  what it registers is told

HOST: Final = "127.0.0.1"
PATIENCE_S: Final = 5.0
BEAT_S: Final = 0.25
LAG: Final = Histogram(
    "loom_event_loop_lag_seconds",
    "How much later than it was due the event loop ran something, looked at four times a second.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
log = structlog.get_logger(__name__)


@asynccontextmanager
async def telling(data: Path, port: int, process: str, instance: int) -> AsyncIterator[int]:
    """Tells while the block runs; yields the port (any free one for 0). Raises OSError when it is taken."""
    disable_created_metrics()  # type: ignore[no-untyped-call]
    server = await asyncio.start_server(_answer, HOST, port)
    found = int(server.sockets[0].getsockname()[1])
    note = folder(data) / f"{process}-{instance}.json"
    target = [{"targets": [f"{HOST}:{found}"], "labels": {"process": process, "instance": f"{process}-{instance}"}}]
    said = json.dumps(target)
    _write(note, said)
    sampling = asyncio.ensure_future(_sample())
    try:
        yield found
    finally:
        await ended([sampling])
        server.close()
        with suppress(OSError):
            if note.read_text() == said:  # else it is our successor's
                note.unlink()


def spare_opentelemetry() -> None:
    """Nothing is exported: then redis-py need not load it for numbers of its own, which takes a tenth of a second."""
    sys.modules["opentelemetry"] = None  # type: ignore[assignment]  # what is None there cannot be imported


@contextmanager
def traced(url: str, ratio: float, process: str, instance: int) -> Iterator[None]:
    """Exports traces while the block runs, where there is somebody to export them to."""
    if not url:
        yield
        return
    from ops.tracing import exporting  # noqa: PLC0415  what is off costs no import

    with exporting(url, ratio, process, instance):
        yield


def folder(data: Path) -> Path:
    """Where it is written who can be asked where."""
    return data / "run" / "metrics.d"


def forget(data: Path) -> None:
    """Nobody runs yet; what was killed may have left its note."""
    for note in folder(data).glob("*.json"):
        note.unlink(missing_ok=True)


def _write(note: Path, said: str) -> None:
    """Whole or not at all: Prometheus may read at any moment. Without it the port still stands in the log."""
    draft = note.with_suffix(".new")
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(said)
        draft.replace(note)
    except OSError as error:
        log.warning("nobody is told where the metrics are", why=str(error))


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One request, then the connection is closed: a scraper comes every now and then."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            head = await reader.readuntil(b"\r\n\r\n")
            writer.write(_response(head.split(b"\r\n", 1)[0]))
            await writer.drain()
    except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass
    finally:
        writer.close()


def _response(line: bytes) -> bytes:
    method, _, rest = line.partition(b" ")
    path = rest.partition(b" ")[0].partition(b"?")[0]
    if method != b"GET":
        return _said(b"405 Method Not Allowed", "text/plain", b"")
    if path == b"/metrics":
        return _said(b"200 OK", CONTENT_TYPE_LATEST, generate_latest(REGISTRY))
    if path == b"/health/live":
        return _said(b"200 OK", "application/json", b'{"status":"ok"}')
    return _said(b"404 Not Found", "text/plain", b"")


def _said(status: bytes, kind: str, body: bytes) -> bytes:
    fields = f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return b"HTTP/1.1 %b\r\n%b%b" % (status, fields.encode(), body)


async def _sample() -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + BEAT_S
        await asyncio.sleep(BEAT_S)
        LAG.observe(max(0.0, loop.time() - due))
