"""Which processes of its own does Loom run, and where do they find each other? `loom run NAME`, one line each."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import ops
from ops.embedded.ports import any_free
from ops.settings import Settings
from ops.supervisor import Program

DOORS: Final = ("ingest", "edge", "api")
ACTORS: Final = ("recording", "streaming", "processing")
GUARD: Final = "guard"


def programs(settings: Settings) -> Iterator[Program]:
    """All of them; ports are chosen once, so that a process that is started again is found where it was."""
    ingest = [f"127.0.0.1:{any_free()}" for _ in range(settings.ingest_processes)]
    api = f"127.0.0.1:{any_free()}"
    for name in ACTORS:
        yield program(name)
    yield program("api", "--listen", api)
    for instance, listen in enumerate(ingest):
        yield program(
            "ingest", "--instance", str(instance), "--listen", listen, label=_label("ingest", instance, ingest)
        )
    behind = [word for listen in ingest for word in ("--ingest", f"http://{listen}")]
    edges = range(settings.edge_processes)
    for number in edges:
        public = f"{settings.host}:{settings.port}"
        yield program(
            "edge", "--listen", public, "--api", f"http://{api}", *behind, label=_label("edge", number, edges)
        )


def guard(lock: int) -> Program:
    """The one that tidies up when we are killed; it keeps the folder locked until it has."""
    return Program(GUARD, _command(GUARD), noted=False, descriptors=(lock,))


def program(name: str, *arguments: str, label: str = "") -> Program:
    """One process, as an operator sees it in `ps`."""
    return Program(label or name, _command(name, *arguments))


def environment() -> dict[str, str]:
    """Our own code is what they run as well, wherever it stands."""
    return {"PYTHONPATH": str(Path(ops.__file__).parents[1]), "PYTHONUNBUFFERED": "1"}


def _command(name: str, *arguments: str) -> tuple[str, ...]:
    script = Path(sys.executable).with_name("loom")
    begin = (sys.executable, str(script)) if script.exists() else (sys.executable, "-m", "ops")
    return (*begin, "run", name, "--supervised", *arguments)


def _label(name: str, number: int, among: range | list[str]) -> str:
    return name if len(among) == 1 else f"{name} {number}"
