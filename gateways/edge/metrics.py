"""What does the edge tell of itself? Read when somebody scrapes: a request costs nothing for it."""

from typing import Final

from prometheus_client import Gauge

from gateways.edge.connections import Connections
from gateways.edge.payloads import Payloads
from gateways.edge.windows import Windows
from gateways.http.count import Count

CONNECTIONS: Final = Gauge("loom_edge_connections", "Open connections of viewers: about one a viewer.")
BLOCKED: Final = Gauge(
    "loom_edge_blocked_requests", "Requests that wait: for what comes next, for storage, for a door."
)
RECORDINGS: Final = Gauge("loom_edge_recordings", "Recordings that somebody has asked for in the last minute.")
CACHE: Final = Gauge("loom_edge_cache_bytes", "Media in memory.")
HITS: Final = Count("loom_edge_cache_hits", "Parts and segments that were in memory when asked for.")
MISSES: Final = Count(
    "loom_edge_cache_misses", "Parts and segments that had to be fetched from the log or from storage."
)


def watch(connections: Connections, windows: Windows, payloads: Payloads) -> None:
    """Of the edge that began last in this process."""
    CONNECTIONS.set_function(lambda: len(connections))
    BLOCKED.set_function(connections.answering)
    RECORDINGS.set_function(lambda: len(windows))
    CACHE.set_function(lambda: payloads.statistics()["bytes"])
    HITS.read = lambda: payloads.statistics()["hits"]
    MISSES.read = lambda: payloads.statistics()["misses"]
