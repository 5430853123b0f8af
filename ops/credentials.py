"""How does nats-server know who we are, and we that it is ours? By an nkey, and by certificates where TLS is set."""

import ssl
from pathlib import Path
from typing import Any, Final

import nats.errors
from nats.aio.client import Client as Nats

from actors.jetstream.connection import Connection
from ops import keys
from ops.settings import SettingError, Settings
from subjects import inboxes

_UNKNOWN: Final = "authorization violation"
_FORBIDDEN: Final = "permissions violation"


class InTheClear(nats.errors.Error):
    """The server does not ask for TLS."""


class Encrypted(Connection):
    """Speaks to a server by TLS or not at all; nats-py goes on in the clear with one that does not ask for it."""

    async def _process_info(self, info: dict[str, Any], initial_connection: bool = False) -> None:  # noqa: FBT001, FBT002
        if not info.get("tls_required"):
            raise InTheClear
        await super()._process_info(info, initial_connection)


def client(settings: Settings) -> Nats:
    """One that is not connected yet."""
    url = settings.nats_url
    is_secret = url.startswith("tls://") or (settings.nats_ca is not None and not url.startswith("wss://"))
    return Encrypted() if is_secret else Connection()


def options(settings: Settings, name: str) -> dict[str, Any]:
    """What `connect` is to be told. Raises SettingError when a key or a certificate is missing."""
    urls = settings.nats_url.split(",")
    found: dict[str, Any] = {"servers": urls, "name": f"loom {name}", "inbox_prefix": inboxes.of(name)}
    if settings.keys:
        found["nkeys_seed_str"] = keys.seed(settings.keys, name)
    if settings.nats_ca or settings.nats_cert or settings.nats_key:
        found["tls"] = _tls(settings, name)
    return found


def refusal(error: Exception, name: str) -> str:
    """Why it is no use to wait, in one line; empty when it may be."""
    if isinstance(error, InTheClear):
        return "NATS does not speak TLS, and LOOM_NATS_CA or LOOM_NATS_URL says that it has to."
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"NATS is not who it should be: {error.verify_message.rstrip('.')}. LOOM_NATS_CA has who vouches for it."
    if isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or ""):
        why = error.reason.lower().partition("alert_")[2].replace("_", " ")
        return f"NATS refuses the certificate of {name} ({why}); LOOM_NATS_CERT and LOOM_NATS_KEY say which it is."
    if _UNKNOWN in str(error).lower():
        return f"NATS does not know {name} by its key; `loom keys` tells nats-server of it, LOOM_NATS_KEYS us."
    return ""


def is_forbidden(error: Exception) -> bool:
    """Whether a subject was refused: it is not among our rights (`subjects/permissions.py`)."""
    return _FORBIDDEN in str(error).lower()


def _tls(settings: Settings, name: str) -> ssl.SSLContext:
    """Raises SettingError for a file that cannot be used."""
    try:
        context = ssl.create_default_context(cafile=settings.nats_ca)
    except OSError as error:
        raise SettingError(f"LOOM_NATS_CA: {settings.nats_ca} cannot be used: {error.strerror or error}.") from error
    if not settings.nats_cert and not settings.nats_key:
        return context
    if not settings.nats_cert or not settings.nats_key:
        raise SettingError("LOOM_NATS_CERT and LOOM_NATS_KEY belong together: set both or none.")
    certificate, key = _of(settings.nats_cert, f"{name}.pem"), _of(settings.nats_key, f"{name}.key")
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:
        why = error.strerror or error
        raise SettingError(f"LOOM_NATS_CERT: {certificate} with {key} cannot be used: {why}.") from error
    return context


def _of(place: Path, file: str) -> Path:
    """One file for all, or a folder with one for each."""
    return place / file if place.is_dir() else place
