"""Which metrics are there? Asked of the modules that declare them; for docs/metrics.md."""

from collections.abc import Iterator
from importlib import import_module
from typing import Final

from msgspec import Struct
from prometheus_client import Counter
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric

from gateways.http.count import Count
from ops.metrics import Runtime

MODULES: Final = {
    "ops.telemetry": "every process",
    "ops.metrics": "actors",
    "actors.jetstream.deliveries": "streaming, processing",
    "actors.sourcing.projection": "recording, processing",
    "actors.recording.actor": "recording",
    "gateways.http.middleware": "api, ingest",
    "gateways.ingest.metrics": "ingest",
    "gateways.edge.metrics": "edge",
}
"""Who declares, and whose /metrics then has them."""


class Declared(Struct, frozen=True):
    """One metric."""

    name: str
    kind: str
    labels: tuple[str, ...]
    told_by: str
    says: str


def metrics() -> list[Declared]:
    """All of them, by the process that tells them."""
    return [found for module, told_by in MODULES.items() for found in _of(module, told_by)]


def _of(module: str, told_by: str) -> Iterator[Declared]:
    for value in vars(import_module(module)).values():
        if isinstance(value, MetricWrapperBase):
            (family,) = value.describe()
            name = f"{family.name}_total" if isinstance(value, Counter) else family.name
            yield Declared(name, family.type, tuple(value._labelnames), told_by, family.documentation)  # noqa: SLF001
        elif isinstance(value, Count | Runtime):
            yield from (_family(family, told_by) for family in value.collect())


def _family(family: Metric, told_by: str) -> Declared:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    return Declared(name, family.type, tuple(getattr(family, "_labelnames", ())), told_by, family.documentation)
