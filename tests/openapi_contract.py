"""Does an answer conform to the document of the API? Every status, media type and body that a client sees is looked at."""

import re
from collections.abc import Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any

import aiohttp
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from gateways.api.description import written

DOCUMENT = written()
METHOD_NOT_ALLOWED = 405
OUTSIDE = {404: "NotFound", METHOD_NOT_ALLOWED: "MethodNotAllowed"}
"""What is answered where there is no operation."""
SOMETIMES = ("Link",)
"""Header fields that are not there when there is nothing to say."""
_REGISTRY: Registry[Any] = Registry().with_resource("urn:api", Resource(DOCUMENT, DRAFT202012))


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and operation."""
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def matches(template: str, path: str) -> bool:
    """Whether a path is one of those that a template stands for."""
    return re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)), path) is not None


@cache
def validator(*pointer: str) -> Draft202012Validator:
    """For the schema at a place of the document."""
    place = "/".join(word.replace("~", "~0").replace("/", "~1") for word in pointer)
    schema = {"$ref": f"urn:api#/{place}"}
    return Draft202012Validator(schema, registry=_REGISTRY, format_checker=Draft202012Validator.FORMAT_CHECKER)


def component(name: str) -> Draft202012Validator:
    """For a schema by its name."""
    return validator("components", "schemas", name)


async def conforms(response: aiohttp.ClientResponse, method: str, path: str) -> None:
    """Raises AssertionError or jsonschema's ValidationError. Streams are not read."""
    template = min((known for known in DOCUMENT["paths"] if matches(known, path)), key=_words, default="")
    verb = "get" if method == "HEAD" else method.lower()
    operation = DOCUMENT["paths"].get(template, {}).get(verb)
    if operation is None or (method == "HEAD" and response.status == METHOD_NOT_ALLOWED):
        assert response.status in OUTSIDE, f"{method} {path}: {response.status}"
        where, found = ["components", "responses", OUTSIDE[response.status]], OUTSIDE[response.status]
    else:
        where, found = ["paths", template, verb, "responses", str(response.status)], operation["operationId"]
    await _is_as_said(response, where, f"{found} {response.status}", has_body=method != "HEAD")


async def _is_as_said(response: aiohttp.ClientResponse, where: list[str], name: str, *, has_body: bool) -> None:
    said = _at(where)
    if reference := said.get("$ref"):
        where = reference.removeprefix("#/").split("/")
        said = _at(where)
    missing = [field for field in said.get("headers", {}) if field not in response.headers and field not in SOMETIMES]
    assert not missing, f"{name} lacks {missing}"
    content = said.get("content", {})
    if not content or not has_body:
        assert not await response.read(), name
        return
    assert response.content_type in content, f"{name} is {response.content_type}"
    if response.content_type.endswith("json"):
        validator(*where, "content", response.content_type, "schema").validate(await response.json())


def _at(where: list[str]) -> dict[str, Any]:
    found = DOCUMENT
    for word in where:
        assert word in found, f"the document does not say {where}"
        found = found[word]
    return found


def _words(template: str) -> int:
    return template.count("{")


def conforming(*prefixes: str) -> list[aiohttp.TraceConfig]:
    """For a ClientSession: every answer under these paths has to conform."""
    trace = aiohttp.TraceConfig()

    async def ended(_: aiohttp.ClientSession, __: SimpleNamespace, seen: aiohttp.TraceRequestEndParams) -> None:
        if seen.url.raw_path.startswith(prefixes):
            await conforms(seen.response, seen.method, seen.url.raw_path)

    trace.on_request_end.append(ended)
    return [trace]
