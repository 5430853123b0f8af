"""An operation and who handles it: the router is made of these, and so is docs/openapi.json.

A handler's annotations are its contract. The argument `said` is the body, `asked` the query, each a Struct and decoded
before the handler is called; what it returns is a Struct as well, or None, and encoded afterwards.
"""

from collections.abc import Awaitable, Callable, Iterable
from functools import cached_property
from inspect import getdoc
from typing import Any, Final, get_type_hints

import msgspec
from aiohttp import web
from msgspec import Struct, structs

from gateways.http.body import json, read, read_query
from gateways.http.operation import JSON, READING, Answer, Content, Operation, Parameter

NO_CONTENT: Final = 204


class Route(Struct, frozen=True, dict=True):
    """`handler` is a function of a resource's class; `location` is where to find what was made, from its fields.

    `answers` are for a handler that makes its response itself, `takes` for one that reads the body itself.
    """

    name: str
    method: str
    path: str
    handler: Callable[..., Awaitable[Any]]
    tag: str
    status: int = 200
    location: str = ""
    parameters: tuple[Parameter, ...] = ()
    answers: tuple[Answer, ...] = ()
    takes: Content = {}
    refuses: tuple[int, ...] = ()

    @cached_property
    def hints(self) -> dict[str, Any]:
        """The handler's contract."""
        return get_type_hints(self.handler)

    @property
    def operation(self) -> Operation:
        """The same for readers: the docstring's first line is its summary."""
        summary, _, description = (getdoc(self.handler) or "").partition("\n")
        said, asked = self.hints.get("said"), self.hints.get("asked")
        read_from = ((400, 413, 415) if said else ()) + ((400,) if asked else ())
        limited = () if self.method in READING else (429,)
        return Operation(
            name=self.name,
            method=self.method,
            path=self.path,
            tag=self.tag,
            summary=summary.rstrip("."),
            description=description.strip(),
            parameters=self.parameters + (_query(asked) if asked else ()),
            takes={JSON: said} if said else self.takes,
            answers=self.answers or (self._answer(),),
            refuses=tuple(sorted({*self.refuses, *read_from, *limited})),
        )

    @property
    def streams(self) -> bool:
        """Whether its answer goes on for as long as somebody listens."""
        return any(answer.events for answer in self.answers)

    def _answer(self) -> Answer:
        kind = self.hints["return"]
        if kind is type(None):
            return Answer(NO_CONTENT, "Done.")
        headers = {"Location": "Where it is found from now on."} if self.location else {}
        return Answer(self.status, getdoc(kind) or "", {JSON: kind}, headers)


def bound(routes: Iterable[Route], resource: object) -> list[web.RouteDef]:
    """For aiohttp's router. HEAD is answered wherever GET is, but for streams, which would not end."""
    return [
        web.route(
            route.method, route.path, _handler(route, resource), **({"allow_head": False} if route.streams else {})
        )
        for route in routes
    ]


def _handler(route: Route, resource: object) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    said, asked = route.hints.get("said"), route.hints.get("asked")

    async def handle(request: web.Request) -> web.StreamResponse:
        words: dict[str, Any] = {}
        if said:
            words["said"] = await read(request, said)
        if asked:
            words["asked"] = read_query(request, asked)
        found = await route.handler(resource, request, **words)
        if isinstance(found, web.StreamResponse):
            return found
        if found is None:
            return web.Response(status=NO_CONTENT)
        return json(found, route.status, {"Location": _location(route, found)} if route.location else None)

    return handle


def _location(route: Route, made: Struct) -> str:
    return route.location.format_map(structs.asdict(made))


def _query(asked: type[Struct]) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(field.name, "query", field.type, None if field.default is msgspec.NODEFAULT else field.default)
        for field in structs.fields(asked)
    )
