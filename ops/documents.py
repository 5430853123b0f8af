"""Which documents can be written by a program? Settings, decisions, the API, subjects, metrics, commands.

`make docs` writes them; `tests/test_documents.py` fails when they are not as this would write them.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import ops
from gateways.api.description import openapi_json, written
from ops import asyncapi, catalogue, commands, inventory, settings

ROOT: Final = Path(ops.__file__).parents[1]
_TITLE: Final = re.compile(r"^# (\d+)\. (.+)$", re.MULTILINE)
_STATUS: Final = re.compile(r"^- Status: (.+)$", re.MULTILINE)
_DATE: Final = re.compile(r"^- Date: (.+)$", re.MULTILINE)


def documents() -> Mapping[Path, str]:
    """What each of them should contain."""
    readme = ROOT / "README.md"
    return {
        readme: _between(readme.read_text(), "settings", settings_table()),
        ROOT / "docs" / "adr" / "README.md": decisions(),
        ROOT / "docs" / "openapi.json": openapi_json(written()),
        ROOT / "docs" / "metrics.md": metrics_table(),
        ROOT / "docs" / "asyncapi.yaml": asyncapi.yaml(),
        ROOT / "docs" / "subjects.md": catalogue.table(),
        ROOT / "docs" / "cli.md": commands.text(),
    }


def settings_table() -> str:
    """One row a setting."""
    rows = [f"| `{s.name}` | {f'`{s.default}`' if s.default else ''} | {s.says} |" for s in settings.ALL]
    return "\n".join(["| setting | default | what it does |", "| --- | --- | --- |", *rows])


def metrics_table() -> str:
    """One row a metric."""
    rows = [f"| `{m.name}` | {m.kind} | {', '.join(m.labels)} | {m.told_by} | {m.says} |" for m in inventory.metrics()]
    head = ["# Metrics", "", "Written by `make docs`. The README tells [where they are](../README.md#watching-it).", ""]
    columns = ["| metric | kind | labels | told by | what it says |", "| --- | --- | --- | --- | --- |"]
    others = (
        "Beside these, the libraries' own: `process_cpu_seconds_total`, `process_resident_memory_bytes`, `python_gc_…` "
        "and `stamina_retries_total` once a call of another system had to be repeated."
    )
    return "\n".join([*head, *columns, *rows, "", others, ""])


def decisions() -> str:
    """The index of docs/adr. Raises ValueError for a page without title, status or date."""
    rows = [_decision(path) for path in sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))]
    head = ["# Decisions", "", "Written by `make docs`; [template.md](template.md) is how a new one begins.", ""]
    return "\n".join([*head, "| | decision | status | date |", "| --- | --- | --- | --- |", *rows, ""])


def _decision(path: Path) -> str:
    text = path.read_text()
    title, status, date = _TITLE.search(text), _STATUS.search(text), _DATE.search(text)
    if not (title and status and date):
        raise ValueError(f"{path.name} lacks its title, status or date")
    return f"| {title[1]} | [{title[2]}]({path.name}) | {status[1]} | {date[1]} |"


def _between(text: str, mark: str, inside: str) -> str:
    begin, end = f"<!-- {mark}: written by `make docs` -->", f"<!-- /{mark} -->"
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n{inside}\n{end}{after}"


def main() -> None:
    """Write what has changed."""
    for path, text in documents().items():
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            print(f"wrote {path.relative_to(ROOT)}")  # noqa: T201


if __name__ == "__main__":
    main()
