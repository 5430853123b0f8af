"""The whole life of one message: decode, wait for its turn, handle, settle, report. Nobody else acks or replies."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import nats.errors
import structlog
from nats.aio.client import Client as Nats
from nats.aio.msg import Msg
from nats.micro.request import Request

from actors.runtime.event_message import caller_of, meta_of
from actors.runtime.inbox import Inbox
from actors.runtime.outcome import Dead, Done, Outcome, Refused, Retry
from schemas import envelope, upcasters
from schemas.errors import Invalid, LoomError, Unavailable
from schemas.message import Event
from subjects import dead_letters
from subjects.consumers import Consumer
from subjects.events import entity_of

Handler = Callable[..., Awaitable[Any]]
INTERNAL: Final = "Internal error"
log = structlog.get_logger(__name__)
_encoder: Final = msgspec.json.Encoder()


async def request(handler: Handler, said: type, inbox: Inbox, message: Request) -> None:
    """One command or query."""
    began = time.perf_counter()
    outcome = await _perform_request(handler, said, inbox, message)
    headers = {}
    body = b""
    match outcome:
        case Done(body=body):
            pass
        case Refused(error=error):
            headers = {envelope.ERROR_CODE: error.code, envelope.ERROR: _one_line(str(error))}
        case Retry(error=retried):
            headers = {envelope.ERROR_CODE: Unavailable.code, envelope.ERROR: _one_line(str(retried))}
        case Dead():
            headers = {envelope.ERROR_CODE: LoomError.code, envelope.ERROR: INTERNAL}
    await message.respond(body, headers=headers or None)
    _report(said.__name__, outcome, time.perf_counter() - began)


async def event(
    handler: Handler, said: type[Event], inbox: Inbox, delivery: Msg, consumer: Consumer, nats: Nats
) -> None:
    """One delivery of an event; at least once, in the order of its entity."""
    began = time.perf_counter()
    outcome = await _perform_event(handler, said, inbox, delivery)
    match outcome:
        case Done() | Refused():
            await delivery.ack()
        case Retry(error=error) | Dead(error=error):
            delivered = delivery.metadata.num_delivered
            if isinstance(outcome, Dead) and delivered >= consumer.max_deliver:
                await _bury(nats, delivery, consumer, error)
            else:
                await delivery.nak(delay=min(2.0**delivered / 4, 30.0))
    _report(said.__name__, outcome, time.perf_counter() - began)


async def _perform_request(handler: Handler, said: type, inbox: Inbox, message: Request) -> Outcome:
    try:
        body: Any = msgspec.json.decode(message.data, type=said)
    except msgspec.MsgspecError as error:
        return Refused(Invalid(str(error)))
    caller = caller_of(message.headers or {})
    return await _in_turn(inbox, _entity(body), lambda: handler(body, caller))


async def _perform_event(handler: Handler, said: type[Event], inbox: Inbox, delivery: Msg) -> Outcome:
    meta = meta_of(delivery.headers or {}, delivery.metadata.sequence.stream)
    try:
        body = upcasters.read(said, meta.version, delivery.data)
    except (msgspec.MsgspecError, LookupError) as error:
        return Dead(error)
    return await _in_turn(inbox, entity_of(delivery.subject), lambda: handler(body, meta))


async def _in_turn(inbox: Inbox, entity: str, handle: Callable[[], Awaitable[Any]]) -> Outcome:
    try:
        if not entity:
            return Done(_encoder.encode(await handle()))
        async with inbox.turn(entity):
            return Done(_encoder.encode(await handle()))
    except Unavailable as error:
        return Retry(error)
    except LoomError as error:
        return Refused(error)
    except (nats.errors.Error, OSError, TimeoutError) as error:
        return Retry(error)
    except Exception as error:  # noqa: BLE001  the one place where a defect ends
        return Dead(error)


async def _bury(nats: Nats, delivery: Msg, consumer: Consumer, error: BaseException) -> None:
    """Keep what no handler can take, with why, then let it go."""
    headers = {**(delivery.headers or {}), "Loom-Subject": delivery.subject, "Loom-Error": _one_line(repr(error))}
    headers[envelope.MESSAGE_ID] = f"{consumer.name}.{delivery.metadata.sequence.stream}"
    await nats.jetstream().publish(dead_letters.of(consumer.stream, consumer.name), delivery.data, headers=headers)
    await delivery.term()


def _entity(body: Any) -> str:
    """Commands and queries name their entity in their first field, `<entity>_id`."""
    first = next(iter(body.__struct_fields__), "")
    return str(getattr(body, first)) if first.endswith("_id") else ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _report(said: str, outcome: Outcome, seconds: float) -> None:
    took_ms = round(seconds * 1000, 1)
    match outcome:
        case Done():
            log.debug("handled", message=said, took_ms=took_ms)
        case Refused(error=error):
            log.info("refused", message=said, code=error.code, why=str(error), took_ms=took_ms)
        case Retry(error=retried):
            log.warning("to be tried again", message=said, why=str(retried), took_ms=took_ms)
        case Dead(error=defect):
            log.error("failed", message=said, took_ms=took_ms, exc_info=defect)
