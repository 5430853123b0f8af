"""Fair between workspaces, short before long."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.processing.jobs.open_job import Done, OpenJob, Planned, Tried
from actors.processing.jobs.policy import choose
from actors.processing.jobs.work import Job, Unit
from schemas.ids import JobId, RecordingId, WorkspaceId
from subjects.work import Key


def job(name: str, workspace: str, *costs: float, done: Iterable[int] = (), queued_at: float = 0) -> OpenJob:
    """Planned in units of these costs; in none, if it is not planned yet."""
    made = OpenJob(Job(JobId(f"{name}-x"), RecordingId(name), WorkspaceId(workspace), "transcode"), queued_at)
    if costs:
        made.take("plan", Planned(tuple(Unit(str(n), cost) for n, cost in enumerate(costs))))
    for number in done:
        made.take(str(number), Done())
    return made


def of(name: str, step: str) -> Key:
    return Key(f"{name}-x", step)


LONG = job("long", "a", 5, 5, 5, 5)
SHORT = job("short", "a", 5, 5)
OTHERS = job("others", "b", 9, 9, 9)


@pytest.mark.parametrize(
    ("jobs", "claimed", "served", "expected"),
    [
        ([], (), {}, None),
        ([LONG], (), {}, of("long", "0")),
        ([LONG], {of("long", "0")}, {}, of("long", "1")),
        ([LONG, SHORT], (), {}, of("short", "0")),
        ([LONG, SHORT], {of("short", "0"), of("short", "1")}, {}, of("long", "0")),
        ([LONG, SHORT, OTHERS], {of("short", "0")}, {}, of("others", "0")),
        ([LONG, SHORT, OTHERS], {of("others", "0")}, {}, of("short", "0")),
        ([SHORT, OTHERS], (), {"a": 2, "b": 1}, of("others", "0")),
        ([SHORT, OTHERS], (), {"a": 1, "b": 2}, of("short", "0")),
        ([job("new", "a"), SHORT], (), {}, of("new", "plan")),
        ([job("new", "a")], {of("new", "plan")}, {}, None),
        ([job("ready", "a", 3, done=[0]), SHORT], (), {}, of("ready", "finish")),
        ([job("ready", "a", 3, 3, done=[1])], (), {}, of("ready", "0")),
        ([job("second", "a", 3, queued_at=2), job("first", "a", 3, queued_at=1)], (), {}, of("first", "0")),
    ],
)
def test_which_step_is_next(jobs: list[OpenJob], claimed: set[Key], served: dict[str, int], expected: Key) -> None:
    assert choose(jobs, claimed, served, 0) == expected


def test_a_step_that_failed_is_not_tried_before_its_time() -> None:
    made = job("again", "a", 1, 1)
    made.take("0", Tried(1, again_at=10))
    assert choose([made], (), {}, 9) == of("again", "1")
    assert choose([made], {of("again", "1")}, {}, 9) is None
    assert choose([made], {of("again", "1")}, {}, 10) == of("again", "0")


def test_what_is_told_in_another_order_is_the_same() -> None:
    told = [("plan", Planned((Unit("a", 2), Unit("b", 6)))), ("0", Done()), ("1", Tried(2, 7))]
    one, other = job("one", "a"), job("one", "a")
    for step, said in told:
        one.take(step, said)
    for step, said in reversed(told):
        other.take(step, said)
    assert one.missing == other.missing == {"1": 7}
    assert one.progress == other.progress == 25
    one.take("1", Done())
    assert (list(one.missing), one.progress) == (["finish"], 99)
    one.take("finish", Done())
    assert not one.missing


@settings(max_examples=60, deadline=None)
@given(
    slots=st.integers(1, 4),
    poor=st.lists(st.floats(1, 100), min_size=1, max_size=6),
    rich=st.lists(st.floats(0.01, 100), min_size=1, max_size=4),
    workspaces=st.integers(1, 4),
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=20),
)
def test_no_workspace_starves(
    slots: int, poor: list[float], rich: list[float], workspaces: int, lengths: list[int]
) -> None:
    """Others queue a new job, however short, whenever a slot is free; each of them is served once before it is us."""
    ours = job("ours", "us", *poor)
    running: dict[Key, int] = {}
    served: dict[str, int] = {}
    open_jobs: dict[str, OpenJob] = {"ours-x": ours}
    waited = turn = 0
    while ours.missing:
        for number in range(workspaces):
            new = job(f"t{turn}w{number}", f"w{number}", *rich)
            open_jobs[new.job.id] = new
        while len(running) < slots and (key := choose(open_jobs.values(), running.keys(), served, 0)):
            turn += 1
            served[open_jobs[key.job_id].job.workspace_id] = turn
            running[key] = lengths[turn % len(lengths)]
            waited = 0 if any(one.job_id == "ours-x" for one in running) else waited + 1
            assert waited <= workspaces
        for key in list(running):
            running[key] -= 1
            if not running[key]:
                del running[key]
                open_jobs[key.job_id].take(key.step, Done())
