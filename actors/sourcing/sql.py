"""Named queries: `-- name: upsert_recording` in a .sql file beside the module that uses them."""

import re
from pathlib import Path
from typing import Final

_NAME: Final = re.compile(r"^-- name: (\w+).*$", re.MULTILINE)


def queries(path: Path) -> dict[str, str]:
    """Every query of a file by its name."""
    pieces = _NAME.split(path.read_text())
    return {name: text.strip() for name, text in zip(pieces[1::2], pieces[2::2], strict=True)}
