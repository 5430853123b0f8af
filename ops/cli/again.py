"""How is a service handed an event once more? By request and reply: it handles it in its entity's turn, once."""

from collections.abc import Sequence
from typing import Final

import nats.errors
from nats.aio.client import Client

from schemas.envelope import ERROR, ERROR_CODE
from subjects import dead_letters

PATIENCE_S: Final = 60.0


async def again(nats_client: Client, service: str, sequence: int) -> str:
    """Why it was not handled; empty when it was. Raises what nats-py raises when the server is away."""
    subject, body = dead_letters.again(service), str(sequence).encode()
    try:
        reply = await nats_client.request(subject, body, timeout=PATIENCE_S)
    except nats.errors.NoRespondersError:
        return f"nobody of the service {service} is there"
    except nats.errors.TimeoutError:
        return f"{service} has not answered within {PATIENCE_S:.0f} s; it may still be at it"
    headers = reply.headers or {}
    if ERROR_CODE not in headers:
        return ""
    return f"{service}: {headers.get(ERROR, headers[ERROR_CODE])}"


def listed(numbers: Sequence[int]) -> str:
    """`1, 2 and 3`."""
    *some, last = map(str, numbers)
    return f"{', '.join(some)} and {last}" if some else last
