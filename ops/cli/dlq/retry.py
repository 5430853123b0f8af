"""`loom dlq retry` and `loom dlq drop`: what is done about dead letters?

An event is handled again by the service that could not take it; a job goes back into its queue. Either way its letter
goes once that has worked. Tables are made anew as a whole: their letters are only told so.
"""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta, Struct
from nats.aio.client import Client
from rich.text import Text

from ops.cli import printing
from ops.cli.again import again, listed
from ops.cli.asking import is_meant
from ops.cli.dlq import letters
from ops.cli.dlq.letters import Letter
from ops.cli.dlq.ls import remedy
from ops.cli.reach import connected, patience
from schemas import envelope
from subjects.streams import DLQ, JOBS

_DEAD: Final = "Loom-Dead-"


class Result(Struct, frozen=True):
    """What became of one dead letter."""

    number: int
    done: Annotated[bool, Meta(description="Whether it is gone.")]
    what: Annotated[str, Meta(description="What was done, or why not.")]


async def retry(numbers: Sequence[int], *, everything: bool, json: bool) -> int:
    """The exit status: 1 when one of them stays."""
    async with connected() as nats:
        with patience("handing them over"):
            chosen = await letters.every(nats) if everything else await letters.some(nats, numbers)
            return _tell([await _retry(nats, letter) for letter in chosen], json=json)


async def drop(numbers: Sequence[int], *, yes: bool, json: bool) -> int:
    """The exit status: 1 when it was not meant."""
    async with connected() as nats:
        chosen = await letters.some(nats, numbers)
        which = listed([letter.number for letter in chosen])
        if not is_meant(f"Drop dead letter{'s' * (len(chosen) > 1)} {which} for good?", yes=yes):
            return 1
        for letter in chosen:
            await nats.jetstream().delete_msg(DLQ.name, letter.number)
        return _tell([Result(letter.number, True, "dropped") for letter in chosen], json=json)  # noqa: FBT003


async def _retry(nats: Client, letter: Letter) -> Result:
    if letter.tables:
        return Result(letter.number, False, remedy(letter))  # noqa: FBT003
    if letter.stream == JOBS.name:
        await _put_back(nats, letter)
        what = f"back in the queue: {letter.says or letter.subject} of {letter.about}"
    elif why := await again(nats, letter.reader, letter.sequence):
        return Result(letter.number, False, why)  # noqa: FBT003
    else:
        what = f"handled by {letter.reader}: {letter.says} of {letter.about}"
    await nats.jetstream().delete_msg(DLQ.name, letter.number)
    return Result(letter.number, True, what)  # noqa: FBT003


async def _put_back(nats: Client, letter: Letter) -> None:
    """Once in effect for this letter; under its own id it would pass for what was put there before."""
    entry = await letters.entry(nats, letter.number)
    kept = {name: value for name, value in entry.headers.items() if not name.startswith(("Nats-", _DEAD))}
    headers = kept | {envelope.MESSAGE_ID: f"{letter.id or letter.subject}.again.{letter.number}"}
    await nats.jetstream().publish(letter.subject, entry.data, headers=headers)


def _tell(results: Sequence[Result], *, json: bool) -> int:
    if json:
        printing.as_json(results)
    else:
        console = printing.console()
        for one in results:
            mark = Text("✓ ", style=printing.GOOD) if one.done else Text("✗ ", style=printing.BAD)
            console.print(Text.assemble(mark, f"{one.number}  {one.what}"))
    return int(not all(one.done for one in results))
