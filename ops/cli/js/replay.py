"""`loom js replay`: what if a service has to see events once more? They are handed to it as `loom dlq retry` does."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct
from nats.aio.client import Client
from rich.console import Console
from rich.text import Text

from actors.jetstream import direct_get
from actors.jetstream.direct_get import Entry
from ops.cli import instances, lines, printing, told, words
from ops.cli.again import again
from ops.cli.asking import is_meant
from ops.cli.ending import Misused, Trouble
from ops.cli.reach import connected, patience
from ops.cli.told import Told
from subjects import events
from subjects.streams import EVENTS


class Replayed(Struct, frozen=True):
    """What became of one event."""

    sequence: int
    says: str
    about: str
    handled: Annotated[bool, Meta(description="Whether the service has handled it; false in a dry run.")]
    why: Annotated[str, Meta(description="Why it was not handled; empty when it was, and in a dry run.")]


async def replay(
    service: str, first: int, last: int | None, entity: str, *, dry_run: bool, yes: bool, json: bool
) -> int:
    """The exit status: 1 when an event was not handled."""
    async with connected() as nats:
        with patience(f"asking for the events that {service} handles"):
            chosen = await _chosen(nats, await _handles(nats, service), first, last, entity)
        if dry_run or not chosen:
            return _list(chosen, service, json=json)
        question = f"Hand {words.counted(len(chosen), 'event')} to {service} once more?"
        return await _replay(nats, service, chosen, json=json) if is_meant(question, yes=yes) else 1


async def _handles(nats: Client, service: str) -> Sequence[str]:
    """Raises Trouble when nobody is there to say so, Misused when it handles none."""
    found = {one.name: one for one in await instances.services(nats, await instances.shares(nats))}
    there = found.get(service)
    if not there or not any(one.answers for one in there.instances):
        raise Trouble(f"Nobody of the service {service} is there; there are {', '.join(found) or 'none'}.")
    if not there.handles:
        able = ", ".join(one.name for one in found.values() if one.handles)
        raise Misused(f"The service {service} handles no events; those that do: {able}.")
    return there.handles


async def _chosen(nats: Client, handles: Sequence[str], first: int, last: int | None, entity: str) -> list[Entry]:
    found: list[Entry] = []
    while page := await direct_get.batch(nats, EVENTS.name, events.widened(handles), first):
        found += [one for one in page if _is_wanted(one, handles, last, entity)]
        first = page[-1].sequence + 1
        if last is not None and first > last:
            break
    return found


def _is_wanted(entry: Entry, handles: Sequence[str], last: int | None, entity: str) -> bool:
    is_in_range = last is None or entry.sequence <= last
    is_of_entity = not entity or events.entity_of(entry.subject) == entity
    return is_in_range and is_of_entity and events.pattern_of(entry.subject) in handles


def _list(chosen: Sequence[Entry], service: str, *, json: bool) -> int:
    messages = [told.stored(entry) for entry in chosen]
    if json:
        printing.as_json([_result(message, handled=False) for message in messages])
        return 0
    console = printing.console()
    for message in messages:
        console.print(lines.line(message), soft_wrap=True)
    console.print(printing.weak(f"{words.counted(len(messages), 'event')} that {service} handles; nothing was done."))
    return 0


async def _replay(nats: Client, service: str, chosen: Sequence[Entry], *, json: bool) -> int:
    """One after the other, in the order of the log."""
    results: list[Replayed] = []
    console = printing.console()
    for entry in chosen:
        with patience(f"waiting for {service} to handle event {entry.sequence}"):
            why = await again(nats, service, entry.sequence)
        results.append(_result(told.stored(entry), handled=not why, why=why))
        if not json:
            _say(results[-1], console)
    if json:
        printing.as_json(results)
    return int(not all(one.handled for one in results))


def _result(message: Told, *, handled: bool, why: str = "") -> Replayed:
    return Replayed(message.sequence, message.says, message.about, handled, why)


def _say(one: Replayed, console: Console) -> None:
    mark = Text("✓ ", style=printing.GOOD) if one.handled else Text("✗ ", style=printing.BAD)
    why = Text(f"  {one.why}" if one.why else "", style="red")
    console.print(Text.assemble(mark, f"{one.sequence:>6}  {one.says} of {one.about}", why))
