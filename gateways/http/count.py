"""What if a number is kept already? It is read when somebody scrapes, and costs nothing before."""

from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector


class Count(Collector):
    """A counter for /metrics, as `read` tells it."""

    def __init__(self, name: str, says: str) -> None:
        self.name: Final = name
        self.says: Final = says
        self.read: Callable[[], int] = int
        REGISTRY.register(self)

    def collect(self) -> Iterator[CounterMetricFamily]:
        """What it is now."""
        yield CounterMetricFamily(self.name, self.says, self.read())
