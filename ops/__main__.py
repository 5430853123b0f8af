"""The `loom` command: `loom up`, or `python -m ops up` from a clone."""

import sys
from pathlib import Path
from typing import Annotated

import typer

application = typer.Typer(
    name="loom",
    help="Self-hosted video messaging: record in the browser, watch while it is being recorded.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)


@application.command()
def up() -> None:
    """Start everything, print the address, run until Ctrl-C."""
    from ops.cli import up as command  # noqa: PLC0415

    sys.exit(command.main())


@application.command()
def run(
    names: Annotated[list[str], typer.Argument(help="ingest, edge, api, recording, streaming, processing")],
    listen: Annotated[str, typer.Option(help="host:port for a door")] = "127.0.0.1:0",
    instance: Annotated[int, typer.Option(help="which of several processes of this name it is")] = 0,
    ingest: Annotated[list[str] | None, typer.Option(help="for the edge: an ingest process's URL")] = None,
    api: Annotated[str, typer.Option(help="for the edge: the API's URL")] = "",
    supervised: Annotated[bool, typer.Option(hidden=True)] = False,  # noqa: FBT002
) -> None:
    """Run one or more processes of Loom, until SIGTERM."""
    if names == ["guard"]:  # it stays small: nothing of what the others need is loaded
        from ops.cli import guard  # noqa: PLC0415

        sys.exit(guard.main())
    from ops.cli import run as command  # noqa: PLC0415
    from ops.topology import Place  # noqa: PLC0415

    host, _, port = listen.rpartition(":")
    if not port.isdecimal():
        raise typer.BadParameter("must be host:port", param_hint="--listen")
    place = Place((host, int(port)), instance, tuple(ingest or ()), api or None)
    sys.exit(command.main(names, place, supervised=supervised))


@application.command()
def settings() -> None:
    """List all settings with their defaults."""
    from ops import settings as reading  # noqa: PLC0415

    for setting in reading.ALL:
        typer.echo(f"{setting.name:24} {setting.says}" + (f" [{setting.default}]" if setting.default else ""))


@application.command()
def keys(
    block: Annotated[bool, typer.Option("--print", help="the block for nats.conf, and nothing else")] = False,  # noqa: FBT002
    rotate: Annotated[list[str] | None, typer.Option(help="a process that gets a new key")] = None,
    tls: Annotated[Path | None, typer.Option(help="make certificates for TLS in this folder instead")] = None,
    host: Annotated[list[str] | None, typer.Option(help="with --tls: a name or address of nats-server")] = None,
) -> None:
    """Make an nkey for each process, and the block of nats.conf that says what it may do; or certificates."""
    from ops.cli import keys as command  # noqa: PLC0415

    sys.exit(command.main(rotate or (), tls, host or (), block=block))


@application.command()
def doctor() -> None:
    """Look for what is wrong with this set-up."""
    from ops.cli import doctor as command  # noqa: PLC0415

    sys.exit(command.main())


def main() -> None:
    """The entry of the console script."""
    if sys.argv[1:2] != ["run"]:  # what runs all the time is not to carry what is asked now and then
        from ops.cli import js  # noqa: PLC0415

        application.add_typer(js.application, name="js")
    application()


if __name__ == "__main__":
    main()
