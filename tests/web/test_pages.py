"""The pages' own checks (types and unit tests, in Node), and what the build must have made of them."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "gateways" / "web"
DIST = WEB / "dist"
PAGES = ("index.html", "record.html", "watch.html")


@pytest.fixture
def built() -> Path:
    if not (DIST / "index.html").exists():
        pytest.fail("The pages are not built: `make pages`.")
    return DIST


async def test_types_and_unit_tests_of_the_pages_pass(built: Path) -> None:  # noqa: ARG001
    path = f"{os.environ['PATH']}:{Path(sys.executable).parent}"
    process = await asyncio.create_subprocess_exec(
        "npm",
        "run",
        "check",
        cwd=WEB,
        env={**os.environ, "PATH": path, "CI": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode(errors="replace")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_nobody_else_for_anything(built: Path, page: str) -> None:
    assert re.findall(r"(?:src|href)=\"(?!/)[^\"#]", (built / page).read_text()) == []


@pytest.mark.parametrize("page", PAGES)
def test_everything_a_page_names_is_there(built: Path, page: str) -> None:
    named = re.findall(r"(?:src|href)=\"(/[^\"#]+\.\w+)(?:#[\w-]+)?\"", (built / page).read_text())
    assert [name for name in named if not (built / name.lstrip("/")).is_file()] == []


def test_the_watch_page_keeps_the_place_for_opengraph(built: Path) -> None:
    assert (built / "watch.html").read_text().count("<!--opengraph-->") == 1


def test_the_lock_file_names_no_host() -> None:
    assert '"resolved"' not in (WEB / "package-lock.json").read_text()
