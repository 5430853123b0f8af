"""Ready, degraded, unavailable: what is away decides."""

from collections.abc import Mapping

import pytest

from gateways.http.health import Away, Readiness, Report, readiness

REDIS = Away("redis", "Redis does not answer.", "Fewer things work.")
TABLES = Away("postgresql", "It does not answer.", "No lists.")
LESS = Report(REDIS.why, (REDIS,))


@pytest.mark.parametrize(
    ("reports", "status", "away"),
    [
        ({"nats": Report()}, "ok", []),
        ({"nats": Report(), "redis": LESS}, "degraded", [REDIS]),
        ({"nats": Report("not connected"), "redis": LESS}, "unavailable", [REDIS]),
        (
            {"api": Report("degraded", (TABLES, REDIS)), "ingest 0": Report("degraded", (REDIS,))},
            "degraded",
            [TABLES, REDIS],
        ),
        ({"api": Report("does not answer"), "ingest 0": Report()}, "unavailable", []),
    ],
)
def test_what_is_away_decides(reports: Mapping[str, Report], status: str, away: list[Away]) -> None:
    found = readiness(reports)
    assert (found.status, found.away) == (status, away)
    assert found.checks == {name: report.says for name, report in reports.items()}


def test_who_is_degraded_is_still_sent_requests() -> None:
    assert [Readiness(status, {}).http_status for status in ("ok", "degraded", "unavailable")] == [200, 200, 503]
