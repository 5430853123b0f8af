"""How does a person see the life of a recording at a glance? Bars above, then what happened, one line each."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from ops.cli import printing, words
from ops.cli.life import bars, happenings
from ops.cli.life.bars import Cell, Window
from ops.cli.life.gather import Life
from ops.cli.life.happenings import Happening
from ops.cli.life.pieces import Track
from ops.cli.life.renditions import Rendition

LABEL: Final = 10
WIDE: Final = 110
SHORT: Final = 8
NOTED: Final = timedelta(seconds=0.1)
STATUSES: Final = {"completed": printing.GOOD, "failed": printing.BAD, "deleted": printing.BAD, "unknown": printing.BAD}
TONES: Final = {"good": printing.GOOD, "bad": printing.BAD, "weak": printing.WEAK, "": ""}
CELLS: Final[dict[Cell, str]] = {"late": "yellow", "hole": printing.BAD, "none": printing.WEAK}


def picture(life: Life, tracks: Mapping[str, Track], console: Console) -> RenderableType:
    """All of it, as wide as the console."""
    rows = happenings.of(life)
    drawn = bars.window(tracks, rows, max(console.width - LABEL - 1, 20))
    above = [*_head(life), Text()]
    if drawn:
        above += [*_bars(life, tracks, rows, drawn), Text()]
    return Group(*above, _list(rows, console.width))


def _head(life: Life) -> Iterator[Text]:
    title = Text(life.view.title if life.view else life.id, style="bold")
    title.append(f"  {life.status}", style=STATUSES.get(life.status, "cyan"))
    yield title
    stored = life.objects
    facts = [life.id]
    if life.view and life.view.duration_seconds is not None:
        facts.append(words.seconds(life.view.duration_seconds))
    if stored.trouble:
        facts.append(f"storage cannot be read: {stored.trouble}")
    elif stored.count:
        facts.append(f"{stored.count} objects, {words.size(stored.size_bytes)}")
    facts.append(_WHERE[life.media_is_in])
    yield printing.weak(" · ".join(facts))


_WHERE: Final = {
    "log": "media in the log only",
    "log and storage": "media in log and storage",
    "storage": "media in storage, gone from the log",
    "nowhere": "no media",
}


def _bars(life: Life, tracks: Mapping[str, Track], rows: list[Happening], drawn: Window) -> Iterator[Text]:
    yield _marks(rows, drawn)
    for rendition in life.renditions:
        yield _bar(tracks[rendition.name], rendition, drawn)
    yield from _axis(drawn)
    yield Text()
    yield from (_facts(rendition) for rendition in life.renditions)


def _marks(rows: list[Happening], drawn: Window) -> Text:
    line = Text(" " * LABEL)
    at = 0
    for column, symbol, what in bars.marks(rows, drawn):
        line.append(" " * (column - at))
        line.append(symbol, style=printing.BAD if what == "RecordingFailed" else f"bold {printing.colour('recording')}")
        at = column + 1
    return line


def _bar(track: Track, rendition: Rendition, drawn: Window) -> Text:
    hue = printing.colour(rendition.name)
    line = Text(f"{rendition.name:<{LABEL}}", style=hue)
    for cell, count in bars.bar(track, rendition, drawn):
        line.append(bars.SYMBOLS[cell] * count, style=CELLS.get(cell, hue))
    return line


def _axis(drawn: Window) -> Iterator[Text]:
    rule, labels = ["─"] * drawn.columns, " " * drawn.columns
    for column, at_s in bars.ticks(drawn):
        rule[column] = "┴"
        label = words.seconds(at_s) if at_s else f"{bars.began(drawn):%H:%M:%S}"
        place = min(max(column - len(label) // 2, 0), drawn.columns - len(label))
        labels = f"{labels[:place]}{label}{labels[place + len(label) :]}"
    yield printing.weak(" " * LABEL + "".join(rule))
    yield printing.weak(" " * LABEL + labels)


def _facts(rendition: Rendition) -> Text:
    line = Text(f"{rendition.name:<{LABEL}}", style=printing.colour(rendition.name))
    size = f" {rendition.width}×{rendition.height}" if rendition.width else ""
    rate = words.bits(rendition.size_bytes * 8 / rendition.duration_s) if rendition.duration_s else "nothing"
    facts = f"{rendition.codec}{size} · {words.seconds(rendition.duration_s)} · {rendition.parts} parts · {rate}"
    line.append(facts)
    if rendition.delay_s > 0:
        line.append(f" · stored after {rendition.delay_s:.2f} s", style=printing.WEAK)
    for what, some in (("gap", rendition.holes), ("stall", rendition.late)):
        if some:
            line.append(f" · {len(some)} {what}{'s' * (len(some) > 1)}", style=printing.BAD)
    return line


def _list(rows: list[Happening], width: int) -> Table:
    is_wide = width >= WIDE
    columns = ("time", "after", "#", "who", "what", "because of") if is_wide else ("time", "#", "who", "what")
    table = printing.table(columns, ("after", "#"))
    before = rows[0].at if rows else None
    for row in rows:
        after = words.seconds((row.at - before).total_seconds()) if before and row.at - before >= NOTED else ""
        before = row.at
        number, because = printing.weak(str(row.number or "")), printing.weak(_because(row))
        who = Text(row.of, style=printing.colour(row.of))
        time, what = printing.weak(words.clock(row.at)), _what(row)
        if is_wide:
            table.add_row(time, printing.weak(after), number, who, what, because)
        else:
            table.add_row(time, number, who, Text.assemble(what, " · " if because else "", because))
    return table


def _what(row: Happening) -> Text:
    tone, mark = TONES[row.tone], bars.MARKS.get(row.what, "")
    words = (f"{mark} {row.what}" if mark else row.what, f"bold {tone}" if row.number else tone)
    return Text.assemble(words, " " if row.details else "", (row.details, tone))


def _because(row: Happening) -> str:
    """The event that led to it, or who wished it, by which command of which request."""
    if not row.number:
        return ""
    if row.because:
        return f"#{row.because}"
    ids = (("command", row.by.command_id), ("request", row.by.correlation_id))
    return " ".join([row.by.user_id, *(f"{name} {value[:SHORT]}" for name, value in ids if value)])
