"""`loom js streams`: what is kept where, how much of it, since when?"""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct
from rich.console import Console

from actors.jetstream import report
from actors.jetstream.report import StreamReport
from ops.cli import printing, words
from ops.cli.reach import connected, patience


class Stream(Struct, frozen=True):
    """One stream, or the stream behind a key-value bucket."""

    name: str
    subjects: list[str]
    messages: int
    size_bytes: int
    first_sequence: int
    last_sequence: int
    first_at: datetime | None
    last_at: datetime | None
    consumers: int
    reason: Annotated[str, Meta(description="Why there is this stream.")]


async def streams(*, json: bool) -> None:
    """All of them."""
    async with connected() as nats:
        with patience("asking for the streams"):
            found = [_stream(one) for one in sorted(await report.streams(nats), key=lambda one: one.config.name)]
    if json:
        printing.as_json(found)
    else:
        _show(found, printing.console())


def _stream(found: StreamReport) -> Stream:
    state = found.state
    return Stream(
        found.config.name,
        found.config.subjects,
        state.messages,
        state.bytes,
        state.first_seq,
        state.last_seq,
        state.first_ts if state.messages else None,
        state.last_ts if state.last_seq else None,
        state.consumer_count,
        found.config.description,
    )


def _show(found: list[Stream], console: Console) -> None:
    table = printing.table(
        ("stream", "messages", "size", "oldest", "newest", "what for"), "messages size oldest newest"
    )
    for one in found:
        ages = (words.ago(one.first_at), words.ago(one.last_at))
        table.add_row(
            one.name, words.number(one.messages), words.size(one.size_bytes), *ages, printing.weak(one.reason)
        )
    console.print(table)
