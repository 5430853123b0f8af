"""How is an actor asked? By message: a command or query out, a typed answer or a typed refusal back."""

import asyncio
import random
import time
from collections.abc import Awaitable
from functools import cache
from secrets import token_hex
from typing import Any, Final, TypeVar, cast

import msgspec
import nats.errors
from msgspec import structs
from nats.aio.client import Client as Nats
from nats.aio.msg import Msg

from actors.runtime.tracing import around, current
from schemas.envelope import ERROR, ERROR_CODE, NOBODY, Caller, caller_to_headers
from schemas.errors import Unavailable, refusal
from schemas.message import Command, Query, answer_type
from subjects import commands

Answer = TypeVar("Answer")
DEADLINE_S: Final = 5.0
AGAIN_S: Final = 0.2

_encoder: Final = msgspec.json.Encoder()


class Client:
    """Asks actors. Stateless: any number may share one connection; whoever made the connection closes it."""

    def __init__(self, nats: Nats) -> None:
        self._nats = nats

    async def ask(
        self,
        message: Command[Answer] | Query[Answer],
        caller: Caller = NOBODY,
        *,
        deadline_s: float = DEADLINE_S,
        patient: bool = True,
    ) -> Answer:
        """The answer to `message`. Patient: when nobody is there, somebody may come until the deadline.

        Raises: the LoomError the actor refused with; Unavailable when nobody answers in time, in which case a command
        may or may not have been carried out: sent again with the same `command_id`, it is carried out once.
        """
        said = type(message)
        until = min(time.time() + deadline_s, caller.deadline)
        command_id = caller.command_id or (token_hex(16) if isinstance(message, Command) else "")
        trace = caller.trace or current.get().trace
        headers = caller_to_headers(structs.replace(caller, command_id=command_id, deadline=until, trace=trace))
        subject, body = commands.of(said), _encoder.encode(message)

        while (left_s := until - time.time()) > 0:
            try:
                reply = await around("client", subject, headers, self._send, subject, body, left_s)
            except nats.errors.NoRespondersError:  # nobody took it: whoever comes next may
                if not patient:
                    break
                await asyncio.sleep(min(AGAIN_S * random.uniform(0.5, 1), max(left_s, 0)))
                continue
            except (nats.errors.Error, TimeoutError) as error:
                raise Unavailable(f"{said.__name__} was not answered within {deadline_s:g} s.") from error
            found = reply.headers
            if found and ERROR_CODE in found:
                raise refusal(found[ERROR_CODE], found.get(ERROR, "Internal error"))
            return cast("Answer", _decoder(said).decode(reply.data))
        raise Unavailable(f"Nobody is there to take {said.__name__}; try again in a moment.")

    def _send(self, headers: dict[str, str], subject: str, body: bytes, left_s: float) -> Awaitable[Msg]:
        return self._nats.request(subject, body, timeout=left_s, headers=headers)


@cache
def _decoder(said: type) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(answer_type(said))
