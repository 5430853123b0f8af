"""What can be said after `loom js`? Each verb imports what it needs when it is used."""

from pathlib import Path
from typing import Annotated

import typer

from ops.cli import completion
from ops.cli.options import Json, Yes, span_s

application = typer.Typer(help="Look into the streams.", no_args_is_help=True)


@application.command()
def streams(*, json: Json = False) -> None:
    """List the streams with what they hold."""
    from ops.cli.ending import end  # noqa: PLC0415
    from ops.cli.js import streams as verb  # noqa: PLC0415

    end(verb.streams(json=json))


@application.command()
def consumers(*, json: Json = False) -> None:
    """List who reads the streams: how far behind, and who is slow. It looks twice, a second apart."""
    from ops.cli.ending import end  # noqa: PLC0415
    from ops.cli.js import consumers as verb  # noqa: PLC0415

    end(verb.consumers(json=json))


@application.command()
def tail(
    subject: Annotated[str, typer.Argument(help="What to listen to; * and > stand for any.")] = "loom.>",
    stream: Annotated[str, typer.Option(help="Only what this stream keeps.", autocompletion=completion.streams)] = "",
    first: Annotated[int | None, typer.Option("--from", min=1, help="From this sequence of the stream on.")] = None,
    since: Annotated[
        float | None, typer.Option(parser=span_s, metavar="SPAN", help="What the stream was told since then: 10m, 2h.")
    ] = None,
    follow: Annotated[bool, typer.Option(help="Wait for what comes, until Ctrl-C.")] = True,  # noqa: FBT002
    *,
    json: Json = False,
) -> None:
    """Print messages as they pass, each read by its schema, until Ctrl-C: commands, queries, events, jobs, media, live.

    With --stream, what is kept: from --from or --since on. Commands and live messages are not kept anywhere.
    """
    from ops.cli.ending import end  # noqa: PLC0415
    from ops.cli.js import tail as verb  # noqa: PLC0415

    if not stream and (first or since or not follow):
        raise typer.BadParameter("only what a stream keeps can be read: say which one", param_hint="--stream")
    if not stream:
        end(verb.passing(subject, json=json), interrupted=0)
    end(verb.kept(stream, subject, first, since, json=json, follow=follow), interrupted=0)


@application.command()
def show(
    recording: Annotated[
        str, typer.Argument(help="A recording's id; without one, the newest.", autocompletion=completion.recordings)
    ] = "",
    svg: Annotated[Path | None, typer.Option(help="Write it as a picture.", dir_okay=False)] = None,
    *,
    json: Json = False,
) -> None:
    """Show the life of one recording: its media in time, with gaps, and what happened, by whom, because of what.

    Commands are not kept anywhere: an event names the one that led to it.
    """
    from ops.cli.ending import end  # noqa: PLC0415
    from ops.cli.life import show as verb  # noqa: PLC0415

    end(verb.show(recording, svg, json=json))


@application.command()
def replay(
    service: Annotated[str, typer.Argument(help="Who is to see them.", autocompletion=completion.services)],
    first: Annotated[int, typer.Option("--from", min=1, help="The sequence of the first event.")],
    last: Annotated[int | None, typer.Option("--to", min=1, help="The sequence of the last one; else all.")] = None,
    entity: Annotated[
        str, typer.Option(help="Only what happened to this one.", autocompletion=completion.recordings)
    ] = "",
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list them.")] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Hand events to a service once more, one after the other; it handles each in its entity's turn.

    It is safe: what an event leads to is said under ids made from its own, and has no further effect. What fails is
    told, and not buried again. Tables are not made by handlers: `loom rebuild` makes them anew.
    """
    from ops.cli.ending import end  # noqa: PLC0415
    from ops.cli.js import replay as verb  # noqa: PLC0415

    end(verb.replay(service, first, last, entity, dry_run=dry_run, yes=yes, json=json))
