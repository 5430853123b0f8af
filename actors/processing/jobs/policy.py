"""Which step is done next? Fair between workspaces, short before long. Values in, values out.

The workspace with the fewest steps under way comes first; of those with equally many, the one that this worker served
longest ago. Within a workspace it is the job with the least left to do, then the older one. So whoever floods the queue
delays the others by a step each, and a short recording does not wait for a long one.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from actors.processing.jobs.open_job import OpenJob
from subjects.work import Key


def choose(jobs: Iterable[OpenJob], claimed: Collection[Key], served: Mapping[str, int], now: float) -> Key | None:
    """The step to begin at `now`; None when there is none that may be.

    `claimed` are those under way anywhere; `served` is the number of this worker's turn that was each workspace's last.
    """
    found: dict[str, OpenJob] = {job.job.id: job for job in jobs}
    running = Counter(found[key.job_id].job.workspace_id for key in claimed if key.job_id in found)

    def turn(job: OpenJob) -> tuple[int, int, float, float, str]:
        workspace = job.job.workspace_id
        return running[workspace], served.get(workspace, 0), job.remaining, job.queued_at, job.job.id

    for job in sorted(found.values(), key=turn):
        for step, again_at in job.missing.items():
            key = Key(job.job.id, step)
            if again_at <= now and key not in claimed:
                return key
    return None
