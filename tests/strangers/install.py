"""What others have written in JavaScript, from npm, for the tests."""

import asyncio
import shutil
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
INSTALL_DEADLINE_S = 90


async def installed() -> Path:
    """Where the packages are; fetched at the first time."""
    found = FOLDER / "node_modules"
    if all((found / name).exists() for name in ("hls-parser", "@asyncapi/specs", "dashjs")):
        return found
    if shutil.which("npm") is None:
        pytest.skip("this needs npm, and there is none here")
    process = await asyncio.create_subprocess_exec(
        *("npm", "ci", "--no-audit", "--no-fund"), cwd=FOLDER, stdout=asyncio.subprocess.DEVNULL
    )
    async with asyncio.timeout(INSTALL_DEADLINE_S):
        assert await process.wait() == 0, "npm could not install what others have written"
    return found
