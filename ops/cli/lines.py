"""How does a message look on one line? Time, subject in its service's colour, what it says."""

from collections.abc import Iterator
from typing import Any, Final

from rich.text import Text

from ops.cli import printing, words
from ops.cli.told import Told
from schemas.media import VIDEO

MOST: Final = 60
_SAID_ELSEWHERE: Final = {"recording_id", "saga_id", "template_id", "user_id", "workspace_id", "timescale", "at"}


def line(told: Told) -> Text:
    """All of it."""
    hue = printing.colour(told.of)
    found = Text(f"{words.clock(told.at)} ", style=printing.WEAK)
    if told.sequence:
        found.append(f"{told.sequence:>6} ", style=printing.WEAK)
    found.append(told.subject, style=hue)
    found.append(f" {told.says}" if told.says else "", style=f"bold {hue}")
    for name, value in _shown(told):
        found.append(f" {name}=", style=printing.WEAK)
        found.append(value)
    return found


def said(told: Told) -> str:
    """Its fields alone."""
    return " ".join(f"{name}={value}" for name, value in _shown(told))


def _shown(told: Told) -> Iterator[tuple[str, str]]:
    if told.says == "Part":
        yield from _part(told)
    elif told.says:
        yield from ((name, brief(value)) for name, value in told.fields.items() if _is_news(name, value, told))
    else:
        yield ("text", brief(told.text)) if told.text else ("bytes", words.number(told.size_bytes))


def _part(told: Told) -> Iterator[tuple[str, str]]:
    said = told.fields
    yield "segment", f"{said['segment']}.{said['part']}"
    yield "duration", f"{said['duration'] / said['timescale']:.3f}s"
    yield "at", f"{said['decode_time'] / said['timescale']:.3f}s"
    yield "size", words.size(told.size_bytes)
    for flag in ("independent", "discontinuity"):
        if said[flag] and (flag == "discontinuity" or told.of == VIDEO):  # sound can begin anywhere
            yield flag, "yes"


def _is_news(name: str, value: Any, told: Told) -> bool:
    """Not what stands in the subject, or in every message; a command's own subject names no entity."""
    if name in _SAID_ELSEWHERE:
        return bool(told.kind in {"request", "peer"} and name.endswith("_id"))
    return value not in ("", None, {}, []) and not (told.kind == "media" and value == 0)


def brief(value: Any) -> str:
    """A value in few letters."""
    if isinstance(value, str):
        return words.one_line(value, MOST)
    if isinstance(value, list):
        return f"[{len(value)}]"
    return words.one_line(f"{value:g}" if isinstance(value, float) else str(value), MOST)
