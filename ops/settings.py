"""What can be set? The one reader of LOOM_*; everything below `ops` is handed plain values."""

import ipaddress
import os
import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal

from msgspec import Struct, structs

from schemas.media import RUNGS

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class SettingError(Exception):
    """A setting cannot be used; the message says which, why and what would do."""


class Setting(Struct, frozen=True):
    """One environment variable."""

    name: str
    default: str
    says: str
    read: Callable[[str], Any] = str


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch("[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise ValueError(f"a whole number between {least} and {most}")
        return int(text)

    return read


def _bytes(text: str) -> int:
    if not re.fullmatch("[1-9][0-9]{0,14}", text):
        raise ValueError("a number of bytes such as 10737418240")
    return int(text)


def _share(text: str) -> float:
    if not re.fullmatch(r"0|1|[01]?\.[0-9]{1,9}", text) or float(text) > 1:
        raise ValueError("a number between 0 and 1")
    return float(text)


def _nodes(text: str) -> int:
    if text not in ("1", "3", "5"):
        raise ValueError("1, 3 or 5")
    return int(text)


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(" or ".join(words))
        return text

    return read


def _ladder(text: str) -> tuple[str, ...]:
    wanted = [] if text == "none" else [name.strip() for name in text.split(",")]
    if not set(wanted) <= set(RUNGS):
        raise ValueError(f"some of {', '.join(RUNGS)}, or none")
    return tuple(name for name in RUNGS if name in wanted)


def _ports(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    found = re.fullmatch(r"(\d+)-(\d+)", text)
    if not found or not 1024 <= int(found[1]) < int(found[2]) <= 65535:  # noqa: PLR2004
        raise ValueError("a range of ports such as 50000-50999")
    return int(found[1]), int(found[2])


def _path(text: str) -> Path | None:
    return Path(text).expanduser().resolve() if text else None


def _url(*schemes: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text and not text.startswith(schemes):
            raise ValueError(f"an address that begins with {' or '.join(schemes)}")
        return text.rstrip("/") if text.startswith("http") else text

    return read


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text)) if text else ""
    except ValueError:
        raise ValueError("an IP address") from None


def _ice_servers(text: str) -> tuple[str, ...]:
    servers = tuple(word.strip() for word in text.split(",") if word.strip())
    if not all(re.fullmatch(r"(stuns?:|turns?:([^:@]+:[^@]+@)?)[^@/]+", server) for server in servers):
        raise ValueError("a list such as stun:host:3478,turn:user:secret@host:3478")
    return servers


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(word.strip()) for word in text.split(",") if word.strip())
    except ValueError:
        raise ValueError("a list of addresses and networks such as 10.0.0.5,172.16.0.0/12") from None


ALL: Final = (
    Setting("LOOM_DATA", "./data", "Where everything is kept that is not configured to live elsewhere.", Path),
    Setting("LOOM_HOST", "127.0.0.1", "The address the web server listens on; 0.0.0.0 for all."),
    Setting("LOOM_PORT", "8080", "The port the web server listens on.", _whole(1, 65535)),
    Setting(
        "LOOM_PUBLIC_URL",
        "",
        "How people reach it, such as https://loom.example; empty: as the request says.",
        _url("http://", "https://"),
    ),
    Setting(
        "LOOM_CDN_URL",
        "",
        "A CDN in front of the media, such as https://cdn.example; empty: media is read where the pages are.",
        _url("http://", "https://"),
    ),
    Setting(
        "LOOM_SIGNED_PATHS",
        "on",
        "on: media is read under signed links only, which expire; off: plain /hls/ paths do as well.",
        _one_of("on", "off"),
    ),
    Setting(
        "LOOM_LINK_TTL_S",
        "21600",
        "For how many seconds a link to media is good at least; pages that are open get a new one by themselves.",
        _whole(2, 2_592_000),
    ),
    Setting(
        "LOOM_NATS_URL",
        "",
        "A NATS server with JetStream; empty: the embedded one.",
        _url("nats://", "tls://", "ws://", "wss://"),
    ),
    Setting(
        "LOOM_NATS_KEYS",
        "",
        "A folder of nkeys, one a process, made by `loom keys`; empty: none, or those of the embedded server.",
        _path,
    ),
    Setting("LOOM_NATS_CA", "", "NATS is spoken to by TLS only, with a server this file (PEM) vouches for.", _path),
    Setting(
        "LOOM_NATS_CERT",
        "",
        "Our certificate, for mutual TLS: a file, or a folder with one NAME.pem a process.",
        _path,
    ),
    Setting(
        "LOOM_NATS_KEY",
        "",
        "The private key of LOOM_NATS_CERT: a file, or a folder with one NAME.key a process.",
        _path,
    ),
    Setting(
        "LOOM_NATS_NODES",
        "1",
        "How many NATS servers keep every message; of three, one may be lost. Chosen once for a data folder.",
        _nodes,
    ),
    Setting(
        "LOOM_DATABASE_URL",
        "",
        "A PostgreSQL database, postgresql://…; empty: the embedded one.",
        _url("postgresql://", "postgres://"),
    ),
    Setting(
        "LOOM_REDIS_URL",
        "",
        "A Redis server, redis://…; empty: the embedded one.",
        _url("redis://", "rediss://", "unix://"),
    ),
    Setting(
        "LOOM_STORAGE_URL",
        "",
        "Object storage: file://, s3://, gs:// or az://; empty: a folder in LOOM_DATA.",
        _url("file:///", "s3://", "gs://", "az://"),
    ),
    Setting("LOOM_SECRET", "", "Signs recording tokens; empty: made once and kept in LOOM_DATA."),
    Setting("LOOM_MAX_UPLOAD_BYTES", "10737418240", "How long a file may be that is imported, bytes.", _bytes),
    Setting("LOOM_UDP_PORTS", "", "The UDP ports for media, such as 50000-50999; empty: any.", _ports),
    Setting("LOOM_PUBLIC_IP", "", "The address announced for media, outside a container or NAT.", _address),
    Setting(
        "LOOM_ICE_SERVERS",
        "",
        "STUN and TURN servers for browsers: stun:host:port,turn:user:secret@host:port.",
        _ice_servers,
    ),
    Setting("LOOM_INGEST_PROCESSES", "1", "How many WHIP gateways; one per core for many recordings.", _whole(1, 64)),
    Setting("LOOM_EDGE_PROCESSES", "1", "How many HLS edges share the port.", _whole(1, 64)),
    Setting("LOOM_PROCESSING_PROCESSES", "1", "How many processes work at jobs.", _whole(1, 64)),
    Setting(
        "LOOM_PROCESSING_SLOTS",
        "0",
        "How many pieces of work one of them does at a time; 0: as many as there are cores, less one.",
        _whole(0, 1024),
    ),
    Setting("LOOM_MAX_SESSIONS", "100", "How many sources one gateway takes at a time.", _whole(1, 10_000)),
    Setting(
        "LOOM_LIMIT_RECORDINGS",
        "120",
        "How many recordings one address may start in a minute; 0: any number.",
        _whole(0, 1_000_000),
    ),
    Setting(
        "LOOM_LIMIT_SESSIONS",
        "300",
        "How often one address may begin to send (WHIP) in a minute; 0: any number.",
        _whole(0, 1_000_000),
    ),
    Setting(
        "LOOM_LIMIT_CHANGES",
        "600",
        "How many other changes one address may make in a minute; 0: any number.",
        _whole(0, 1_000_000),
    ),
    Setting(
        "LOOM_TRUSTED_PROXIES",
        "",
        "Proxies whose X-Forwarded-For is believed, besides those on this machine: 10.0.0.5,172.16.0.0/12.",
        _networks,
    ),
    Setting(
        "LOOM_LIVE_RUNG",
        "watched",
        "Which live recordings can also be watched at 360p, on slow networks: always all, watched those that somebody "
        "watches, or off for none.",
        _one_of("always", "watched", "off"),
    ),
    Setting(
        "LOOM_LADDER",
        "1080p,720p,480p,360p",
        "The sizes a recording can also be watched at after its end, up to its own: of 1080p, 720p, 480p and 360p; "
        "none: its own alone.",
        _ladder,
    ),
    Setting(
        "LOOM_VIDEO_ENCODER",
        "libx264",
        "How smaller sizes are encoded: libx264 on any machine; h264_nvenc, h264_vaapi, h264_videotoolbox, h264_qsv or "
        "h264_amf where FFmpeg and the graphics card offer it.",
        _one_of("libx264", "h264_nvenc", "h264_vaapi", "h264_videotoolbox", "h264_qsv", "h264_amf"),
    ),
    Setting("LOOM_PART_MS", "333", "The length of a part, milliseconds.", _whole(100, 1000)),
    Setting("LOOM_SEGMENT_MS", "2000", "The length of a segment, milliseconds.", _whole(1000, 10_000)),
    Setting(
        "LOOM_ABANDON_AFTER_S",
        "60",
        "A recording nobody sends to ends by itself after so many seconds.",
        _whole(1, 86_400),
    ),
    Setting(
        "LOOM_RESERVE_MB",
        "512",
        "With less disk space than so many megabytes no recording is begun; with half of that, none goes on.",
        _whole(0, 100_000_000),
    ),
    Setting("LOOM_GRACE_S", "10", "How long a process may take to finish what it is doing.", _whole(1, 300)),
    Setting(
        "LOOM_METRICS_PORT",
        "0",
        "The loopback port of one `loom run` for its metrics; 0: any free one, as always under `loom up`.",
        _whole(0, 65535),
    ),
    Setting(
        "LOOM_OTLP_URL",
        "",
        "Where traces go by OTLP over HTTP, such as http://127.0.0.1:4318; empty: nowhere.",
        _url("http://", "https://"),
    ),
    Setting(
        "LOOM_TRACE_RATIO", "1", "The share of traces that are exported, 0 to 1; a caller's choice comes first.", _share
    ),
    Setting("LOOM_LOG", "console", "The form of the log: console or json.", _one_of("console", "json")),
    Setting("LOOM_LOG_LEVEL", "info", "debug, info, warning or error.", _one_of("debug", "info", "warning", "error")),
)


class Settings(Struct, frozen=True):
    """All settings, read."""

    data: Path
    host: str
    port: int
    public_url: str
    cdn_url: str
    signed_paths: str
    link_ttl_s: int
    nats_url: str
    nats_keys: Path | None
    nats_ca: Path | None
    nats_cert: Path | None
    nats_key: Path | None
    nats_nodes: int
    database_url: str
    redis_url: str
    storage_url: str
    secret: str
    max_upload_bytes: int
    udp_ports: tuple[int, int] | None
    public_ip: str
    ice_servers: tuple[str, ...]
    ingest_processes: int
    edge_processes: int
    processing_processes: int
    processing_slots: int
    max_sessions: int
    limit_recordings: int
    limit_sessions: int
    limit_changes: int
    trusted_proxies: tuple[Network, ...]
    live_rung: Literal["always", "watched", "off"]
    ladder: tuple[str, ...]
    video_encoder: str
    part_ms: int
    segment_ms: int
    abandon_after_s: int
    reserve_mb: int
    grace_s: int
    metrics_port: int
    otlp_url: str
    trace_ratio: float
    log: str
    log_level: str

    @property
    def keys(self) -> Path | None:
        """Where the nkeys are. The embedded server always knows them; another one where it was said."""
        return self.nats_keys or (None if self.nats_url else self.data / "keys")

    def at(self, nats_url: str) -> "Settings":
        """With the NATS server that was started there."""
        return structs.replace(self, nats_url=nats_url, nats_keys=self.keys)

    @property
    def local_url(self) -> str:
        """How the web server is reached from this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104
        return f"http://{host}:{self.port}"

    @property
    def slots(self) -> int:
        """How many pieces of work a process does at a time."""
        return self.processing_slots or max((os.cpu_count() or 1) - 1, 1)

    @property
    def part_s(self) -> float:
        """The length of a part; 333 ms mean a third of a second."""
        return 1 / 3 if self.part_ms == 333 else self.part_ms / 1000  # noqa: PLR2004

    @property
    def segment_s(self) -> float:
        """The length of a segment."""
        return self.segment_ms / 1000


def read(environment: Mapping[str, str] = os.environ) -> Settings:
    """Raises SettingError for the first setting that cannot be used."""
    values = {setting.name.removeprefix("LOOM_").lower(): _value(setting, environment) for setting in ALL}
    return Settings(**{**values, "data": values["data"].expanduser().resolve()})


def unknown(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Names that look like settings and are none: a slip of the pen, most likely."""
    return sorted(name for name in environment if name.startswith("LOOM_") and name not in _NAMES)


def secret(settings: Settings) -> bytes:
    """The configured secret, or the one kept in the data folder; made at the first start."""
    if settings.secret:
        return settings.secret.encode()
    path = settings.data / "secret"
    if not path.exists():
        draft = path.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(32))
        draft.replace(path)  # whole or not at all
    return path.read_text().encode()


def has_secret(settings: Settings) -> bool:
    """Whether there is one already, so that it is that of the others as well."""
    return bool(settings.secret) or (settings.data / "secret").exists()


def _value(setting: Setting, environment: Mapping[str, str]) -> Any:
    text = environment.get(setting.name, "").strip() or setting.default
    try:
        return setting.read(text)
    except ValueError as wanted:
        raise SettingError(f"{setting.name} must be {wanted}, not {text!r}.") from None


_NAMES: Final = {setting.name for setting in ALL}
