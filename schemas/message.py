"""What kinds of things are said: a command or query names its answer, an event or a job answers nothing."""

from typing import Any, ClassVar, Generic, TypeVar, get_args

from msgspec import Struct

Answer = TypeVar("Answer")


class Command(Struct, Generic[Answer], frozen=True, tag=True, forbid_unknown_fields=True):
    """A wish to change something: `class StopRecording(Command["RecordingView"])`."""


class Query(Struct, Generic[Answer], frozen=True, tag=True, forbid_unknown_fields=True):
    """A question; asking twice changes nothing."""


class Job(Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Work to be done once, by whichever process is free; its first field, `<entity>_id`, says for what."""


class Event(Struct, frozen=True, tag=True):
    """What has happened; never refused, never changed. Unknown fields are tolerated: a newer writer may add some.

    `version` is that of the body; `schemas/upcasters.py` reads older ones.
    """

    version: ClassVar[int] = 1


def answer_type(message: type[Command[Any]] | type[Query[Any]]) -> Any:
    """The type that `message` is answered with, read from its base class. Raises TypeError when none is named."""
    for base in getattr(message, "__orig_bases__", ()):
        arguments = get_args(base)
        if arguments and not isinstance(arguments[0], TypeVar):
            return arguments[0]
    raise TypeError(f"{message.__module__}.{message.__qualname__} does not say what it is answered with")


def entity_field(message: type[Command[Any]] | type[Query[Any]] | type[Job]) -> str:
    """The field that names the entity of a message: its first one, `<entity>_id`; empty when there is none."""
    first = next(iter(message.__struct_fields__), "")
    return first if first.endswith("_id") else ""
