"""nats-server with the block that `loom keys` writes: who may do what, tried for everybody and everything."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import nats.errors
import pytest
import pytest_asyncio
from nats.aio.client import Client
from nats.aio.msg import Msg

from ops import credentials, settings
from ops.connections import operator
from ops.embedded import nats_server
from ops.provision import provision
from ops.settings import Settings
from subjects import inboxes
from subjects.permissions import OPERATOR, PROCESSES
from subjects.rights import Rights
from tests.servers import NatsServer
from tests.subjects.covering import covers

in_module = pytest.mark.asyncio(loop_scope="module")
NOBODYS = "nobodys.subject"
OTHERS = [name for name in PROCESSES if name != OPERATOR]


class Someone:
    """A process's connection, with what it was refused."""

    def __init__(self, client: Client, refused: list[str]) -> None:
        self.client, self._refused = client, refused

    async def may_not_publish(self, subjects: Iterable[str]) -> set[str]:
        """Those of `subjects` that are refused, tried with an empty message."""
        asked = set(subjects)
        self._refused.clear()
        for subject in asked:
            await self.client.publish(subject, b"")
        return await self._those_refused(asked)

    async def may_not_subscribe(self, wanted: Iterable[str]) -> set[str]:
        """The same; "subject queue" is a place in a queue group."""
        asked = set(wanted)
        self._refused.clear()
        made = [await self.client.subscribe(one.partition(" ")[0], queue=one.partition(" ")[2]) for one in asked]
        refused = await self._those_refused(asked)
        for subscription in made:
            await subscription.unsubscribe()
        return refused

    async def _those_refused(self, asked: set[str]) -> set[str]:
        """nats-server answers in order: what was refused is known when it has refused what nobody may."""
        await self.client.publish(NOBODYS, b"")
        async with asyncio.timeout(10):
            while not self._are_refused(NOBODYS):  # noqa: ASYNC110
                await asyncio.sleep(0.002)
        return {one for one in asked if self._are_refused(one.partition(" ")[0])}

    def _are_refused(self, subject: str) -> bool:
        return any(f'"{subject.lower()}"' in why for why in self._refused)


@asynccontextmanager
async def connected(read: Settings, name: str) -> AsyncIterator[Someone]:
    refused: list[str] = []

    async def failed(error: Exception) -> None:
        refused.append(str(error).lower())

    client = credentials.client(read)
    await client.connect(**credentials.options(read, name), error_cb=failed, allow_reconnect=False)
    try:
        yield Someone(client, refused)
    finally:
        await client.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def read(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Settings]:
    """A guarded server with the streams."""
    folder = tmp_path_factory.mktemp("guarded")
    async with NatsServer(folder, nats_server.guarded(folder / "keys")) as server:
        read = settings.read({"LOOM_NATS_URL": server.url, "LOOM_NATS_KEYS": str(folder / "keys")})
        async with operator(read) as client:
            await provision(client)
        yield read


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def everybody(read: Settings) -> AsyncIterator[dict[str, Someone]]:
    async with AsyncExitStack() as stack:
        yield {name: await stack.enter_async_context(connected(read, name)) for name in PROCESSES}


def examples(patterns: Iterable[str]) -> set[str]:
    """A subject that each of them covers."""
    return {pattern.replace("*", "x").replace(">", "x.y") for pattern in patterns}


def covered(subject: str, patterns: Iterable[str]) -> bool:
    return any(covers(pattern, subject) for pattern in patterns)


def published(rights: Rights, subject: str) -> bool:
    return covered(subject, rights.publish) and not covered(subject, rights.never)


ALL_PUBLISHED = {one for rights in PROCESSES.values() for one in examples(rights.publish)}
ALL_SUBSCRIBED = {one for rights in PROCESSES.values() for one in examples(rights.subscribe)}


@in_module
@pytest.mark.parametrize("name", PROCESSES)
async def test_whatever_is_not_ones_own_is_refused(name: str, everybody: dict[str, Someone]) -> None:
    someone, rights = everybody[name], PROCESSES[name]
    own = {one for one in ALL_PUBLISHED if published(rights, one)}
    assert await someone.may_not_publish(ALL_PUBLISHED) == ALL_PUBLISHED - own
    own = {one for one in ALL_SUBSCRIBED if covered(one, rights.subscribe)}
    assert await someone.may_not_subscribe(ALL_SUBSCRIBED) == ALL_SUBSCRIBED - own


@in_module
@pytest.mark.parametrize("name", OTHERS)
async def test_nobody_hears_what_another_is_answered(name: str, everybody: dict[str, Someone]) -> None:
    theirs = {f"{inboxes.of(other)}.>" for other in PROCESSES if other != name} | {"_INBOX.>", ">"}
    assert await everybody[name].may_not_subscribe(theirs) == theirs


@in_module
@pytest.mark.parametrize("name", ["edge", "streaming", "processing"])
async def test_who_reads_the_log_cannot_change_the_consumers_of_others(
    name: str, everybody: dict[str, Someone]
) -> None:
    create = "$JS.API.CONSUMER.CREATE.MEDIA"
    wanted = {
        f"{create}.archiver.loom.media.>",
        f"{create}.aac.loom.media.x.audio.part",
        f"{create}.archiver",
        create,
        "$JS.API.CONSUMER.DURABLE.CREATE.MEDIA.archiver",
        "$JS.API.CONSUMER.DELETE.MEDIA.archiver",
        "$JS.API.CONSUMER.PAUSE.MEDIA.archiver",
        "$JS.API.STREAM.DELETE.MEDIA",
        "$JS.API.STREAM.PURGE.EVENTS",
    }
    if name != "streaming":  # which bounds the log when the disk fills up (ADR 15)
        wanted.add("$JS.API.STREAM.UPDATE.MEDIA")
    assert await everybody[name].may_not_publish(wanted) == wanted


@in_module
async def test_a_reader_makes_consumers_of_its_own(everybody: dict[str, Someone]) -> None:
    subject = "$JS.API.CONSUMER.CREATE.MEDIA.mine.loom.media.r1.>"
    config = {"name": "mine", "filter_subject": "loom.media.r1.>", "ack_policy": "none"}
    body = json.dumps({"stream_name": "MEDIA", "config": config}).encode()
    answer = await everybody["edge"].client.request(subject, body, timeout=5)
    assert json.loads(answer.data)["name"] == "mine"


@in_module
async def test_a_queue_group_is_not_listened_to_from_outside(everybody: dict[str, Someone]) -> None:
    endpoints = {"loom.cmd.recording.stop", "loom.peer.recording.x"}
    assert await everybody["recording"].may_not_subscribe(endpoints) == endpoints


@in_module
async def test_an_answer_is_given_once_and_only_to_who_has_asked(everybody: dict[str, Someone]) -> None:
    asking, answering = everybody[OPERATOR], everybody["streaming"]
    asked = await answering.client.subscribe("$SRV.INFO.streaming")
    await answering.client.flush()
    reply = asyncio.ensure_future(asking.client.request("$SRV.INFO.streaming", b"?", timeout=5))
    message = await asked.next_msg(5)
    await message.respond(b"!")
    assert (await reply).data == b"!"
    assert await answering.may_not_publish([message.reply]) == {message.reply}
    await asked.unsubscribe()


@in_module
async def test_each_service_of_a_process_answers_what_goes_to_all_of_them(everybody: dict[str, Someone]) -> None:
    asking, answering = everybody[OPERATOR].client, everybody["recording"].client

    async def answer(message: Msg) -> None:
        await message.respond(b"!")

    services = [await answering.subscribe("$SRV.INFO", cb=answer) for _ in range(PROCESSES["recording"].answers)]
    await answering.flush()
    inbox = asking.new_inbox()
    answers = await asking.subscribe(inbox)
    await asking.publish("$SRV.INFO", b"", reply=inbox)
    assert [(await answers.next_msg(5)).data for _ in services] == [b"!", b"!"]
    for subscription in (*services, answers):
        await subscription.unsubscribe()


@in_module
async def test_nobody_comes_in_without_a_key(read: Settings) -> None:
    with pytest.raises(nats.errors.Error, match="Authorization Violation"):
        await nats.connect(read.nats_url, allow_reconnect=False, error_cb=_quietly)


def test_what_several_may_publish_is_known() -> None:
    """Reading the log, asking for a recording, the end of its media: everything else has one owner."""
    by = {subject: [name for name in OTHERS if published(PROCESSES[name], subject)] for subject in ALL_PUBLISHED}
    assert {subject: names for subject, names in by.items() if len(names) > 1} == {
        "$JS.API.CONSUMER.CREATE.MEDIA.x.loom.media.x.y": ["edge", "streaming", "processing"],
        "$JS.API.DIRECT.GET.EVENTS": ["recording", "streaming", "processing"],
        "$JS.API.DIRECT.GET.EVENTS.loom.evt.x.y": ["recording", "streaming", "processing"],
        "$JS.API.DIRECT.GET.MEDIA": ["edge", "streaming", "processing"],
        "$JS.API.DIRECT.GET.MEDIA.loom.media.x.y": ["edge", "streaming", "processing"],
        "$JS.API.DIRECT.GET.MEDIA.loom.media.x.x.part": ["edge", "recording", "streaming", "processing"],
        **{
            f"$JS.API.DIRECT.GET.MEDIA.loom.media.x.{rendition}.part": [
                *("edge", "ingest", "recording", "streaming", "processing")
            ]
            for rendition in ("video", "audio")
        },
        **{
            f"$JS.API.DIRECT.GET.MEDIA.loom.media.x.{rendition}.init": ["edge", "ingest", "streaming", "processing"]
            for rendition in ("video", "audio")
        },
        "$JS.API.STREAM.MSG.GET.EVENTS": ["recording", "streaming", "processing"],
        "$JS.API.STREAM.MSG.GET.MEDIA": ["recording", "streaming", "processing"],
        "$JS.API.DIRECT.GET.RAW.loom.raw.x.page": ["ingest", "recording", "processing"],
        "$JS.API.STREAM.MSG.GET.RAW": ["recording", "streaming", "processing"],
        "$JS.API.STREAM.INFO.KV_SHARES": ["recording", "streaming", "processing"],
        "$JS.API.STREAM.INFO.MEDIA": ["streaming", "processing"],
        "loom.cmd.recording.connect_source": ["ingest", "processing"],  # an import is a source
        "loom.cmd.recording.start": ["api", "processing"],
        "loom.cmd.recording.stop": ["api", "processing"],
        "loom.cmd.recording.update": ["api", "processing"],
        "loom.live.x.source": ["ingest", "processing"],
        "loom.cmd.recording.delete": ["api", "streaming"],
        "loom.cmd.recording.get": ["edge", "api", "ingest", "processing"],
        "loom.media.x.all.end": ["ingest", "streaming", "processing"],
        **{
            f"loom.media.x.{rendition}.{kind}": ["ingest", "processing"]
            for rendition in ("video", "audio")
            for kind in ("init", "part")
        },
        "loom.raw.x.end": ["ingest", "streaming"],
    }


async def _quietly(_: Exception) -> None:
    pass


def test_the_configuration_may_stand_in_a_folder_with_a_strange_name(tmp_path: Path) -> None:
    written = nats_server.guarded(tmp_path / "two words" / "keys")
    included = [line.split('"')[1] for line in written.read_text().splitlines()]
    assert all((written.parent / name).resolve().exists() for name in included)
