"""`loom js`: what is in the streams, and who reads them? For a look; the `nats` command does the rest."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import typer
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import DeliverPolicy

from ops import settings as reading
from ops.connections import operator
from ops.console import complain
from ops.data_folder import CannotStart
from ops.embedded import servers
from ops.settings import SettingError

application = typer.Typer(help="Look into the streams.", no_args_is_help=True)


@application.command()
def streams() -> None:
    """List the streams with what they hold."""
    asyncio.run(_streams())


@application.command()
def consumers() -> None:
    """List the durable consumers with what they still have before them."""
    asyncio.run(_consumers())


@application.command()
def tail(stream: str) -> None:
    """Print what is added to a stream, until Ctrl-C: subject, sequence, headers, and the body when it is text."""
    asyncio.run(_tail(stream))


async def _streams() -> None:
    async with _connected() as client:
        for info in await client.jetstream().streams_info():
            state = info.state
            typer.echo(
                f"{info.config.name:12} {state.messages:>10} messages {state.bytes >> 10:>10} KiB  {_reason(info)}"
            )


async def _consumers() -> None:
    async with _connected() as client:
        manager = client.jetstream()
        for stream in await manager.streams_info():
            for info in await manager.consumers_info(stream.config.name or ""):
                waiting = f"{info.num_pending:>8} waiting {info.num_ack_pending:>6} unacknowledged"
                typer.echo(f"{info.stream_name:12} {info.name:20} {waiting} {info.num_redelivered:>5} again")


async def _tail(stream: str) -> None:
    async with _connected() as client:
        log = client.jetstream()
        subjects = (await log.stream_info(stream)).config.subjects or []
        await log.subscribe(
            subjects[0], stream=stream, cb=_print, ordered_consumer=True, deliver_policy=DeliverPolicy.NEW
        )
        await asyncio.Event().wait()


async def _print(message: Msg) -> None:
    headers = json.dumps(message.headers or {})
    body = message.data.decode() if message.data[:1] == b"{" else f"{len(message.data)} bytes"
    typer.echo(f"{message.metadata.sequence.stream} {message.subject} {headers} {body}")


def _reason(info: object) -> str:
    return getattr(getattr(info, "config", None), "description", None) or ""


@asynccontextmanager
async def _connected() -> AsyncIterator[Client]:
    try:
        settings = reading.read()
        url = settings.nats_url or servers.known(settings.data).nats
        async with operator(settings.at(url)) as client:
            yield client
    except (CannotStart, SettingError) as error:
        complain([str(error)])
        raise typer.Exit(1) from error
