"""How is work left for whoever is free? In the work queue JOBS; `@job` handlers take it from there."""

import msgspec
from nats.aio.client import Client as Nats

from actors.runtime.tracing import around
from schemas.envelope import MESSAGE_ID, NOBODY, Caller, caller_to_headers
from schemas.message import Job, entity_field
from subjects import jobs


async def put(nats: Nats, job: Job, caller: Caller = NOBODY) -> None:
    """Once in effect for a caller's `command_id`, within the stream's duplicate window. Raises what nats-py raises."""
    headers = caller_to_headers(caller)
    if caller.command_id:
        headers[MESSAGE_ID] = caller.command_id
    subject = jobs.of(type(job), getattr(job, entity_field(type(job))))
    body = msgspec.json.encode(job)
    await around("producer", subject, headers, lambda said: nats.jetstream().publish(subject, body, headers=said))
