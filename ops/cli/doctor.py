"""`loom doctor`: what is wrong with this set-up, and what would help? One line a question."""

import asyncio
import importlib.metadata
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Final

import obstore
from msgspec import Struct

from ops import data_folder
from ops import settings as reading
from ops.connections import object_store
from ops.data_folder import CannotStart
from ops.embedded import nats_server, redis_server, servers
from ops.embedded.ports import is_free
from ops.settings import SettingError, Settings
from ops.topology import PAGES

NAMES: Final = ("actors", "gateways", "media", "ops", "schemas", "subjects")
DISTRIBUTION: Final = "loom"
_PROBE: Final = "doctor"


class Finding(Struct, frozen=True):
    """The answer to one question; `help` is empty when all is well."""

    question: str
    answer: str
    help: str = ""


def main() -> int:
    """The exit status: 1 when something needs help."""
    try:
        findings = list(examine(reading.read()))
    except SettingError as error:
        findings = [Finding("settings", "cannot be used", str(error))]
    for finding in findings:
        print(f"{'✗' if finding.help else '✓'} {finding.question:12} {finding.help or finding.answer}")  # noqa: T201
    return int(any(finding.help for finding in findings))


def examine(settings: Settings) -> Iterator[Finding]:
    """All questions, in an order in which one can work on them."""
    unknown = reading.unknown()
    yield Finding("settings", "understood", f"{', '.join(unknown)}: no such setting" if unknown else "")
    yield from (ask(settings) for ask in QUESTIONS)


def names(_: Settings) -> Finding:
    """Our packages have short names: another distribution may have overwritten one."""
    owners = importlib.metadata.packages_distributions()
    others = {name: found for name in NAMES if (found := sorted(set(owners.get(name, [])) - {DISTRIBUTION}))}
    claimed = "; ".join(f"`{name}` is also in {', '.join(found)}" for name, found in others.items())
    return Finding(
        "packages", "ours alone", f"{claimed}: install Loom into an environment of its own" if others else ""
    )


def folder(settings: Settings) -> Finding:
    """Can be written to, with room."""
    try:
        data_folder.check(settings.data)
    except CannotStart as error:
        return Finding("data", "", str(error))
    return Finding("data", f"{settings.data}, {shutil.disk_usage(settings.data).free >> 30} GB free")


def web(settings: Settings) -> Finding:
    """The address is free, or Loom itself is there."""
    where = f"{settings.host}:{settings.port}"
    try:
        free = is_free(settings.host, settings.port)
    except OSError as error:
        return Finding("web address", "", f"{where}: {error.strerror}; set LOOM_HOST")
    return Finding("web address", f"{where} is {'free' if free else 'in use, by Loom if it is running'}")


def media(settings: Settings) -> Finding:
    """The range for sources has free ports."""
    if not settings.udp_ports:
        return Finding("media", "any UDP port; confine them with LOOM_UDP_PORTS behind a firewall")
    least, most = settings.udp_ports
    free = sum(_is_free_udp(port) for port in range(least, most + 1))
    return Finding("media", f"{free} free UDP ports", "" if free else f"no UDP port between {least} and {most} is free")


def pages(_: Settings) -> Finding:
    """They have been built."""
    built = (PAGES / "index.html").exists()
    return Finding("pages", "built", "" if built else "not built; `make pages` does")


def binaries(settings: Settings) -> Finding:
    """The embedded servers are installed, where they are needed."""
    try:
        found = [nats_server.binary()] if not settings.nats_url else []
        found += [redis_server.binary()] if not settings.redis_url else []
    except FileNotFoundError as error:
        return Finding("servers", "", str(error))
    return Finding("servers", f"embedded: {len(found) + (not settings.database_url)}")


def configured(settings: Settings) -> Finding:
    """Servers that are configured answer."""
    try:
        asyncio.run(servers.reach(settings))
    except (CannotStart, SettingError) as error:
        return Finding("connections", "", str(error))
    return Finding("connections", "every configured server answers")


def storage(settings: Settings) -> Finding:
    """An object can be written and removed."""
    shown = servers.shown(settings.storage_url) or "a folder"
    try:
        store = object_store(settings)
        obstore.put(store, _PROBE, b"loom")
        obstore.delete(store, _PROBE)
    except (OSError, ValueError, obstore.exceptions.BaseError) as error:
        return Finding("storage", "", f"{shown}: {str(error).splitlines()[0]}")
    return Finding("storage", f"{shown} can be written to")


def python(_: Settings) -> Finding:
    """New enough."""
    return Finding("python", f"{sys.version.split()[0]} in {sys.prefix}")


QUESTIONS: Final[tuple[Callable[[Settings], Finding], ...]] = (
    python,
    names,
    folder,
    web,
    media,
    pages,
    binaries,
    configured,
    storage,
)


def _is_free_udp(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
        return True
