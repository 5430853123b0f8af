import json
import os
import subprocess
import sys

import pytest

SAYS = """
import logging, structlog
from ops import logs
logs.configure({form!r}, "info", "ingest")
log = structlog.get_logger()
log.debug("not this")
log.info("hello", request_id="r1")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("failed")
logging.getLogger("aiohttp").warning("of %s", "others")
"""

GOES_ON = """
import sys, structlog
from ops import logs
logs.configure("console", "info", "ingest")
structlog.get_logger().info("nobody reads this")
structlog.get_logger().info("nor this")
sys.stderr.write("finished")
"""


def said(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_json_is_one_object_a_line_whoever_speaks() -> None:
    lines = [json.loads(line) for line in said(SAYS.format(form="json")).splitlines()]
    assert [line["event"] for line in lines] == ["hello", "failed", "of others"]
    assert lines[0]["process"] == "ingest"
    assert lines[0]["request_id"] == "r1"
    assert "ZeroDivisionError" in lines[1]["exception"]
    assert [line["level"] for line in lines] == ["info", "error", "warning"]


@pytest.mark.parametrize("word", ["hello", "request_id=r1", "ZeroDivisionError", "of others"])
def test_the_console_is_readable(word: str) -> None:
    assert word in said(SAYS.format(form="console"))


def test_a_process_goes_on_when_nobody_reads_its_log_any_more() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([sys.executable, "-uc", GOES_ON], stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert done.stderr == b"finished"
