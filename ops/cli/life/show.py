"""`loom js show`: the life of one recording on a line of time."""

from pathlib import Path
from typing import Final

from ops.cli import printing
from ops.cli.ending import Misused
from ops.cli.life import gather
from ops.cli.life.picture import picture
from ops.cli.reach import connected, objects, patience
from subjects.tokens import token

SVG_WIDTH: Final = 120


async def show(recording_id: str, svg: Path | None, *, json: bool) -> None:
    """The recording with that id, or the newest one."""
    try:
        wanted = token(recording_id) if recording_id else ""
    except ValueError as error:
        raise Misused(str(error)) from error
    async with connected() as nats:
        with patience("reading what is known of it"):
            wanted = wanted or await gather.newest(nats)
            life, tracks = await gather.life(nats, objects(), wanted)
    if json:
        printing.as_json(life)
    elif svg:
        printing.as_svg(svg, f"loom js show {wanted}", lambda console: picture(life, tracks, console))
    else:
        console = printing.console()
        console.print(picture(life, tracks, console))
