"""`loom keys`: an nkey for each process, and what nats-server is told of them; certificates for TLS."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import typer

from ops import authorization, keys
from ops import settings as reading
from ops.console import complain
from ops.settings import SettingError, Settings


def main(rotate: Sequence[str], tls: Path | None, hosts: Sequence[str], *, block: bool, json: bool) -> int:
    """The exit status."""
    try:
        settings = reading.read()
        if tls:
            _certificates(tls, hosts, json=json)
        else:
            _keys(settings, rotate, block=block, json=json)
    except SettingError as error:
        complain([str(error)])
        return 1
    return 0


def _keys(settings: Settings, rotate: Sequence[str], *, block: bool, json: bool) -> None:
    unknown = [name for name in rotate if name not in keys.NAMES]
    if unknown:
        raise SettingError(f"There is no process {unknown[0]!r}; there are {', '.join(keys.NAMES)}.")
    folder = settings.keys or settings.data / "keys"
    made = keys.make(folder, rotate)
    path = authorization.write(folder, made)
    if json:
        said = [{"name": key.name, "public": key.public, "is_new": key.is_new} for key in made]
        _as_json({"folder": str(folder), "keys": said, "block": path.read_text()})
        return
    if block:
        typer.echo(path.read_text(), nl=False)
        return
    for key in made:
        typer.echo(f"{key.name:12} {key.public}  {'new' if key.is_new else 'kept'}")
    typer.echo(f"For nats.conf: include {path}; `loom keys --print` shows it. LOOM_NATS_KEYS={folder}")


def _certificates(folder: Path, hosts: Sequence[str], *, json: bool) -> None:
    from ops import certificates  # noqa: PLC0415  `loom up` does not need it

    certificates.make(folder, keys.NAMES, hosts)
    if json:
        _as_json({"folder": str(folder), "block": certificates.block(folder)})
    else:
        typer.echo(certificates.block(folder), nl=False)


def _as_json(said: Mapping[str, object]) -> None:
    from ops.cli import printing  # noqa: PLC0415  it is seldom needed

    printing.as_json(said)
