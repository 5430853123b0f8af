"""What do the numbers of the runtime mean to Prometheus? Read when somebody scrapes."""

from collections.abc import Iterator
from itertools import accumulate
from operator import add
from typing import Final

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from actors.runtime import metrics

Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily
SERVICES: Final = (
    ("loom_mailbox_entities", "entities", "Entities that have messages before them."),
    ("loom_mailbox_waiting", "waiting", "Messages that wait behind another one of their entity."),
    ("loom_partitions", "partitions", "Partitions of the service that this process has."),
    ("loom_events_in_hand", "pending", "Events that are being handled, or wait for their turn."),
    ("loom_events_unread", "unread", "Events of the log that this process has still to look at."),
)


class Runtime(Collector):
    """The actors of this process."""

    def collect(self) -> Iterator[Family]:
        """As they are now."""
        yield from _handled()
        jobs = CounterMetricFamily(
            "processing_jobs", "Attempts at jobs: completed, failed, retried.", labels=("job_type", "status")
        )
        for labels, count in metrics.jobs.items():
            jobs.add_metric(labels, count)
        yield jobs
        said = {service: statistics() for service, statistics in metrics.services.items()}
        for name, key, says in SERVICES:
            family = GaugeMetricFamily(name, says, labels=("service",))
            for service, statistics in said.items():
                family.add_metric((service,), statistics[key])
            yield family


def _handled() -> Iterator[Family]:
    labels = ("service", "message")
    counts = CounterMetricFamily(
        "loom_messages_handled",
        "Messages by how it ended: done, passed (to the process that has the entity), refused, retry, late, dead.",
        labels=(*labels, "outcome"),
    )
    times = HistogramMetricFamily(
        "loom_message_seconds", "How long messages were handled, their wait for their turn included.", labels=labels
    )
    rows: dict[tuple[str, str], list[float]] = {}
    for (service, said, outcome), row in metrics.rows.items():
        counts.add_metric((service, said, outcome.__name__.lower()), sum(row[:-1]))
        rows[service, said] = list(map(add, row, rows.get((service, said), [0.0] * len(row))))
    bounds = (*map(str, metrics.SECONDS), "+Inf")
    for key, (*row, seconds) in rows.items():
        times.add_metric(key, list(zip(bounds, accumulate(row), strict=True)), seconds)
    yield counts
    yield times


RUNTIME: Final = Runtime()
REGISTRY.register(RUNTIME)
