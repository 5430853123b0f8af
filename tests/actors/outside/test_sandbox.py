"""Whatever a child does, its call ends with a sentence, and everybody else goes on."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from actors.outside.limits import FIRST_FILE, MEBIBYTE, Limits
from actors.outside.sandbox import Sandbox, Spoiled
from schemas.errors import Unavailable
from tests.actors.outside import inmates
from tests.servers import until


@pytest_asyncio.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(preload=()) as made:
        yield made


async def test_values_cross_as_what_they_are(sandbox: Sandbox) -> None:
    given = inmates.Pair("a", bytes(range(256)) * 1000)
    assert await sandbox.run(inmates.doubled, given, 2) == {"a": inmates.Pair("a", given.data * 2)}


@pytest.mark.parametrize(
    ("work", "limits", "sentence"),
    [
        (inmates.hangs, Limits(seconds=0.3), "longer than 0.3 s"),
        (inmates.computes, Limits(cpu_seconds=1), "more than 1 s of computing"),
        (inmates.crashes, Limits(), "crashed on it \\(SIGSEGV\\)"),
        (inmates.eats, Limits(memory_bytes=100 * MEBIBYTE), "more memory"),
        (inmates.pours, Limits(answer_bytes=2 * MEBIBYTE), "more than 2 MB of output"),
        (inmates.refuses, Limits(), "There is no picture in it."),
        (inmates.surprises, Limits(), "cannot be read \\(KeyError\\)"),
    ],
    ids=["hangs", "computes", "crashes", "eats", "pours", "refuses", "surprises"],
)
async def test_a_child_that_oversteps_fails_its_own_call(
    sandbox: Sandbox, work: Callable[[], int | bytes], limits: Limits, sentence: str
) -> None:
    good = asyncio.ensure_future(sandbox.run(inmates.doubled, inmates.Pair("a", b"x"), 3))
    with pytest.raises(Spoiled, match=sentence):
        await sandbox.run(work, limits=limits)
    assert (await good)["a"].data == b"xxx"


async def test_a_child_reads_no_file_and_knows_no_setting(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOM_SECRET", "a secret")
    async with Sandbox(preload=()) as later:
        assert await later.run(inmates.settings) == []
    with pytest.raises(Spoiled, match="Too many open files"):
        await sandbox.run(inmates.reads, "/etc/hostname")


async def test_a_child_reads_the_files_it_is_handed_and_no_other(sandbox: Sandbox, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    with (tmp_path / "a").open() as a, (tmp_path / "b").open() as b:
        files = [a.fileno(), b.fileno()]
        assert await sandbox.run(inmates.reads_handed, [FIRST_FILE, FIRST_FILE + 1], files=files) == ["a", "b"]
        with pytest.raises(Spoiled, match="Bad file descriptor"):
            await sandbox.run(inmates.reads_handed, [FIRST_FILE + 2], files=files)
        with pytest.raises(Spoiled, match="Too many open files"):
            await sandbox.run(inmates.reads, str(tmp_path / "a"), files=files)


async def test_an_object_lives_on_between_calls_and_ends_with_its_block(sandbox: Sandbox) -> None:
    async with sandbox.open(inmates.Sum, 40) as total:
        assert [await total.call("add", 1), await total.call("add", 1)] == [41, 42]
        zygote = _parent(await total.call("process"))
        assert _children(zygote) == 1
    await until(_has_children(zygote, 0))
    with pytest.raises(Spoiled, match="below nothing"):
        async with sandbox.open(inmates.Sum, -1):
            pass


async def test_a_cancelled_call_kills_its_child(sandbox: Sandbox) -> None:
    async with sandbox.open(inmates.Sum, 0) as total:
        zygote = _parent(await total.call("process"))
        hanging = asyncio.ensure_future(sandbox.run(inmates.hangs))
        await until(_has_children(zygote, 2))
        hanging.cancel()
        await until(_has_children(zygote, 1))
        assert await total.call("add", 1) == 1


async def test_a_killed_zygote_is_replaced(sandbox: Sandbox) -> None:
    async with sandbox.open(inmates.Sum, 0) as total:
        hanging = asyncio.ensure_future(sandbox.run(inmates.hangs, limits=Limits(cpu_seconds=1)))
        process = await total.call("process")
        zygote = _parent(process)
        await until(_has_children(zygote, 2))
        os.kill(zygote, signal.SIGKILL)
        with pytest.raises(Unavailable, match="was killed"):
            await hanging
    await until(_is_gone(process))
    assert (await sandbox.run(inmates.doubled, inmates.Pair("a", b"x"), 2))["a"].data == b"xx"


async def test_children_end_with_their_parent() -> None:
    async with Sandbox(preload=()) as sandbox, sandbox.open(inmates.Sum, 0) as total:
        zygote = _parent(await total.call("process"))
    await until(_is_gone(zygote))


def _children(zygote: int) -> int:
    return len(Path(f"/proc/{zygote}/task/{zygote}/children").read_text().split())


def _has_children(zygote: int, number: int) -> Callable[[], Awaitable[bool]]:
    async def holds() -> bool:
        return _children(zygote) == number

    return holds


def _is_gone(process: int) -> Callable[[], Awaitable[bool]]:
    async def holds() -> bool:
        return not Path(f"/proc/{process}").exists()  # noqa: ASYNC240  no file

    return holds


def _parent(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
