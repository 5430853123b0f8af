"""Which processes of its own does Loom run, and where do they find each other? `loom run NAME`, one line each."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

import ops
from ops.embedded.ports import any_free
from ops.settings import Settings
from ops.supervisor import Program

DOORS: Final = ("ingest", "edge", "api")
ACTORS: Final = ("recording", "streaming", "processing")
GUARD: Final = "guard"


class Plan(Struct, frozen=True):
    """What is to run, and where its doors are."""

    programs: tuple[Program, ...]
    doors: tuple[str, ...]  # URLs of those that listen; the edge, which knows of the others, is the last


def plan(settings: Settings, public_url: str) -> Plan:
    """All of them; ports are chosen once, so that a process that is started again is found where it was."""
    ingest = [f"127.0.0.1:{any_free()}" for _ in range(settings.ingest_processes)]
    api = f"127.0.0.1:{any_free()}"
    return Plan(
        (
            program("recording"),
            program("streaming"),
            *_processing(settings.processing_processes),
            program("api", "--listen", api),
            *_ingest(ingest),
            *_edges(settings, ingest, api),
        ),
        (*(f"http://{listen}" for listen in (*ingest, api)), public_url),
    )


def _processing(many: int) -> Iterator[Program]:
    for instance in range(many):
        yield program("processing", "--instance", str(instance), label=_label("processing", instance, many))


def _ingest(places: list[str]) -> Iterator[Program]:
    for instance, listen in enumerate(places):
        label = _label("ingest", instance, len(places))
        yield program("ingest", "--instance", str(instance), "--listen", listen, label=label)


def _edges(settings: Settings, ingest: list[str], api: str) -> Iterator[Program]:
    behind = [word for listen in ingest for word in ("--ingest", f"http://{listen}")]
    arguments = ("--listen", f"{settings.host}:{settings.port}", "--api", f"http://{api}", *behind)
    for number in range(settings.edge_processes):
        yield program(
            "edge", "--instance", str(number), *arguments, label=_label("edge", number, settings.edge_processes)
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


def _label(name: str, number: int, many: int) -> str:
    return name if many == 1 else f"{name} {number}"
