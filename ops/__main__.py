"""The `loom` command: `loom up`, or `python -m ops up` from a clone."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from ops.cli import completion
from ops.cli.dlq import verbs as dlq
from ops.cli.js import verbs as js
from ops.cli.options import Json, is_span, span_s

application = typer.Typer(
    name="loom",
    help="Self-hosted video messaging: record in the browser, watch while it is being recorded.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)
application.add_typer(js.application, name="js")
application.add_typer(dlq.application, name="dlq")


@application.command()
def up() -> None:
    """Start everything, print the address, run until Ctrl-C."""
    from ops.cli import up as command

    sys.exit(command.main())


@application.command()
def run(
    names: Annotated[
        list[str], typer.Argument(help="Of ingest, edge, api, recording, streaming, processing.", metavar="NAME…")
    ],
    listen: Annotated[str, typer.Option(help="Where a door listens: host:port.")] = "127.0.0.1:0",
    instance: Annotated[int, typer.Option(help="Which of several processes of this name it is.")] = 0,
    ingest: Annotated[list[str] | None, typer.Option(help="For the edge: an ingest process's URL.")] = None,
    api: Annotated[str, typer.Option(help="For the edge: the API's URL.")] = "",
    supervised: Annotated[bool, typer.Option(hidden=True)] = False,  # noqa: FBT002
) -> None:
    """Run one or more processes of Loom, until SIGTERM."""
    if names == ["guard"]:  # it stays small: nothing of what the others need is loaded
        from ops.cli import guard

        sys.exit(guard.main())
    from ops.cli import run as command
    from ops.topology import Place

    host, _, port = listen.rpartition(":")
    if not port.isdecimal():
        raise typer.BadParameter("must be host:port", param_hint="--listen")
    place = Place((host, int(port)), instance, tuple(ingest or ()), api or None)
    sys.exit(command.main(names, place, supervised=supervised))


@application.command()
def settings(*, json: Json = False) -> None:
    """List all settings with what they are set to, and their defaults."""
    from ops.cli import settings as command

    command.main(json=json)


@application.command()
def keys(
    block: Annotated[bool, typer.Option("--print", help="The block for nats.conf, and nothing else.")] = False,  # noqa: FBT002
    rotate: Annotated[list[str] | None, typer.Option(help="A process that gets a new key.")] = None,
    tls: Annotated[Path | None, typer.Option(help="Make certificates for TLS in this folder instead.")] = None,
    host: Annotated[list[str] | None, typer.Option(help="With --tls: a name or address of nats-server.")] = None,
    *,
    json: Json = False,
) -> None:
    """Make an nkey for each process, and the block of nats.conf that says what it may do; or certificates."""
    from ops.cli import keys as command

    sys.exit(command.main(rotate or (), tls, host or (), block=block, json=json))


@application.command()
def services(*, json: Json = False) -> None:
    """List the services: their processes, what was asked of them, errors, times, shares of the entities."""
    from ops.cli import services as command
    from ops.cli.ending import end

    end(command.services(json=json))


@application.command()
def top(
    every: Annotated[str, typer.Option(callback=is_span, metavar="SPAN", help="How often to look: 1s, 5s.")] = "2s",
    *,
    once: Annotated[bool, typer.Option("--once", help="Look once, as where there is no terminal.")] = False,
    json: Json = False,
) -> None:
    """Watch recordings that are live, streams, readers and services, until Ctrl-C. As JSON: one line a look."""
    from ops.cli.ending import end
    from ops.cli.top import verb as command

    end(command.top(span_s(every), once=once, json=json), interrupted=0)


@application.command()
def rebuild(
    name: Annotated[str, typer.Argument(help="Whose tables.", autocompletion=completion.tables)],
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Only compare; the exit status is 1 when they differ.")
    ] = False,
    json: Json = False,
) -> None:
    """Make tables anew from the events while the old ones serve, compare them, and put the new ones in their place."""
    from ops.cli import rebuild as command
    from ops.cli.ending import end

    end(command.run(name, check=check, json=json))


@application.command()
def doctor(*, json: Json = False) -> None:
    """Look for what is wrong with this set-up, and say what would help. The exit status is 1 when something would."""
    from ops.cli.doctor import verb as command
    from ops.cli.ending import end

    end(command.doctor(json=json))


def main() -> None:
    """The entry of the console script."""
    application()


if __name__ == "__main__":
    main()
