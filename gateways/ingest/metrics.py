"""What does the ingest gateway tell of itself? Read when somebody scrapes: a packet costs nothing for it."""

from typing import Final

from prometheus_client import Gauge

from gateways.http.count import Count
from gateways.ingest.sessions import Sessions

SESSIONS: Final = Gauge("loom_live_sessions", "Sources that are connected or about to be.")
PARTS: Final = Count("loom_parts_published", "Init segments and parts that the log has acknowledged.")
WAITING: Final = Gauge("loom_parts_waiting_bytes", "Media that the log has not acknowledged yet.")


def watch(sessions: Sessions) -> None:
    """Of the gateway that began last in this process."""
    SESSIONS.set_function(lambda: len(sessions))
    PARTS.read = lambda: sessions.statistics()["acknowledged"]
    WAITING.set_function(lambda: sessions.statistics()["waiting_bytes"])
