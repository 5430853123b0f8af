from datetime import UTC, datetime, timedelta
from typing import Any

from ops.cli.life import happenings, renditions
from ops.cli.life.gather import Life, Objects
from ops.cli.life.happenings import Happening
from ops.cli.told import By, Told
from tests.ops.cli.life.tracks import BEGAN_S, piece, track

BEGAN = datetime.fromtimestamp(BEGAN_S, UTC)


def event(says: str, at_s: float, number: int, by: By, **fields: Any) -> Told:
    return Told(
        at=BEGAN + timedelta(seconds=at_s),
        subject=f"loom.evt.recording.rec.{says}",
        kind="event",
        of="recording",
        about="rec",
        says=says,
        fields=fields,
        text="",
        size_bytes=10,
        by=by,
        id=f"command-{number}.0",
        sequence=number,
    )


def life(*events: Told, **more: Any) -> Life:
    said: dict[str, Any] = {
        "view": None,
        "media_is_in": "log",
        "renditions": [],
        "end": None,
        "jobs": [],
        "dead_letters": [],
        "objects": Objects(),
    }
    return Life(id="rec", status="recording", events=list(events), **(said | more))


def brief(rows: list[Happening]) -> list[tuple[str, str]]:
    return [(row.of, row.what) for row in rows]


def test_media_and_events_stand_in_one_order() -> None:
    pieces = [piece(number) for number in range(8) if number != 5]
    rows = happenings.of(
        life(
            event("RecordingStarted", -1, 1, By()),
            event("RecordingStopped", 5, 2, By(), reason="stopped"),
            renditions=[renditions.of(track(pieces))],
            objects=Objects(3, 9000, sealed_at=BEGAN + timedelta(seconds=6)),
        )
    )
    assert brief(rows) == [
        ("recording", "RecordingStarted"),
        ("media", "begins"),
        ("media", "gap"),
        ("media", "ends"),
        ("recording", "RecordingStopped"),
        ("storage", "sealed"),
    ]
    assert rows[2].details == "video: 0.5 s missing between 1.0 and 1.2, numbers too"


def test_an_event_names_the_one_that_led_to_it() -> None:
    first, second, third = happenings.of(
        life(
            event("RecordingStopped", 0, 7, By(command_id="c1"), reason="stopped"),
            event("PosterMade", 1, 8, By(causation_id="command-7.0")),
            event("RecordingCompleted", 2, 9, By(command_id="command-7.0.archive"), **COMPLETED),
        )
    )
    assert (first.because, second.because, third.because) == (0, 7, 7)
    assert third.details == "18 s, 6.0 MB, 2 stretches"


def test_work_that_waits_is_trouble() -> None:
    job = event("MakePoster", 3, 0, By())
    (row,) = happenings.of(life(jobs=[job]))
    assert (row.of, row.what, row.tone) == ("waits", "MakePoster", "bad")


COMPLETED = {"duration_seconds": 18.3, "file_size_bytes": 6_025_677, "stretches": [1, 2]}
