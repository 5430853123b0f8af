"""Who may do what agrees with what is written elsewhere: the routing tables of the actors, what the modules import."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import actors
import gateways
from actors.runtime.actor import Actor
from schemas.message import Command, Event, Job, Query
from subjects import commands, events, inboxes, jobs
from subjects.permissions import OPERATOR, PROCESSES, TAKEN
from subjects.rights import Taken
from subjects.tokens import service_of
from tests.subjects.covering import covers

DOORS = ("edge", "api", "ingest")
SERVICES = ("recording", "streaming", "processing")
FOLDERS = {name: Path(gateways.__file__).with_name(name) for name in DOORS} | {
    name: Path(actors.__file__).with_name(name) for name in SERVICES
}


def imported(process: str) -> Iterator[type]:
    """Every class of `schemas` that a module of the process imports."""
    for path in FOLDERS[process].rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("schemas."):
                found = [getattr(importlib.import_module(node.module or ""), alias.name) for alias in node.names]
                yield from (one for one in found if isinstance(one, type))


@pytest.mark.parametrize("process", SERVICES)
def test_what_an_actor_takes_is_what_its_routing_table_says(process: str) -> None:
    importlib.import_module(f"actors.{process}.actor")
    running = [actor for actor in Actor.__subclasses__() if actor.__module__.startswith(f"actors.{process}.")]
    tables = {
        actor.service: tuple(set(column) for column in (actor.routes.requests, actor.routes.events, actor.routes.jobs))
        for actor in running
    }
    declared = {taken.service: _columns(taken) for taken in TAKEN[process]}
    assert declared == tables


def _columns(taken: Taken) -> tuple[set[type], ...]:
    return set(taken.requests), set(taken.heard), set(taken.done)


@pytest.mark.parametrize("process", FOLDERS)
def test_what_a_process_asks_is_what_its_modules_import(process: str) -> None:
    wishes = {one for one in imported(process) if issubclass(one, Command | Query) and one not in (Command, Query)}
    others = {commands.of(one) for one in wishes if service_of(one) != process}
    granted = {name for name in PROCESSES[process].publish if name.startswith("loom.cmd.")}
    assert granted == others


@pytest.mark.parametrize("process", FOLDERS)
def test_what_work_a_process_leaves_is_what_its_modules_import(process: str) -> None:
    done = {job for taken in TAKEN.get(process, ()) for job in taken.done}
    left = {jobs.every(one) for one in imported(process) if issubclass(one, Job) and one is not Job and one not in done}
    ours = {jobs.every(one) for one in done}  # those it may leave for its own
    assert {name for name in PROCESSES[process].publish if name.startswith("loom.job.")} - ours == left


@pytest.mark.parametrize("process", DOORS)
def test_a_door_may_hear_the_events_it_knows(process: str) -> None:
    known = [one for one in imported(process) if issubclass(one, Event) and one is not Event]
    assert all(any(covers(may, events.every(one)) for may in PROCESSES[process].subscribe) for one in known)


def test_only_the_operator_is_neither_a_door_nor_a_service() -> None:
    assert set(PROCESSES) == {*FOLDERS, OPERATOR}


@pytest.mark.parametrize("process", PROCESSES)
def test_everybody_has_an_inbox_of_his_own(process: str) -> None:
    mine = f"{inboxes.of(process)}.>"
    assert [name for name in PROCESSES[process].subscribe if inboxes.is_one(name)] == [mine]
    assert not [name for name in PROCESSES[process].publish if inboxes.is_one(name)]


@pytest.mark.parametrize("service", [service for taken in TAKEN.values() for service in taken], ids=lambda s: s.service)
def test_events_of_a_service_are_said_by_it_alone(service: Taken) -> None:
    subject = f"loom.evt.{service.service}.x.y"
    may = [name for name, rights in PROCESSES.items() if any(covers(one, subject) for one in rights.publish)]
    assert may in ([service.service], [])


def test_the_durable_consumers_have_one_reader_each() -> None:
    for consumer in ("archiver", "aac", "fallback"):
        readers = [name for name in SERVICES if any(consumer in one for one in PROCESSES[name].publish)]
        assert len(readers) == 1, consumer
