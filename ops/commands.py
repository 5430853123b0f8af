"""What can be said after `loom`? All commands with their arguments and options, as Markdown for docs/cli.md."""

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from ops.__main__ import application
from ops.cli.ending import STATUSES


def text() -> str:
    """The whole document."""
    lines = [
        "# The `loom` command",
        "",
        "Written by `make docs`. `loom COMMAND --help` says the same; after `loom --install-completion`, Tab completes",
        "names, those of recordings as well. With `--json`, an answer is one JSON document; `loom js tail` and",
        "`loom top` print one a line.",
        "",
        "| exit status | |",
        "| --- | --- |",
        *(f"| {status} | {says} |" for status, says in STATUSES.items()),
        "",
    ]
    for path, command in commands():
        lines += _section(path, command)
    return "\n".join(lines)


def commands() -> Iterator[tuple[str, Any]]:
    """By what is typed: `loom js show` and its click command."""
    yield from _below("loom", get_command(application))


def _below(path: str, group: Any) -> Iterator[tuple[str, Any]]:
    for name, each in group.commands.items():
        if hasattr(each, "commands"):
            yield from _below(f"{path} {name}", each)
        else:
            yield f"{path} {name}", each


def _section(path: str, command: Any) -> list[str]:
    shown = [one for one in command.params if not one.hidden]
    typed = " ".join([path, *(_name(one) for one in shown if one.required or not _is_option(one))])
    rows = [f"| `{_name(one)}` | {_said(one)} |" for one in shown]
    table = ["| | |", "| --- | --- |", *rows, ""] if rows else []
    return [f"## {path}", "", f"    {typed}", "", *command.help.strip().splitlines(), "", *table]


def _is_option(one: Any) -> bool:
    return bool(one.opts[0].startswith("-"))


def _name(one: Any) -> str:
    if _is_option(one):
        return ", ".join([*one.opts, *one.secondary_opts]) + ("" if one.is_flag else f" {one.metavar or '…'}")
    name = (one.metavar or one.name.upper()).removesuffix("…") + ("…" if one.nargs < 0 else "")
    return name if one.required else f"[{name}]"


def _said(one: Any) -> str:
    is_told = isinstance(one.default, str | int) and not isinstance(one.default, bool) and one.default not in {"", 0}
    default = f" Else `{one.default}`." if is_told else ""
    return f"{(one.help or '').removesuffix('.')}.{default}".replace("|", "\\|")
