"""What does a subject say? Read back, for those who look at all that passes."""

from typing import Final, Literal, NamedTuple

EVERYTHING: Final = "loom.>"
Kind = Literal["request", "event", "job", "media", "live", "dead letter", "peer", "again", "other"]


class Name(NamedTuple):
    """A subject: `of` whom it is (a service, a rendition, a reader), `about` which entity, `what` is said."""

    kind: Kind
    of: str = ""
    about: str = ""
    what: str = ""


def read(subject: str) -> Name:
    """Any subject; what is none of ours is `other`."""
    match subject.split("."):
        case ["loom", "cmd", service, verb]:
            return Name("request", service, what=verb)
        case ["loom", "evt", service, entity, event]:
            return Name("event", service, entity, event)
        case ["loom", "job", kind, entity]:
            return Name("job", kind, entity, kind)
        case ["loom", "media", recording, rendition, kind]:
            return Name("media", rendition, recording, kind)
        case ["loom", "live", recording, what]:
            return Name("live", what, recording, what)
        case ["loom", "dlq", _, consumer]:
            return Name("dead letter", consumer)
        case ["loom", "peer", service, _]:
            return Name("peer", service)
        case ["loom", "again", service]:
            return Name("again", service)
        case _:
            return Name("other")
