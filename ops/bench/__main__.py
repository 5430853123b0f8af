"""`python -m ops.bench [FIGURE…] [--quick]`: one JSON line a figure on standard output, progress on standard error."""

import argparse
import asyncio
import importlib
import sys
from typing import Final

import msgspec

from ops.bench.figure import progress

MODULES: Final = (
    "gateway",
    "edge",
    "in_process",
    "glass_to_glass",
    "stop_to_ended",
    "download",
    "edit",
    "ladder",
    "runtime",
)


async def measure(modules: list[str], *, quick: bool) -> bool:
    """Print every figure; answers whether all of them hold."""
    held = True
    for name in modules:
        progress(f"--- {name}")
        async for figure in importlib.import_module(f"ops.bench.{name}").figures(quick=quick):
            sys.stdout.buffer.write(msgspec.json.encode(figure) + b"\n")
            sys.stdout.buffer.flush()
            held = held and figure.ok
    return held


def main() -> None:
    """Exit status 1 when a figure misses its bar."""
    parser = argparse.ArgumentParser(prog="python -m ops.bench", description=__doc__)
    parser.add_argument("figure", nargs="*", metavar="FIGURE", help=f"of {', '.join(MODULES)}; all without")
    parser.add_argument("--quick", action="store_true", help="shorter and fewer runs")
    arguments = parser.parse_args()
    if unknown := set(arguments.figure) - set(MODULES):
        parser.error(f"no such figure: {', '.join(sorted(unknown))}; there are {', '.join(MODULES)}")
    sys.exit(not asyncio.run(measure(arguments.figure or list(MODULES), quick=arguments.quick)))


if __name__ == "__main__":
    main()
