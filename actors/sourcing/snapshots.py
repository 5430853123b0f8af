"""How is a long story loaded without reading all of it? From what somebody summed up, and what came since."""

import hashlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
import nats.errors
import structlog
from msgspec import Raw, Struct, structs
from nats.aio.client import Client as Nats
from nats.js.errors import APIError, KeyNotFoundError

from subjects.buckets import SNAPSHOTS
from subjects.tokens import token

State = TypeVar("State")
log = structlog.get_logger(__name__)


class Known(Struct, Generic[State], frozen=True):
    """What an entity's story has led to: `commands` are the ids of the last ones that had an effect."""

    state: State
    sequence: int = 0
    commands: tuple[str, ...] = ()


class Snapshot(Struct, frozen=True):
    """What is in the bucket; `made_by` names the rules it was made by: it means nothing to others."""

    made_by: str
    known: Known[Raw]


class Snapshots:
    """Sums of one service's entities, a tagged union `state_type`; never the truth: losing them costs time only."""

    def __init__(self, nats: Nats, state_type: Any, evolve: Callable[..., Any]) -> None:
        self._js = nats.jetstream()
        self._decoder = msgspec.json.Decoder(state_type)
        self._made_by = hashlib.sha256(Path(inspect.getfile(evolve)).read_bytes()).hexdigest()[:16]

    async def newer(self, service: str, entity_id: str, known: Known[Any]) -> Known[Any]:
        """What the bucket has when it is newer, else what was given. Raises what nats-py raises."""
        bucket = await self._js.key_value(SNAPSHOTS.name)
        try:
            entry = await bucket.get(_key(service, entity_id))
            found = msgspec.json.decode(entry.value or b"", type=Snapshot)
            if found.made_by == self._made_by and found.known.sequence > known.sequence:
                return structs.replace(found.known, state=self._decoder.decode(found.known.state))
        except KeyNotFoundError:
            pass
        except msgspec.MsgspecError as error:
            log.warning("a snapshot cannot be read", service=service, entity=entity_id, why=str(error))
        return known

    async def keep(self, service: str, entity_id: str, known: Known[Any]) -> None:
        """Put it into the bucket; without it the next one reads on."""
        try:
            bucket = await self._js.key_value(SNAPSHOTS.name)
            await bucket.put(_key(service, entity_id), msgspec.json.encode(Snapshot(self._made_by, known)))
        except (nats.errors.Error, APIError, OSError) as error:
            log.warning("a snapshot was not kept", service=service, entity=entity_id, why=str(error))


def _key(service: str, entity_id: str) -> str:
    return f"{token(service)}.{token(entity_id)}"
