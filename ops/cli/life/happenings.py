"""What happened when? Events, media, storage and trouble of one recording in one row of time. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final, Literal

from msgspec import Struct

from ops.cli import words
from ops.cli.life.gather import Life
from ops.cli.life.renditions import Rendition, Stretch
from ops.cli.lines import said
from ops.cli.told import By, Told
from schemas.media import AUDIO, VIDEO

MEDIA: Final = "media"
STORAGE: Final = "storage"
WAITING: Final = "waits"
Tone = Literal["", "good", "bad", "weak"]


class Happening(Struct, frozen=True):
    """One of them; `of` is who says it, `because` the number of the event that led to it."""

    at: datetime
    of: str
    what: str
    details: str = ""
    tone: Tone = ""
    number: int = 0
    by: By = By()
    because: int = 0


_TONES: Final[dict[str, Tone]] = {
    "RecordingCompleted": "good",
    "RecordingFailed": "bad",
    "StepFailed": "bad",
    "StepUndone": "bad",
    "RecordingDeleted": "bad",
    "SagaBegun": "weak",
    "StepDone": "weak",
    "SagaEnded": "weak",
}


def of(life: Life) -> list[Happening]:
    """All of them, in order."""
    found = [*_events(life.events), *_media(life), *_storage(life), *_trouble(life)]
    return sorted(found, key=lambda one: one.at)


def _events(events: Sequence[Told]) -> Iterator[Happening]:
    numbers = {event.id: event.sequence for event in events if event.id}
    for event in events:
        what = event.says or event.subject
        tone: Tone = "bad" if event.fields.get("outcome") == "failed" else _TONES.get(event.says, "")
        because = numbers.get(event.by.causation_id) or _named(event.by.command_id, numbers)
        yield Happening(event.at, event.of, what, _details(event), tone, event.sequence, event.by, because)


def _named(command_id: str, numbers: Mapping[str, int]) -> int:
    """What follows from an event is asked for under a command id that begins with the event's."""
    return next((number for event_id, number in numbers.items() if command_id.startswith(f"{event_id}.")), 0)


def _details(event: Told) -> str:
    """What it says, without what every recording says."""
    fields = event.fields
    match event.says:
        case "RecordingPrepared":
            return f"“{fields['title']}”, {fields['recording_type']}"
        case "RecordingCompleted":
            length = words.seconds(fields["duration_seconds"])
            stretches = words.counted(len(fields["stretches"]), "stretch")
            return f"{length}, {words.size(fields['file_size_bytes'])}, {stretches}"
        case "RecordingStopped":
            return "" if fields["reason"] == "stopped" else str(fields["reason"])
        case "StepDone" | "StepUndone":
            return str(fields["step"])
        case "StepFailed":
            return f"{fields['step']}: {fields['why']}"
        case "SagaBegun" | "SagaEnded":
            return str(fields.get("saga") or fields.get("outcome"))
        case _:
            return said(event)


def _media(life: Life) -> Iterator[Happening]:
    for rendition in life.renditions:
        for hole in rendition.holes:
            missing = f"{words.seconds(hole.missing_s)} missing between {hole.after} and {hole.before}"
            numbers = ", numbers too" if hole.lacks_numbers else ""
            yield Happening(hole.at, MEDIA, "gap", f"{rendition.name}: {missing}{numbers}", "bad")
        for late in rendition.late:
            which = late.first if late.parts == 1 else f"{late.first} to {late.last}"
            how = f"stored up to {words.seconds(late.late_s)} later than usual"
            yield Happening(late.at, MEDIA, "stall", f"{rendition.name}: {which} {how}", "bad")
    if main := _main(life.renditions):
        yield from _stretches(main, [one for one in life.renditions if one is not main])
    if life.end and life.end.at:
        yield Happening(life.end.at, MEDIA, "end", life.end.reason, "weak")


def _main(renditions: Sequence[Rendition]) -> Rendition | None:
    by_name = {one.name: one for one in renditions if one.stretches}
    return by_name.get(VIDEO) or by_name.get(AUDIO)


def _stretches(main: Rendition, others: Sequence[Rendition]) -> Iterator[Happening]:
    """Where they begin and end, by the rendition that says how long the recording is."""
    names = ", ".join([main.name, *(one.name for one in others if not one.final)])
    for before, stretch in pairwise([None, *main.stretches]):
        assert stretch
        rest = f", {words.seconds(_between_s(before, stretch))} after the last one" if before else f": {names}"
        yield Happening(stretch.began_at, MEDIA, "begins", f"stretch {stretch.number}{rest}")
        segments = f"segments {stretch.first_segment} to {stretch.last_segment}"
        if stretch.first_segment == stretch.last_segment:
            segments = f"segment {stretch.first_segment}"
        amount = f"{words.seconds(stretch.duration_s)}, {words.size(stretch.size_bytes)} of {main.name}"
        yield Happening(stretch.ended_at, MEDIA, "ends", f"stretch {stretch.number}: {segments}, {amount}")


def _between_s(before: Stretch, after: Stretch) -> float:
    return max((after.began_at - before.ended_at).total_seconds(), 0.0)


def _storage(life: Life) -> Iterator[Happening]:
    if life.objects.poster_at:
        yield Happening(life.objects.poster_at, STORAGE, "poster", "a picture stands for it", "weak")
    if life.objects.sealed_at:
        amount = f"{words.counted(life.objects.count, 'object')}, {words.size(life.objects.size_bytes)}"
        yield Happening(life.objects.sealed_at, STORAGE, "sealed", amount, "good")


def _trouble(life: Life) -> Iterator[Happening]:
    for job in life.jobs:
        yield Happening(job.at, WAITING, job.says or job.of, "a job that nobody has done yet", "bad", by=job.by)
    for letter in life.dead_letters:
        details = f"{letter.reader} could not take {letter.says or letter.subject}: {letter.reason}"
        yield Happening(letter.at, "dlq", f"letter {letter.number}", details, "bad")
