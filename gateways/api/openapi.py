"""OpenAPI 3.1 from operations: an address and a method each, schemas from the Structs that are read and written."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from gateways.http.middleware import REQUEST_ID
from gateways.http.operation import EVERYWHERE, OCTETS, Answer, Content, Operation, Parameter
from gateways.http.refusals import MEDIA_TYPE, REFUSALS, Problem, Refusal

VERSION: Final = "3.1.0"
BEARER: Final = "recordingToken"
REF: Final = "#/components/schemas/{name}"
Json = dict[str, Any]

_SECURITY: Final[Mapping[str, list[Json]]] = {"none": [], "required": [{BEARER: []}], "optional": [{BEARER: []}, {}]}
_SCHEME: Final = {"type": "http", "scheme": "bearer", "description": "The `whip_token` of the recording."}


def document(
    operations: Sequence[Operation], info: Mapping[str, str], tags: Mapping[str, str], examples: Iterable[Struct]
) -> Json:
    """The whole document, in the order of `operations`. Each of `examples` is one of its type."""
    paths: dict[str, Json] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": VERSION,
        "info": dict(info),
        "servers": [{"url": "/", "description": "Where this document came from."}],
        "tags": [{"name": name, "description": says} for name, says in tags.items()],
        "paths": paths,
        "components": {
            "schemas": _schemas(operations, examples),
            "parameters": {p.name: _parameter(p) for operation in operations for p in operation.parameters},
            "responses": {_title(refusal.code): _refusal(refusal) for refusal in REFUSALS.values()},
            "securitySchemes": {BEARER: _SCHEME},
        },
    }


def _operation(operation: Operation) -> Json:
    said: Json = {"operationId": operation.name, "tags": [operation.tag], "summary": operation.summary}
    if operation.description:
        said["description"] = operation.description
    if operation.parameters:
        said["parameters"] = [{"$ref": f"#/components/parameters/{p.name}"} for p in operation.parameters]
    if operation.takes:
        said["requestBody"] = {"required": True, "content": _content(operation.takes)}
    return said | {"responses": _responses(operation), "security": _SECURITY[operation.bearer]}


def _parameter(parameter: Parameter) -> Json:
    schema = _schema(parameter.kind)
    said = {"name": parameter.name, "in": parameter.place, "description": schema.pop("description")}
    if parameter.default:
        schema["default"] = parameter.default
    return said | {"required": parameter.required or parameter.place == "path", "schema": schema}


def _responses(operation: Operation) -> Json:
    found = {str(answer.status): _answer(answer) for answer in operation.answers}
    for status in {*operation.refuses, *EVERYWHERE}:
        refusal = REFUSALS[status]
        if str(status) in found:  # said in two ways
            found[str(status)]["content"] |= _refusal(refusal)["content"]
        else:
            found[str(status)] = {"$ref": f"#/components/responses/{_title(refusal.code)}"}
    return dict(sorted(found.items()))


def _answer(answer: Answer) -> Json:
    said: Json = {"description": answer.says}
    if answer.headers:
        said["headers"] = _headers(answer.headers)
    if answer.content:
        said["content"] = _content(answer.content)
    if answer.events:
        (content,) = said["content"].values()
        content["x-itemSchema"] = {"oneOf": [_event(name, kind) for name, kind in answer.events.items()]}
    return said


def _event(name: str, kind: Any) -> Json:
    """One event of a stream, as OpenAPI 3.2 has it in `itemSchema`, which 3.1 has not yet."""
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": _schema(kind)}
    return {"type": "object", "required": ["event", "data"], "properties": {"event": {"const": name}, "data": data}}


def _refusal(refusal: Refusal) -> Json:
    exactly = {"status": {"const": refusal.status}, "code": {"const": refusal.code}}
    return {
        "description": refusal.says,
        "headers": _headers({**refusal.headers, REQUEST_ID: "Names the request in the server's log."}),
        "content": {MEDIA_TYPE: {"schema": _schema(Problem) | {"properties": exactly}}},
    }


def _headers(headers: Mapping[str, str]) -> Json:
    return {name: {"description": says, "schema": {"type": "string"}} for name, says in headers.items()}


def _content(content: Content) -> Json:
    return {media_type: {} if kind is OCTETS else {"schema": _schema(kind)} for media_type, kind in content.items()}


def _schema(kind: Any) -> Json:
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=REF)
    return schema


def _schemas(operations: Iterable[Operation], examples: Iterable[Struct]) -> Json:
    """Every Struct by its name. In what is answered no field is ever left out."""
    taken: list[Any] = [kind for operation in operations for kind in operation.takes.values()]
    given: list[Any] = [Problem]
    for answer in (answer for operation in operations for answer in operation.answers):
        given += [kind for kind in (*answer.content.values(), *answer.events.values()) if kind is not OCTETS]
    _, said = msgspec.json.schema_components(given, ref_template=REF)
    for schema in said.values():
        if "properties" in schema:
            schema["required"] = list(schema["properties"])
    _, heard = msgspec.json.schema_components(taken, ref_template=REF)
    found = said | heard
    for example in examples:
        found[type(example).__name__]["examples"] = [msgspec.to_builtins(example)]
    return dict(sorted(found.items()))


def _title(code: str) -> str:
    """`not_found` as a component is called: NotFound."""
    return code.title().replace("_", "")
