"""Where are the servers of the `loom up` on a data folder? It writes them down for looks from outside."""

import json
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct, convert, to_builtins

from ops.data_folder import CannotStart


class Urls(Struct, frozen=True):
    """Where they are."""

    nats: str
    database: str
    redis: str


def known(data: Path) -> Urls:
    """As they were last written down. Raises CannotStart when they never were."""
    try:
        return convert(json.loads(_kept(data).read_text()), Urls)
    except (OSError, ValueError) as error:
        raise CannotStart(f"No Loom is running on {data}; set LOOM_DATA or LOOM_NATS_URL.") from error


def keep(data: Path, urls: Urls) -> None:
    """Write them down; there may be passwords in it."""
    path = _kept(data)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(to_builtins(urls)))


def shown(url: str) -> str:
    """A URL without its password."""
    password = urlsplit(url).password
    return url.replace(f":{password}@", ":…@") if password else url


def _kept(data: Path) -> Path:
    return data / "run" / "servers.json"
