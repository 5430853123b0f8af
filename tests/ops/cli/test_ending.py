"""How verbs end: with which exit status, and with which words where."""

import asyncio
import os
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

VERBS = (
    "js streams",
    "js consumers",
    "js tail",
    "js tail --stream EVENTS --from 1",
    "js show",
    "js replay recording --from 1",
    "dlq ls",
    "dlq show 1",
    "dlq retry --all",
    "dlq drop 1 --yes",
    "services",
    "top",
)


class Said(NamedTuple):
    """What a command did."""

    status: int | None
    out: str
    complaints: list[str]


async def loom(words: str, **more: str) -> Said:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ops", *words.split()),
        env={**os.environ, **more},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        out, complaints = await process.communicate()
    return Said(process.returncode, out.decode(), complaints.decode().splitlines())


async def test_where_nats_is_away_every_verb_says_so_in_one_line(tmp_path: Path) -> None:
    for json in ("", " --json"):
        for said in await asyncio.gather(
            *(loom(verb + json, LOOM_DATA=str(tmp_path), LOOM_NATS_URL="nats://127.0.0.1:1") for verb in VERBS)
        ):
            assert (said.status, said.out) == (1, "")
            (line,) = said.complaints
            assert line.startswith("loom: NATS at nats://127.0.0.1:1 does not answer (")


@pytest.mark.parametrize("verb", ["js streams", "top --json", "rebuild recording"])
async def test_where_no_loom_runs_that_is_said_with_the_remedy(tmp_path: Path, verb: str) -> None:
    said = await loom(verb, LOOM_DATA=str(tmp_path))
    expected = f"loom: No Loom is running on {tmp_path}; set LOOM_DATA or LOOM_NATS_URL."
    assert (said.status, said.out, said.complaints) == (1, "", [expected])


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("rebuild poetry", "There is no projection 'poetry'; there are recording, processing."),
        ("js show a.b", "'a.b' cannot be part of a subject"),
        ("dlq retry", "say which ones, or --all"),
        ("js tail --from 3", "only what a stream keeps can be read"),
        ("top --every often", "'often' is no span of time"),
    ],
)
async def test_what_cannot_be_meant_is_bad_usage(tmp_path: Path, words: str, line: str) -> None:
    said = await loom(words, LOOM_DATA=str(tmp_path), COLUMNS="200")
    assert (said.status, said.out) == (2, "")
    assert any(line in complaint for complaint in said.complaints)


async def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    said = await loom("js streams", LOOM_DATA=str(tmp_path), LOOM_PORT="many")
    assert (said.status, len(said.complaints)) == (1, 1)
    assert "LOOM_PORT must be" in said.complaints[0]
    assert (await loom("doctor --json", LOOM_DATA=str(tmp_path), LOOM_PORT="many")).status == 1
