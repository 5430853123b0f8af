"""What could come next, when somebody presses Tab? Names that are declared; recordings of late, if NATS is quick."""

import asyncio
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

PATIENCE_S: Final = 2.0
LATE: Final = timedelta(days=7)
MOST: Final = 30
"""So many recordings are offered."""


def streams(incomplete: str) -> Iterator[str]:
    """Of `subjects/streams.py`."""
    from subjects.streams import ALL  # noqa: PLC0415

    return (stream.name for stream in ALL if stream.name.startswith(incomplete.upper()))


def services(incomplete: str) -> Iterator[str]:
    """Those that handle events."""
    from subjects.permissions import TAKEN  # noqa: PLC0415

    taken = [one.service for some in TAKEN.values() for one in some if one.heard]
    return (name for name in taken if name.startswith(incomplete))


def tables(incomplete: str) -> Iterator[str]:
    """Services that have some."""
    from ops.rebuild import SERVICES  # noqa: PLC0415

    return (name for name in SERVICES if name.startswith(incomplete))


def recordings(incomplete: str) -> list[tuple[str, str]]:
    """Those of the last days with their titles, the newest first; none when NATS does not answer at once."""
    from ops.cli.ending import Trouble  # noqa: PLC0415
    from ops.data_folder import CannotStart  # noqa: PLC0415
    from ops.settings import SettingError  # noqa: PLC0415

    logging.disable()  # the shell would take it for names
    try:
        found = asyncio.run(asyncio.wait_for(_of_late(), PATIENCE_S))
    except (TimeoutError, Trouble, CannotStart, SettingError):
        return []
    return [(name, title) for name, title in found if name.startswith(incomplete)][:MOST]


async def _of_late() -> list[tuple[str, str]]:
    from actors.jetstream import direct_get  # noqa: PLC0415
    from ops.cli import told  # noqa: PLC0415
    from ops.cli.reach import connected  # noqa: PLC0415
    from schemas.recording import RecordingPrepared  # noqa: PLC0415
    from subjects import events  # noqa: PLC0415
    from subjects.streams import EVENTS  # noqa: PLC0415

    subject, since = events.every(RecordingPrepared), datetime.now(UTC) - LATE
    async with connected() as nats:
        entries = await direct_get.batch(nats, EVENTS.name, subject, 1, since=since, most=1000)
    said = [told.stored(entry) for entry in reversed(entries)]
    return [(one.about, str(one.fields.get("title", ""))) for one in said]
