"""How does a moment look? What is live above, then streams, readers and services; trouble in red."""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import structs
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ops.cli import printing, words
from ops.cli.readers import Reader
from ops.cli.top.look import Actor, Look, Source, Stream
from subjects.streams import ALL

WIDE: Final = 100
TALL: Final = 34
LOSSY: Final = 0.02
STATES: Final = {"connected": printing.GOOD, "paused": "yellow", "lost": printing.BAD, "failed": printing.BAD}


def picture(look: Look, width: int, height: int = TALL) -> RenderableType:
    """All of it, one table below the other; where there is little height, without what is quiet."""
    if height < TALL:
        look = _loud(look)
    streams, actors = _streams(look.streams), _actors(look.actors)
    below = [_beside(streams, actors)] if width >= WIDE else [streams, actors]
    tables = (_sources(look.sources, width), *below, _readers(look.readers))
    return Group(_head(look), *(part for table in tables for part in (Text(), table)))


def _loud(look: Look) -> Look:
    """Without buckets, and without readers that have nothing to do."""
    declared = {stream.name for stream in ALL}
    return structs.replace(
        look,
        streams=[one for one in look.streams if one.name in declared],
        readers=[one for one in look.readers if one.slow or one.lag or one.in_hand],
    )


def _beside(left: Table, right: Table) -> Table:
    grid = Table.grid(padding=(0, 3, 0, 0))
    grid.add_row(left, right)
    return grid


def _head(look: Look) -> Text:
    live = Text(f"{words.counted(len(look.sources), 'recording')} live", style="bold")
    flow = sum(source.measured.bitrate for source in look.sources)
    facts = [words.clock(look.at)[:8], look.nats]
    troubles = list(_troubles(look))
    said = Text(f" · {words.bits(flow)}") if flow else Text()
    state = Text(f" · {', '.join(troubles)}", style=printing.BAD) if troubles else Text(" · all is well", printing.GOOD)
    return Text.assemble(live, said, state, "\n", printing.weak(" · ".join(facts)))


def _troubles(look: Look) -> Iterator[str]:
    slow = [reader.name for reader in look.readers if reader.slow]
    ill = [actor.service for actor in look.actors if actor.trouble]
    lost = sum(source.measured.state in {"lost", "failed"} for source in look.sources)
    if lost:
        yield f"{words.counted(lost, 'source')} lost"
    if slow:
        yield f"slow: {', '.join(slow)}"
    if ill:
        yield f"in trouble: {', '.join(ill)}"


def _sources(sources: Sequence[Source], width: int) -> Table:
    is_wide = width >= WIDE
    numbers = ("for", "rate", "fps", "loss")
    names = ("live", *(["recording"] if is_wide else []), *numbers, "picture", "")
    table = printing.table(names, numbers)
    for one in sources:
        said = one.measured
        loss = Text(f"{said.loss:.1%}", style=printing.BAD if said.loss > LOSSY else "")
        state = Text(said.state, style=STATES.get(said.state, ""))
        size = f"{said.width}×{said.height}" if said.width else ""
        name = Text(words.one_line(one.title, 40 if is_wide else 24) or one.recording_id, style="bold")
        known_as = [printing.weak(one.recording_id)] if is_wide else []
        figures = (words.ago(one.begun_at), words.bits(said.bitrate), f"{said.fps:.0f}", loss)
        table.add_row(name, *known_as, *figures, size, state)
    if not sources:
        table.add_row(printing.weak("nobody sends"))
    return table


def _streams(streams: Sequence[Stream]) -> Table:
    numbers = ("messages", "size", "in/s", "grows by")
    table = printing.table(("stream", *numbers), numbers)
    for one in streams:
        grows = f"{words.size(one.grows_bytes_per_s)}/s" if abs(one.grows_bytes_per_s) >= 1 else ""
        name = Text(one.name, style="bold")
        table.add_row(name, words.number(one.messages), words.size(one.size_bytes), words.rate(one.stored_per_s), grows)
    return table


def _readers(readers: Sequence[Reader]) -> Table:
    numbers = ("lag", "in hand", "oldest")
    table = printing.table(("reader", "of", *numbers, ""), numbers)
    for one in readers:
        hand = words.number(one.in_hand) if one.kind == "consumer" else ""
        oldest = words.seconds(one.oldest_s) if one.oldest_s else ""
        state = Text(one.slow, style=printing.BAD) if one.slow else Text("keeps up", style=printing.GOOD)
        name = Text(one.name, style=printing.colour(one.name))
        table.add_row(name, one.stream, words.number(one.lag), hand, oldest, state)
    return table


def _actors(actors: Sequence[Actor]) -> Table:
    numbers = ("procs", "asked/s", "errors/s", "mean")
    table = printing.table(("service", *numbers, ""), numbers)
    for one in actors:
        errors = Text(words.rate(one.errors_per_s), style=printing.BAD)
        mean = f"{one.mean_ms:.1f} ms" if one.mean_ms else ""
        name = Text(one.service, style=f"bold {printing.colour(one.service)}")
        state = Text(one.trouble, style=printing.BAD)
        table.add_row(name, str(one.processes), words.rate(one.requests_per_s), errors, mean, state)
    return table
