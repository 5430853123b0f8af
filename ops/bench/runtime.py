"""What does the actor runtime cost above raw nats-py? Requests, appends, deliveries, tables; each beside its floor."""

import asyncio
import importlib.util
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import asyncpg
import msgspec
from msgspec import Struct
from nats.aio.client import Client as Nats
from nats.js.api import Header

from actors.recording.projection import PROJECTION
from actors.sourcing.event_message import headers_of
from actors.sourcing.projection import Projector
from actors.sourcing.store import EventStore
from ops.bench import child, cpu, servers
from ops.bench.asker import Asked
from ops.bench.figure import Figure, at_least, at_most, progress
from ops.bench.greeting import GuestGreeted
from ops.rebuild import rebuild
from schemas.envelope import EXPECTED_LAST_SUBJECT_SEQUENCE_SUBJECT, Caller
from schemas.ids import LOCAL_USER, LOCAL_WORKSPACE, RecordingId, new_id
from schemas.message import Event
from schemas.recording import (
    RecordingCompleted,
    RecordingPaused,
    RecordingPrepared,
    RecordingResumed,
    RecordingStarted,
    RecordingStopped,
    Stretch,
)
from subjects import events

AT_ONCE = 20
REBUILT = 100_000


class Requests(Struct, frozen=True):
    """One run: CPU-seconds of both sides, and what the asking side saw."""

    server_s: float
    asked: Asked
    count: int

    @property
    def per_cpu_s(self) -> float:
        """Requests a CPU-second, both sides together."""
        return self.count / (self.server_s + self.asked.cpu_s)


async def figures(*, quick: bool) -> AsyncIterator[Figure]:
    """Ratios to raw nats-py, alternating, in the same run."""
    rounds, count = (2, 5_000) if quick else (5, 20_000)
    async with servers.log() as url:
        async for figure in _requests(url, rounds, count):
            yield figure
    async with servers.log() as url, servers.connected(url) as client:
        yield await _appends(client, rounds, count // 10)
    async with servers.log() as url:
        yield await _deliveries(url, rounds, count)
    async with servers.log() as url, servers.database() as database, servers.connected(url) as client:
        async for figure in _tables(client, database, count, count if quick else REBUILT):
            yield figure


# --- requests ---------------------------------------------------------------------------------------------------------


async def _requests(url: str, rounds: int, count: int) -> AsyncIterator[Figure]:
    kinds = ["raw", "actor", *(["faststream"] if importlib.util.find_spec("faststream") else [])]
    runs: dict[str, list[Requests]] = {kind: [] for kind in kinds}
    for number in range(rounds):
        for kind in kinds:
            runs[kind].append(await _asked(kind, url, count))
            progress(f"round {number + 1}: {kind} {runs[kind][-1].per_cpu_s:.0f} requests a CPU-second")
    rates = {kind: [run.per_cpu_s for run in runs[kind]] for kind in kinds}
    servers_alone = [raw.server_s / actor.server_s for raw, actor in zip(runs["raw"], runs["actor"], strict=True)]
    beside = {
        "per_cpu_s": {kind: round(statistics.median(rates[kind])) for kind in kinds},
        "answering_side_alone": round(statistics.median(servers_alone), 3),
    }
    yield at_least("commands", "of raw nats-py", _ratios(rates["actor"], rates["raw"]), 0.85, beside=beside)
    if "faststream" in kinds:
        yield at_least("commands_faststream", "times FastStream", _ratios(rates["actor"], rates["faststream"]), 2.5)
    fastest = max(run.count / run.asked.seconds for run in runs["actor"])
    paced = [(await _asked("actor", url, count // 2, fastest / 2)).asked for _ in range(rounds)]
    yield at_most(
        "command_p99",
        "times p50, at half of the highest load",
        [one.p99_ms / one.p50_ms for one in paced],
        5,
        beside={"per_s": round(fastest / 2), "p50_ms": [round(one.p50_ms, 2) for one in paced]},
    )


async def _asked(kind: str, url: str, count: int, rate: float = 0.0) -> Requests:
    pipe = asyncio.subprocess.PIPE
    async with child.running(*child.module("ops.bench.responder", kind, url), stdout=pipe) as responder:
        assert responder.stdout
        async with asyncio.timeout(30):
            await responder.stdout.readline()
        before = cpu.spent_ms(responder.pid)
        words = (kind, url, str(count), str(AT_ONCE), *([str(rate)] if rate else []))
        async with child.running(*child.module("ops.bench.asker", *words), stdout=pipe) as asker:
            assert asker.stdout
            said = msgspec.json.decode(await asker.stdout.readline(), type=Asked)
        return Requests((cpu.spent_ms(responder.pid) - before) / 1000, said, count)


def _ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    return [one / other for one, other in zip(ours, theirs, strict=True)]


# --- appends and deliveries -------------------------------------------------------------------------------------------


async def _appends(client: Nats, rounds: int, count: int) -> Figure:
    """Events a second, `AT_ONCE` entities side by side, each waiting for its acknowledgement: the disk is the floor."""
    ratios, rates = [], []
    for number in range(rounds):
        raw = count / await _timed([_publish(client, new_id(), count // AT_ONCE) for _ in range(AT_ONCE)])
        ours = count / await _timed([_append(client, new_id(), count // AT_ONCE) for _ in range(AT_ONCE)])
        progress(f"round {number + 1}: {ours:.0f} appends a second, raw {raw:.0f}")
        ratios.append(ours / raw)
        rates.append(round(ours))
    return at_least("appends", "of raw js.publish with the same headers", ratios, 0.9, beside={"per_s": rates})


async def _timed(work: Sequence[object]) -> float:
    began = time.perf_counter()
    await asyncio.gather(*work)  # type: ignore[call-overload]
    return time.perf_counter() - began


async def _publish(client: Nats, guest: str, count: int) -> None:
    log, last = client.jetstream(), 0
    for number in range(count):
        event = GuestGreeted(guest, number)
        headers = headers_of(event, guest, Caller(), 0) | {
            Header.EXPECTED_LAST_SUBJECT_SEQUENCE: str(last),
            EXPECTED_LAST_SUBJECT_SEQUENCE_SUBJECT: events.entity("greeting", guest),
        }
        last = (await log.publish(events.of(GuestGreeted, guest), msgspec.json.encode(event), headers=headers)).seq


async def _append(client: Nats, guest: str, count: int) -> None:
    store: EventStore[int] = EventStore(client, "greeting", 0, lambda state, _: state + 1)
    for number in range(count):
        event = GuestGreeted(guest, number)
        await store.decide(guest, Caller(), lambda _, event=event: [event])  # type: ignore[misc]


async def _deliveries(url: str, rounds: int, count: int) -> Figure:
    async with servers.connected(url) as client:
        await _say([GuestGreeted(new_id(), number) for number in range(count)], client)
    ratios = []
    for number in range(rounds):
        seconds = {kind: await _listened(kind, url, count) for kind in ("raw", "actor")}
        progress(f"round {number + 1}: {count} deliveries in {seconds} CPU-seconds")
        ratios.append(seconds["raw"] / seconds["actor"])
        async with servers.connected(url) as client:  # the next actor begins again
            await (await client.jetstream().key_value("SHARES")).delete("greeting")
    return at_least("deliveries", "of raw pull, fetch and ack, per CPU-second", ratios, 0.85)


async def _listened(kind: str, url: str, count: int) -> float:
    command = child.module("ops.bench.listener", kind, url, str(count))
    async with child.running(*command, stdout=asyncio.subprocess.PIPE) as process:
        assert process.stdout
        return float(await process.stdout.readline())


async def _say(said: Sequence[Event], client: Nats) -> None:
    log = client.jetstream(publish_async_max_pending=500)
    for event in said:
        entity = str(getattr(event, event.__struct_fields__[0]))
        headers = headers_of(event, entity, Caller(), 0)
        await log.publish_async(events.of(type(event), entity), msgspec.json.encode(event), headers=headers)
    await log.publish_async_completed()


# --- tables -----------------------------------------------------------------------------------------------------------


async def _tables(client: Nats, database: str, count: int, rebuilt: int) -> AsyncIterator[Figure]:
    connection = await asyncpg.connect(database)
    projector, position, rates = Projector(client, PROJECTION), 0, []
    for _ in range(3):
        await _say(_stories(count // 3), client)
        began, first = time.perf_counter(), position
        while (reached := await projector.page(connection, position)) != position:
            position = reached
        rates.append((position - first) / (time.perf_counter() - began))
        progress(f"{rates[-1]:.0f} events a second into PostgreSQL")
    await connection.close()
    yield at_least("projection", "events a second into PostgreSQL", rates, 5_000)
    await _say(_stories(max(0, rebuilt - count)), client)
    progress("rebuilding")
    began = time.perf_counter()
    await rebuild(client, database, PROJECTION, lambda *_: None)
    seconds = time.perf_counter() - began
    yield at_most("rebuild", f"s for {max(rebuilt, count)} events", [seconds], max(rebuilt, count) / 5_000)


def _stories(count: int) -> list[Event]:
    """Recordings side by side, a hundred at a time: `count` events, six of each."""
    now = datetime.now(UTC)
    found: list[Event] = []
    for _ in range(count // 600 + 1):
        ids = [RecordingId(new_id()) for _ in range(100)]
        found += [RecordingPrepared(one, LOCAL_USER, LOCAL_WORKSPACE, "Demo", "", "screen", {}, now) for one in ids]
        for kind in (RecordingStarted, RecordingPaused, RecordingResumed, RecordingStopped):
            found += [kind(one, now) for one in ids]
        stretch = Stretch(0, now, now, 4.0, "video/0.m4s")
        found += [RecordingCompleted(one, now, 4.0, 1_000, [stretch]) for one in ids]
    return found[:count]
