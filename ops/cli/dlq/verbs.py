"""What can be said after `loom dlq`? Each verb imports what it needs when it is used."""

from typing import Annotated

import typer

from ops.cli.options import Json, Yes

application = typer.Typer(help="Look at what no handler could take, and try it again.", no_args_is_help=True)
Numbers = Annotated[list[int], typer.Argument(help="Numbers of dead letters.", metavar="N…", min=1)]


@application.command()
def ls(*, json: Json = False) -> None:
    """List the dead letters: who could not take what, and why."""
    from ops.cli.dlq import ls as verb  # noqa: PLC0415
    from ops.cli.ending import end  # noqa: PLC0415

    end(verb.ls(json=json))


@application.command()
def show(numbers: Numbers, *, json: Json = False) -> None:
    """Show all of a dead letter: the message, on whose behalf, because of what, and the traceback."""
    from ops.cli.dlq import ls as verb  # noqa: PLC0415
    from ops.cli.ending import end  # noqa: PLC0415

    end(verb.show(numbers, json=json))


@application.command()
def retry(
    numbers: Annotated[list[int] | None, typer.Argument(help="Numbers of dead letters.", metavar="N…", min=1)] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All of them, the oldest first.")] = False,
    json: Json = False,
) -> None:
    """Try again: an event is handed to its service once more, a job goes back into its queue. What succeeds is removed.

    It is safe: an event whose effects are there already has no further ones. Letters of tables stay; `loom rebuild`
    makes tables anew. The exit status is 1 when a letter stays.
    """
    from ops.cli.dlq import retry as verb  # noqa: PLC0415
    from ops.cli.ending import end  # noqa: PLC0415

    if bool(numbers) == everything:
        raise typer.BadParameter("say which ones, or --all", param_hint="N…")
    end(verb.retry(numbers or [], everything=everything, json=json))


@application.command()
def drop(numbers: Numbers, *, yes: Yes = False, json: Json = False) -> None:
    """Remove dead letters for good, without doing anything about them."""
    from ops.cli.dlq import retry as verb  # noqa: PLC0415
    from ops.cli.ending import end  # noqa: PLC0415

    end(verb.drop(numbers, yes=yes, json=json))
