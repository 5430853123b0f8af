"""Is this machine, and what is installed on it, as Loom needs it? Asked without any server."""

import importlib.metadata
import json
import shutil
import socket
import sys
from collections.abc import Callable
from typing import Final
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

from ops import data_folder
from ops.cli import words
from ops.cli.doctor.finding import Finding
from ops.data_folder import CannotStart
from ops.embedded import nats_server, redis_server
from ops.embedded.ports import is_free
from ops.settings import Settings
from ops.topology import PAGES

NAMES: Final = ("actors", "gateways", "media", "ops", "schemas", "subjects")
DISTRIBUTION: Final = "loom"
LOW_BYTES: Final = 2 << 30
HOUR_BYTES: Final = 1.1e9
"""Of 720p at 2.5 Mbit/s."""
ANSWER_S: Final = 5
CODECS: Final = (
    ("h264", "r", "posters of what browsers send"),
    ("vp8", "r", "posters of what browsers send"),
    ("mjpeg", "w", "posters"),
    ("opus", "r", "sound for players without Opus"),
    ("aac", "w", "sound for players without Opus"),
)
SECURE_HOSTS: Final = ("localhost", "127.0.0.1", "::1")


def python(_: Settings) -> Finding:
    """New enough, or it would not have been installed."""
    return Finding("python", f"{sys.version.split()[0]} in {sys.prefix}")


def packages(_: Settings) -> Finding:
    """Ours have short names: another distribution may have overwritten one."""
    owners = importlib.metadata.packages_distributions()
    others = {name: found for name in NAMES if (found := sorted(set(owners.get(name, [])) - {DISTRIBUTION}))}
    if others:
        claimed = "; ".join(f"`{name}` is also in {', '.join(found)}" for name, found in others.items())
        return Finding("packages", claimed, "Install Loom into an environment of its own.")
    return Finding("packages", "their names are ours alone")


def codecs(_: Settings) -> Finding:
    """FFmpeg, as PyAV brings it, has what workers need."""
    try:
        import av  # noqa: PLC0415  it may be what is broken
        from av.codec import Codec  # noqa: PLC0415
    except ImportError as error:
        return Finding("codecs", f"PyAV cannot be loaded: {error}", "Install it again: `pip install --force av`.")
    missing = []
    for name, mode, purpose in CODECS:
        try:
            Codec(name, mode)  # type: ignore[arg-type]
        except ValueError:
            missing.append(f"{'de' if mode == 'r' else 'en'}coder {name} ({purpose})")
    version = f"PyAV {av.__version__}, FFmpeg {av.ffmpeg_version_info}"
    if missing:
        return Finding("codecs", f"{version} has no {', no '.join(missing)}", "Install PyAV from its wheel on PyPI.")
    return Finding("codecs", version)


def folder(settings: Settings) -> Finding:
    """Can be written to, with room."""
    try:
        data_folder.check(settings.data)
    except CannotStart as error:
        return Finding("data", str(settings.data), str(error))
    free = shutil.disk_usage(settings.data).free
    room = f"{settings.data}, {words.size(free)} free: {words.number(free / HOUR_BYTES)} hours of 720p"
    return Finding("data", room, "Make room, or set LOOM_DATA to a larger disk." if free < LOW_BYTES else "")


def web(settings: Settings) -> Finding:
    """Loom answers there, or could."""
    where = settings.local_url
    if data_folder.is_in_use(settings.data):
        return _ready(where)
    try:
        free = is_free(settings.host, settings.port)
    except OSError as error:
        return Finding(
            "web", f"{settings.host}:{settings.port}: {error.strerror}", "Set LOOM_HOST to an address of ours."
        )
    if free:
        return Finding("web", f"{where} is free; Loom does not run on this data folder")
    return Finding("web", f"{where} is taken by another program", "Set LOOM_PORT to a free port.")


def _ready(where: str) -> Finding:
    try:
        with urlopen(f"{where}/health/ready", timeout=ANSWER_S) as response:  # noqa: S310  it is http
            away = json.load(response).get("away", [])
    except HTTPError as error:
        said = words.one_line(error.read().decode(errors="replace"))
        return Finding("web", f"{where} is not ready: {said}", "Its log says why, line by line.")
    except (OSError, ValueError) as error:  # URLError is an OSError; another program may say what is no JSON
        why = getattr(error, "reason", error)
        return Finding(
            "web", f"{where} does not answer: {why}", "`loom up` runs: has it said `ready`? Is LOOM_PORT its port?"
        )
    if away:
        names = " and ".join(str(one["name"]) for one in away)
        return Finding("web", f"{where} goes on without {names}", " ".join(str(one["means"]) for one in away))
    return Finding("web", f"{where} is ready")


def browsers(settings: Settings) -> Finding:
    """They give screen and camera only to pages from https:// or from this machine."""
    url = settings.public_url
    if not url:
        return Finding("browsers", "record from this machine; from others behind https:// only (LOOM_PUBLIC_URL)")
    if url.startswith("http://") and urlsplit(url).hostname not in SECURE_HOSTS:
        return Finding("browsers", f"give no camera to {url}", "Put a proxy with TLS before it; the README has two.")
    return Finding("browsers", f"record from {url}")


def media(settings: Settings) -> Finding:
    """The range for sources has free ports."""
    if not settings.udp_ports:
        return Finding("media ports", "any UDP port; LOOM_UDP_PORTS confines them, for a firewall")
    least, most = settings.udp_ports
    free = sum(_is_free_udp(port) for port in range(least, most + 1))
    answer = f"{free} of {most - least + 1} UDP ports are free"
    return Finding("media ports", answer, "" if free else "Set LOOM_UDP_PORTS to a range that nobody uses.")


def pages(_: Settings) -> Finding:
    """They have been built."""
    built = (PAGES / "index.html").exists()
    return Finding("pages", "built" if built else "not built", "" if built else "`make pages` builds them.")


def binaries(settings: Settings) -> Finding:
    """The embedded servers are installed, where they are needed."""
    found = [name for name, url in (("PostgreSQL", settings.database_url),) if not url]
    try:
        for name, url, binary in (
            ("NATS", settings.nats_url, nats_server.binary),
            ("Redis", settings.redis_url, redis_server.binary),
        ):
            if not url:
                binary()
                found.append(name)
    except FileNotFoundError as error:
        what, _, remedy = str(error).partition("; ")
        return Finding("embedded", what, remedy)
    return Finding("embedded", ", ".join(sorted(found)) or "none: all servers are configured")


QUESTIONS: Final[tuple[Callable[[Settings], Finding], ...]] = (
    python,
    packages,
    codecs,
    folder,
    web,
    browsers,
    media,
    pages,
    binaries,
)


def _is_free_udp(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
        return True
