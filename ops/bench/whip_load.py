"""The load: N WHIP sessions in a process of its own, so that the gateway's CPU can be read apart from it.

Reads one JSON list of {"url", "token"} from standard input, says {"connected": N} once all are up, sends until SIGTERM
or `--seconds`, then says what was sent and what the gateway reported back, in one line.
"""

import argparse
import asyncio
import gc
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import aiohttp
import msgspec
import uvloop
from msgspec import Struct

from ops.bench import stream
from ops.bench.packets import Schedule, schedule
from ops.bench.whip_peer import WhipPeer
from ops.bench.whip_source import WhipSource, play

LAST_REPORT_S: Final = 1.5
"""How long to wait after the last packet for the receiver reports that cover it."""
AT_ONCE: Final = 8
"""Handshakes at a time: a handshake is 30 ms of CPU on either side."""


class Target(Struct, frozen=True):
    """Where one session goes."""

    url: str
    token: str


class Report(Struct, frozen=True):
    """What was sent, over all sessions, and what came back."""

    sessions: int
    seconds: float
    packets: int
    octets: int
    lost: int
    nacks: int
    plis: int
    receiver_reports: int
    transport_cc: int


async def load(targets: list[Target], media: Schedule, stop: asyncio.Event, said: asyncio.Event) -> Report:
    """Connect all, send until `stop`, wait for the last reports, delete the sessions. Raises ExceptionGroup."""
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        gate = asyncio.Semaphore(AT_ONCE)
        peers = [WhipPeer(http, target.url, target.token) for target in targets]

        sources: list[WhipSource] = []

        async def connect(number: int, peer: WhipPeer) -> None:
            async with gate:
                await stack.enter_async_context(peer)
            # Frames of different sessions do not arrive at the same instant.
            sources.append(WhipSource(peer, media, loop.time() + number * stream.LOOP_S / len(peers) % 1))

        started = loop.time()
        async with asyncio.TaskGroup() as group:
            playing = group.create_task(play(sources, stop))
            async with asyncio.TaskGroup() as handshakes:
                for number, peer in enumerate(peers):
                    handshakes.create_task(connect(number, peer))
            gc.freeze()
            said.set()
            await playing
        seconds = loop.time() - started
        await asyncio.sleep(LAST_REPORT_S)
        return _report(peers, sources, seconds)


def _report(peers: list[WhipPeer], sources: list[WhipSource], seconds: float) -> Report:
    tracks = [track for source in sources for track in (source.video, source.audio)]
    seen = [peer.feedback for peer in peers]
    return Report(
        sessions=len(peers),
        seconds=round(seconds, 2),
        packets=sum(track.packets for track in tracks),
        octets=sum(track.octets for track in tracks),
        lost=sum(sum(feedback.lost.values()) for feedback in seen),
        nacks=sum(feedback.nacks for feedback in seen),
        plis=sum(feedback.plis for feedback in seen),
        receiver_reports=sum(feedback.reports for feedback in seen),
        transport_cc=sum(feedback.transport_cc for feedback in seen),
    )


def _say(said: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(said) + b"\n")
    sys.stdout.buffer.flush()


async def _main(arguments: argparse.Namespace) -> None:
    targets = msgspec.json.decode(await asyncio.to_thread(sys.stdin.buffer.readline), type=list[Target])
    path = arguments.file or await stream.ordinary()
    media = schedule(path, stream.LOOP_S, stream.VIDEO_BITS_PER_S)
    stop, connected = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if arguments.seconds:
        loop.call_later(arguments.seconds, stop.set)
    async with asyncio.TaskGroup() as group:
        result = group.create_task(load(targets, media, stop, connected))
        saying = group.create_task(_say_connected(connected, len(targets)))
        report = await result
        saying.cancel()
    _say(report)


async def _say_connected(connected: asyncio.Event, count: int) -> None:
    await connected.wait()
    _say({"connected": count})


def main() -> None:
    """`python -m ops.bench.whip_load < targets.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.0, help="0: until SIGTERM")
    parser.add_argument("--file", type=Path, default=None, help="another Matroska file of H.264 and Opus, 20 s long")
    uvloop.run(_main(parser.parse_args()))


if __name__ == "__main__":
    main()
