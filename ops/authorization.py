"""Whom does nats-server let do what? The `authorization` block of its configuration, from `subjects/permissions.py`."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ops.keys import Key
from subjects.permissions import PROCESSES
from subjects.rights import Rights

FILE: Final = "authorization.conf"
AUTHENTICATE_S: Final = 10
"""A process that starts beside all others may take seconds to answer."""
ANSWER_WITHIN: Final = "2m"


def block(keys: Iterable[Key]) -> str:
    """As it stands in nats.conf."""
    users = "\n".join(_user(key, PROCESSES[key.name]) for key in keys)
    return (
        "# Written by `loom keys` from subjects/permissions.py.\n"
        f"authorization {{\n  timeout: {AUTHENTICATE_S}\n  users: [\n{users}\n  ]\n}}\n"
    )


def write(folder: Path, keys: Iterable[Key]) -> Path:
    """Beside the keys; there is nothing secret in it."""
    path = folder / FILE
    draft = path.with_suffix(".new")
    draft.write_text(block(keys))
    return draft.replace(path)


def _user(key: Key, granted: Rights) -> str:
    lines = [
        f"    {{ # {key.name}",
        f"      nkey: {key.public}",
        "      permissions: {",
        f"        publish: {{ allow: {_list(granted.publish)}{_never(granted)} }}",
        f"        subscribe: {{ allow: {_list(granted.subscribe)} }}",
        *(
            [f'        allow_responses: {{ max: {_most(granted)}, expires: "{ANSWER_WITHIN}" }}']
            if granted.answers
            else []
        ),
        "      }",
        "    }",
    ]
    return "\n".join(lines)


def _most(granted: Rights) -> int:
    """What reaches several services of a connection costs one answer for each beyond the first (nats-server 2.15)."""
    return 2 * granted.answers - 1


def _never(granted: Rights) -> str:
    return f", deny: {_list(granted.never)}" if granted.never else ""


def _list(names: Iterable[str]) -> str:
    return "[" + "".join(f'\n          "{name}"' for name in names) + "\n        ]"
