"""How is a long story loaded without reading all of it? From what somebody summed up, and what came since."""

import hashlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import nats.errors
import structlog
from msgspec import Raw, Struct
from nats.aio.client import Client as Nats
from nats.js.errors import APIError, KeyNotFoundError

from subjects.buckets import SNAPSHOTS
from subjects.tokens import token

log = structlog.get_logger(__name__)
_encoder: Final = msgspec.json.Encoder()


class Snapshot(Struct, frozen=True):
    """What is in the bucket; `made_by` names the rules it was made by: it means nothing to others."""

    made_by: str
    sequence: int
    state: Raw


class Snapshots:
    """Sums of one service's entities, a tagged union `state_type`; never the truth: losing them costs time only."""

    def __init__(self, nats: Nats, state_type: Any, evolve: Callable[..., Any]) -> None:
        self._js = nats.jetstream()
        self._decoder = msgspec.json.Decoder(state_type)
        self._made_by = hashlib.sha256(Path(inspect.getfile(evolve)).read_bytes()).hexdigest()[:16]

    async def newer(self, service: str, entity_id: str, state: Any, sequence: int) -> tuple[Any, int]:
        """What the bucket has when it is newer, else what was given. Raises what nats-py raises."""
        bucket = await self._js.key_value(SNAPSHOTS.name)
        try:
            entry = await bucket.get(_key(service, entity_id))
            found = msgspec.json.decode(entry.value or b"", type=Snapshot)
            if found.made_by == self._made_by and found.sequence > sequence:
                return self._decoder.decode(found.state), found.sequence
        except KeyNotFoundError:
            pass
        except msgspec.MsgspecError as error:
            log.warning("a snapshot cannot be read", service=service, entity=entity_id, why=str(error))
        return state, sequence

    async def keep(self, service: str, entity_id: str, state: Any, sequence: int) -> None:
        """Put it into the bucket; without it the next one reads on."""
        body = _encoder.encode(Snapshot(self._made_by, sequence, Raw(_encoder.encode(state))))
        try:
            bucket = await self._js.key_value(SNAPSHOTS.name)
            await bucket.put(_key(service, entity_id), body)
        except (nats.errors.Error, APIError, OSError, TimeoutError) as error:
            log.warning("a snapshot was not kept", service=service, entity=entity_id, why=str(error))


def _key(service: str, entity_id: str) -> str:
    return f"{token(service)}.{token(entity_id)}"
