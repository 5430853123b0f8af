"""When may a job be queued, retried, cancelled, and what do workers' words lead to?"""

from datetime import UTC, datetime
from functools import reduce
from typing import Any

import pytest

from actors.processing.jobs import decider, view
from actors.processing.jobs.decider import Absent, State
from schemas.errors import Conflict, LoomError, NotFound
from schemas.ids import LOCAL_WORKSPACE, RecordingId, job_id
from schemas.processing import (
    CancelJob,
    JobCancelled,
    JobCompleted,
    JobFailed,
    JobProgressed,
    JobQueued,
    JobRetried,
    JobStarted,
    RetryJob,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
R = RecordingId("3kTMd92rXgVbq7YwFz0LJc")
J = job_id(R, "transcode")
QUEUED = JobQueued(J, R, LOCAL_WORKSPACE, "transcode", "", "", {}, NOW)
STARTED = JobStarted(J, R, NOW)
FAR = JobProgressed(J, R, 40, NOW)
DONE = JobCompleted(J, R, NOW)
FAILED = JobFailed(J, R, "It crashed.", NOW)
CANCELLED = JobCancelled(J, R, "asked", NOW)
RETRIED = JobRetried(J, R, NOW)


def after(*events: Any) -> State:
    nothing: State = Absent()
    return reduce(decider.evolve, events, nothing)


@pytest.mark.parametrize(
    ("given", "command", "expected"),
    [
        ((), RetryJob(J), NotFound),
        ((), CancelJob(J), NotFound),
        ((QUEUED,), RetryJob(J), []),
        ((QUEUED,), CancelJob(J), [CANCELLED]),
        ((QUEUED, STARTED), RetryJob(J), []),
        ((QUEUED, STARTED), CancelJob(J), [CANCELLED]),
        ((QUEUED, STARTED, DONE), RetryJob(J), Conflict),
        ((QUEUED, STARTED, DONE), CancelJob(J), Conflict),
        ((QUEUED, STARTED, FAILED), RetryJob(J), [RETRIED]),
        ((QUEUED, STARTED, FAILED), CancelJob(J), []),
        ((QUEUED, CANCELLED), RetryJob(J), [RETRIED]),
        ((QUEUED, CANCELLED, RETRIED), CancelJob(J), [CANCELLED]),
        ((QUEUED, STARTED, FAILED, RETRIED), RetryJob(J), []),
    ],
)
def test_what_people_may_wish(given: tuple[Any, ...], command: decider.Command, expected: Any) -> None:
    if isinstance(expected, list):
        assert decider.decide(command, after(*given), NOW) == expected
        return
    assert issubclass(expected, LoomError)
    with pytest.raises(expected):
        decider.decide(command, after(*given), NOW)


@pytest.mark.parametrize(
    ("given", "started", "completed", "failed"),
    [
        ((), [], [], []),
        ((QUEUED,), [STARTED], [DONE], [FAILED]),
        ((QUEUED, STARTED), [], [DONE], [FAILED]),
        ((QUEUED, STARTED, DONE), [], [], []),
        ((QUEUED, STARTED, FAILED), [], [], []),
        ((QUEUED, STARTED, CANCELLED), [], [], []),
    ],
)
def test_what_a_worker_says_counts_while_the_job_is_open(
    given: tuple[Any, ...], started: list[Any], completed: list[Any], failed: list[Any]
) -> None:
    state = after(*given)
    assert decider.start(state, NOW) == started
    assert decider.complete(state, NOW) == completed
    assert decider.fail(state, "It crashed.", NOW) == failed


@pytest.mark.parametrize(
    ("given", "percent", "expected"),
    [
        ((QUEUED, STARTED), 9, []),
        ((QUEUED, STARTED), 10, [JobProgressed(J, R, 10, NOW)]),
        ((QUEUED, STARTED, FAR), 40, []),
        ((QUEUED, STARTED, FAR), 75, [JobProgressed(J, R, 75, NOW)]),
        ((QUEUED,), 75, []),
        ((QUEUED, STARTED, DONE), 75, []),
        ((QUEUED, STARTED, FAILED), 75, []),
    ],
)
def test_progress_is_told_a_few_times(given: tuple[Any, ...], percent: int, expected: list[Any]) -> None:
    assert decider.progress(after(*given), percent, NOW) == expected


def test_a_job_queued_twice_is_one_job() -> None:
    assert decider.queue(QUEUED, after()) == [QUEUED]
    for given in ((QUEUED,), (QUEUED, STARTED), (QUEUED, DONE), (QUEUED, FAILED)):
        assert decider.queue(QUEUED, after(*given)) == []


@pytest.mark.parametrize(
    ("given", "status", "progress", "why", "ended"),
    [
        ((QUEUED,), "queued", 40, None, False),
        ((QUEUED, STARTED), "processing", 40, None, False),
        ((QUEUED, STARTED, FAR), "processing", 60, None, False),
        ((QUEUED, STARTED, DONE), "completed", 100, None, True),
        ((QUEUED, STARTED, FAILED), "failed", 40, "It crashed.", True),
        ((QUEUED, CANCELLED), "failed", 40, "It was cancelled.", True),
        ((QUEUED, STARTED, FAILED, RETRIED), "queued", 40, None, False),
    ],
)
def test_a_job_is_seen_as_it_is(given: Any, status: str, progress: int, why: str | None, *, ended: bool) -> None:
    seen = view.of(decider.present(after(*given)), progress if FAR in given else 40)
    assert (seen.status, seen.progress, seen.error_message) == (status, progress, why)
    assert (seen.completed_at is not None) == ended
    assert (seen.started_at is not None) == (STARTED in given and status != "queued")
