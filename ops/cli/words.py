"""How does a person read a number? Sizes, times, ages, counts, in few letters."""

from datetime import UTC, datetime
from typing import Final

_SIZES: Final = ("B", "kB", "MB", "GB", "TB")
_STEP: Final = 1000
_PLAIN: Final = 10_000
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400


def size(count: float) -> str:
    """Bytes: `812 B`, `4.1 kB`, `23 MB`."""
    place = 0
    while abs(count) >= _STEP and place < len(_SIZES) - 1:
        count, place = count / _STEP, place + 1
    return f"{count:.1f} {_SIZES[place]}" if place and abs(count) < 10 else f"{count:.0f} {_SIZES[place]}"  # noqa: PLR2004


def bits(per_s: float) -> str:
    """Bits per second: `640 kbit/s`, `2.5 Mbit/s`."""
    return size(per_s).replace("B", "bit").removesuffix(" ") + "/s"


def number(count: float) -> str:
    """A count, its thousands apart."""
    return f"{count:,.0f}".replace(",", " ") if abs(count) >= _PLAIN else f"{count:.0f}"


def counted(count: int, what: str) -> str:
    """`1 event`, `3 stretches`."""
    plural = f"{what}es" if what.endswith("ch") else f"{what}s"
    return f"{number(count)} {what if count == 1 else plural}"


def rate(per_s: float) -> str:
    """How often a second; small ones with a decimal."""
    return "" if not per_s else f"{per_s:.1f}" if per_s < 10 else number(per_s)  # noqa: PLR2004


def seconds(span_s: float) -> str:
    """A span: `0.3 s`, `12 s`, `4:05`, `2:14:09`, `3 d`."""
    if span_s < _MINUTE:
        return f"{span_s:.1f} s" if span_s < 10 else f"{span_s:.0f} s"  # noqa: PLR2004
    if span_s < _HOUR:
        return f"{span_s // 60:.0f}:{span_s % 60:02.0f}" if span_s % 60 < 59.5 else f"{span_s // 60 + 1:.0f}:00"  # noqa: PLR2004
    if span_s < _DAY:
        return f"{span_s // _HOUR:.0f}:{span_s % _HOUR // 60:02.0f}:{int(span_s) % 60:02d}"
    return f"{span_s / _DAY:.0f} d"


def ago(then: datetime | None, now: datetime | None = None) -> str:
    """How long ago; empty for never."""
    return seconds(max(((now or datetime.now(UTC)) - then).total_seconds(), 0.0)) if then else ""


def clock(at: datetime, *, date: bool = False) -> str:
    """On the clock of this machine."""
    here = at.astimezone()
    return f"{here:%Y-%m-%d %H:%M:%S}" if date else f"{here:%H:%M:%S}.{here.microsecond // 1000:03d}"


def one_line(text: str, most: int = 400) -> str:
    """Without line breaks, cut when it is long."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
