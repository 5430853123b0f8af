"""How is an actor asked? By message: a command or query out, a typed answer or a typed refusal back."""

from typing import Any, Final, TypeVar, cast

import msgspec
import nats.errors
from nats.aio.client import Client as Nats

from actors.runtime.event_message import to_headers
from schemas import envelope
from schemas.envelope import Caller
from schemas.errors import BY_CODE, LoomError, Unavailable
from schemas.message import Command, Query, answer_type
from subjects import commands

Answer = TypeVar("Answer")
DEADLINE_S: Final = 5.0
NOBODY: Final = Caller()
"""On nobody's behalf in particular: until there is sign-in, the local user."""

_encoder: Final = msgspec.json.Encoder()
_decoders: Final[dict[type, msgspec.json.Decoder[Any]]] = {}


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
    ) -> Answer:
        """The answer to `message`.

        Raises: the LoomError the actor refused with; Unavailable when nobody answers in time, in which case a command
        may or may not have been carried out.
        """
        said = type(message)
        try:
            reply = await self._nats.request(
                commands.of(said), _encoder.encode(message), timeout=deadline_s, headers=to_headers(caller)
            )
        except nats.errors.NoRespondersError:
            raise Unavailable(f"Nobody is there to take {said.__name__}; try again in a moment.") from None
        except (nats.errors.Error, TimeoutError) as error:
            raise Unavailable(f"{said.__name__} was not answered within {deadline_s:g} s.") from error
        headers = reply.headers or {}
        if envelope.ERROR_CODE in headers:
            raise BY_CODE.get(headers[envelope.ERROR_CODE], LoomError)(headers.get(envelope.ERROR, "Internal error"))
        return cast("Answer", _decoder(said).decode(reply.data))


def _decoder(said: type) -> msgspec.json.Decoder[Any]:
    if said not in _decoders:
        _decoders[said] = msgspec.json.Decoder(answer_type(said))
    return _decoders[said]
