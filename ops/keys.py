"""How does each process show nats-server who it is? By an nkey of its own; the seed never leaves this machine.

`LOOM_NATS_KEYS` is the folder, one file a process, for its owner only. nats-server knows the public keys alone.
"""

import os
from collections.abc import Collection
from pathlib import Path
from typing import Final

from msgspec import Struct

from ops.settings import SettingError
from subjects import permissions

NAMES: Final = tuple(permissions.PROCESSES)


class Key(Struct, frozen=True):
    """A key pair as others may see it."""

    name: str
    public: str
    is_new: bool


def make(folder: Path, rotate: Collection[str] = ()) -> list[Key]:
    """Every process has a key; those that exist are kept unless they are to be rotated.

    Raises SettingError when the folder cannot be used.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return [_make(folder, name, anew=name in rotate) for name in NAMES]
    except OSError as error:
        raise SettingError(f"The keys cannot be kept in {folder}: {error.strerror}.") from error


def seed(folder: Path, name: str) -> str:
    """The seed of a process. Raises SettingError when there is none that can be read."""
    try:
        return _path(folder, name).read_text().strip()
    except FileNotFoundError:
        raise SettingError(f"There is no key for {name} in {folder}; `loom keys` makes it.") from None
    except OSError as error:
        raise SettingError(f"The key of {name} in {folder} cannot be read: {error.strerror}.") from error


def public(text: str) -> str:
    """What others may know of a seed. Raises SettingError for what is none."""
    import nkeys  # noqa: PLC0415  only where there are keys

    try:
        return bytes(nkeys.from_seed(bytearray(text.encode())).public_key).decode()
    except (nkeys.NkeysError, ValueError) as error:
        raise SettingError(f"This is no nkey seed of a user: {error}") from error


def _make(folder: Path, name: str, *, anew: bool) -> Key:
    path = _path(folder, name)
    is_new = anew or not path.exists()
    if is_new:
        _keep(path, _new_seed())
    return Key(name, public(seed(folder, name)), is_new)


def _new_seed() -> str:
    import nkeys  # noqa: PLC0415

    return bytes(nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER)).decode()


def _keep(path: Path, text: str) -> None:
    """For its owner only, whole or not at all."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}.seed"
