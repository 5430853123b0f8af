"""What does a child of the sandbox do? It takes calls from its socket, one after the other, and answers each.

A frame is its length (four bytes, network order) and a msgpack array. The first one says the limits and what to make;
each further one is a call. Arguments and answers are read by the annotations of what is called: nothing is unpickled,
neither here nor by who hears the answer.
"""

import socket
import struct
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from inspect import isclass, signature
from typing import Any, Final, get_type_hints

import msgspec
from msgspec import Raw, Struct

from actors.outside.limits import Limits, apply

LENGTH: Final = struct.Struct("!I")
LONGEST_TRACE: Final = 4_000
EXPECTED: Final = (ValueError, EOFError, OSError, MemoryError)
"""What codecs raise for what cannot be read (an FFmpegError is an OSError or a ValueError)."""


class Begin(Struct, array_like=True, frozen=True):
    """Who the child is: `maker` is "module:name", a class to be made with `arguments` or a function to be called."""

    limits: Limits
    maker: str
    arguments: list[Raw] = []


class Call(Struct, array_like=True, frozen=True):
    """A call; `method` is empty for the maker itself."""

    method: str
    arguments: list[Raw]


class Answer(Struct, array_like=True, frozen=True):
    """What came of it; `error` is for people, `trace` for the log when nobody expected it."""

    value: Raw = Raw(b"\xc0")
    error: str = ""
    trace: str = ""


def serve(connection: socket.socket) -> None:
    """Answer until nobody asks any more."""
    begin = msgspec.msgpack.decode(_received(connection), type=Begin)
    made = found(begin.maker)
    apply(begin.limits)
    if isclass(made):
        answer, made = _answered(made, begin.arguments)
        _send(connection, answer)
    while frame := _received(connection):
        call = msgspec.msgpack.decode(frame, type=Call)
        answer, _ = _answered(getattr(made, call.method) if call.method else made, call.arguments)
        _send(connection, answer)


def found(name: str) -> Any:
    """What "module:name" is called."""
    module, _, path = name.partition(":")
    place: Any = import_module(module)
    for step in path.split("."):
        place = getattr(place, step)
    return place


def parameters(called: Callable[..., Any]) -> list[Any]:
    """The types of what it takes, in order."""
    hints = get_type_hints(called.__init__ if isclass(called) else called)
    return [hints[name] for name in signature(called).parameters]


def answer_of(called: Callable[..., Any]) -> Any:
    """The type of what it gives."""
    return get_type_hints(called)["return"]


def _answered(called: Callable[..., Any], arguments: Sequence[Raw]) -> tuple[Answer, Any]:
    try:
        types = parameters(called)[: len(arguments)]
        values = [msgspec.msgpack.decode(raw, type=each) for raw, each in zip(arguments, types, strict=True)]
        value = called(*values)
        return (Answer() if isclass(called) else Answer(Raw(msgspec.msgpack.encode(value)))), value
    except MemoryError:
        return Answer(error="needed more memory than it may have"), None
    except EXPECTED as error:
        return Answer(error=str(error) or type(error).__name__), None
    except Exception as error:  # noqa: BLE001  the rim: whatever strangers' media brings about is said, not raised
        return Answer(
            error=f"cannot be read ({type(error).__name__})", trace=traceback.format_exc()[-LONGEST_TRACE:]
        ), None


def _send(connection: socket.socket, answer: Answer) -> None:
    body = msgspec.msgpack.encode(answer)
    connection.sendall(LENGTH.pack(len(body)) + body)


def _received(connection: socket.socket) -> bytes:
    """A frame; empty when there is none any more."""
    head = _exactly(connection, LENGTH.size)
    return _exactly(connection, LENGTH.unpack(head)[0]) if head else b""


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = bytearray(size)
    view = memoryview(data)
    at = 0
    while at < size:
        count = connection.recv_into(view[at:])
        if not count:
            return b""
        at += count
    return bytes(data)
