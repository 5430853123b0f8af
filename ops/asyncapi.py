"""AsyncAPI 3.0 from the catalogue: every subject, who speaks and who listens there, and the schema of what is said."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from actors.runtime.actor import VERSION
from ops.catalogue import Said, doc, everything
from schemas import envelope
from schemas.message import Event
from subjects.names import read

REF: Final = "#/components/schemas/{name}"
Json = dict[str, Any]


def document() -> Json:
    """AsyncAPI 3.0, as JSON-like values."""
    all_of_it = everything()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Loom",
            "version": VERSION,
            "description": "What Loom's processes say to each other over NATS and JetStream. Written by `make docs`.",
        },
        "defaultContentType": "application/json",
        "servers": {
            "nats": {"host": "127.0.0.1:4222", "protocol": "nats", "description": "Embedded, or LOOM_NATS_URL."}
        },
        "channels": {one.name: _channel(one) for one in all_of_it} | {"Answers": _answers(all_of_it)},
        "operations": {name: said for one in all_of_it for name, said in _operations(one)},
        "components": {
            "messages": {name: said for one in all_of_it for name, said in _messages(one)},
            "messageTraits": {
                "caller": {"headers": _headers(CALLER)},
                "event": {"headers": _headers({**CALLER, **EVENT})},
            },
            "schemas": _schemas(all_of_it),
        },
    }


def yaml() -> str:
    """The document as it stands in docs/asyncapi.yaml."""
    return msgspec.yaml.encode(document()).decode()


CALLER: Final[Mapping[str, str]] = {
    envelope.USER_ID: "On whose behalf.",
    envelope.WORKSPACE_ID: "In which workspace.",
    envelope.CORRELATION_ID: "Of the request it all began with.",
    envelope.CAUSATION_ID: "The event that led to it.",
    envelope.COMMAND_ID: "Sent again under the same id, a command changes nothing more.",
    envelope.DEADLINE: "Seconds since 1970; nobody waits any longer.",
    envelope.TRACE: "W3C Trace Context.",
}
EVENT: Final[Mapping[str, str]] = {
    envelope.MESSAGE_ID: "Stored once.",
    envelope.SCHEMA_VERSION: "Of the body.",
    envelope.CE_SPECVERSION: "CloudEvents 1.0.",
    envelope.CE_ID: "As Nats-Msg-Id.",
    envelope.CE_SOURCE: "/loom/<service>",
    envelope.CE_TYPE: "loom.<service>.<event>",
    envelope.CE_SUBJECT: "The entity.",
    envelope.CE_TIME: "When it was said.",
    envelope.CONTENT_TYPE: "application/json",
}


def _channel(one: Said) -> Json:
    said: Json = {"address": one.subject, "description": one.says, "messages": {one.name: _message_ref(one.name)}}
    if names := [part[1:-1] for part in one.subject.split(".") if part.startswith("{")]:
        said["parameters"] = {name: {"description": PARAMETERS[name]} for name in names}
    if one.stream:
        said["description"] += f" Kept in the stream {one.stream.name}."
    return said


PARAMETERS: Final[Mapping[str, str]] = {
    "entityId": "What it happened to, or is to be done for.",
    "recordingId": "The recording.",
    "rendition": "video, audio or aac.",
    "service": "The service.",
    "member": "One process of it; `nats micro info` tells.",
    "stream": "Where the message was.",
    "consumer": "Who could not handle it.",
}


def _answers(all_of_it: Iterable[Said]) -> Json:
    answers = sorted({one.answer.__name__ for one in all_of_it if one.answer})
    refs = {name: _message_ref(name) for name in [*answers, "Refusal"]}
    return {"address": None, "description": "The reply subject of a request.", "messages": refs}


def _operations(one: Said) -> Iterator[tuple[str, Json]]:
    channel = {"$ref": f"#/channels/{one.name}"}
    about = {"channel": channel, "messages": [{"$ref": f"#/channels/{one.name}/messages/{one.name}"}]}
    for who in one.by:
        yield _key("send", one, who), {"action": "send", "title": f"{who} says it", **about}
    for who in one.to:
        said = {"action": "receive", "title": f"{who} hears it", **about}
        if one.answer:
            answers = [{"$ref": f"#/channels/Answers/messages/{name}"} for name in (one.answer.__name__, "Refusal")]
            said["reply"] = {"channel": {"$ref": "#/channels/Answers"}, "messages": answers}
        yield _key("receive", one, who), said


def _key(action: str, one: Said, who: str) -> str:
    return f"{action}{one.name}_{'_'.join(word for word in who.replace('(', '').replace(')', '').split())}"


def _messages(one: Said) -> Iterator[tuple[str, Json]]:
    said: Json = {"name": one.name, "summary": one.says}
    if one.body:
        said["payload"] = {"$ref": REF.format(name=one.body.__name__)}
        kind = "event" if issubclass(one.body, Event) else "caller"
        is_traited = read(one.subject).kind in TRAITED
        said["traits"] = [{"$ref": f"#/components/messageTraits/{kind}"}] if is_traited else []
    else:
        said["contentType"] = "application/octet-stream"
    if one.head:
        said["headers"] = {"$ref": REF.format(name=f"{one.head.__name__}OnTheWire")}
    yield one.name, said
    if one.answer:
        yield (
            one.answer.__name__,
            {"name": one.answer.__name__, "payload": {"$ref": REF.format(name=one.answer.__name__)}},
        )
        yield (
            "Refusal",
            {"name": "Refusal", "summary": "Why not.", "headers": _headers(REFUSAL), "contentType": "text/plain"},
        )


TRAITED: Final = ("request", "event", "job")
REFUSAL: Final[Mapping[str, str]] = {
    envelope.ERROR_CODE: "invalid, unauthenticated, forbidden, not_found, conflict, gone, unavailable or internal.",
    envelope.ERROR: "For people.",
}


def _schemas(all_of_it: Iterable[Said]) -> Json:
    bodies = [kind for one in all_of_it for kind in (one.body, one.answer) if kind]
    _, found = msgspec.json.schema_components(bodies, ref_template=REF)
    for one in all_of_it:
        if one.head:
            names = {f"Loom-{name.replace('_', '-').title()}": "" for name in one.head.__struct_fields__}
            found[f"{one.head.__name__}OnTheWire"] = _headers(names) | {"description": doc(one.head)}
    return found


def _headers(said: Mapping[str, str]) -> Json:
    fields = {name: {"type": "string"} | ({"description": says} if says else {}) for name, says in said.items()}
    return {"type": "object", "properties": fields}


def _message_ref(name: str) -> Json:
    return {"$ref": f"#/components/messages/{name}"}
