"""Where does the next page of a list begin? Behind the last row of the one before, newest first."""

import base64
from datetime import UTC, datetime
from typing import Final

from schemas.errors import Invalid

NEWEST: Final = (datetime(9999, 1, 1, tzinfo=UTC), "~")


def write(moment: datetime, last_id: str) -> str:
    """Behind that row."""
    return base64.urlsafe_b64encode(f"{moment.isoformat()} {last_id}".encode()).decode().rstrip("=")


def read(text: str) -> tuple[datetime, str]:
    """The row that the page is behind; before all of them when the cursor is empty. Raises Invalid."""
    if not text:
        return NEWEST
    try:
        moment, _, last_id = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(" ")
        return datetime.fromisoformat(moment), last_id
    except ValueError:
        raise Invalid("The cursor is not one of ours; begin again without it.") from None
