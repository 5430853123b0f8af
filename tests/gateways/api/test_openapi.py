"""docs/openapi.json is valid, says what the router has, and nothing is ever answered that it does not say."""

from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from nats.aio.client import Client as Nats
from obstore.store import MemoryStore
from openapi_spec_validator import OpenAPIV31SpecValidator

from actors.outside.shared_redis import ABSENT
from actors.outside.uploads import Uploads
from actors.runtime.client import Client
from gateways.api import description
from gateways.api.edits import Edits
from gateways.api.limits import UNLIMITED
from gateways.api.link_cache import LinkCache
from gateways.api.links import Links
from gateways.api.live import Live
from gateways.api.pages import Pages
from gateways.api.presence import Presence
from gateways.api.processing import Jobs
from gateways.api.recordings import Recordings
from gateways.api.server import application
from gateways.api.uploads import UploadDoor
from gateways.api.workspaces import Workspaces
from gateways.http.operation import Parameter
from gateways.http.rate_limit import RateLimit
from gateways.http.refusals import REFUSALS
from gateways.ingest.session import Measured
from ops.documents import ROOT
from schemas.errors import BY_CODE
from schemas.ids import RecordingId, job_id, new_id
from schemas.live import JobProgress, SourceMeasured
from subjects import live
from tests.gateways.api.conftest import OFFERED
from tests.gateways.api.test_live import listening
from tests.gateways.api.test_recordings import BASE, call, started
from tests.openapi_contract import DOCUMENT, component, operations

OTHER_DOORS = ("/whip/", "/ingest/", "/s/")
JSON = {"Content-Type": "application/json"}


def test_the_document_is_valid() -> None:
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_the_router_has_what_the_document_says_and_nothing_more(tmp_path: Path) -> None:
    nats, client = Nats(), Client(Nats())
    links = Links(b"")
    listeners, pages = Live(nats, client, links, Presence(ABSENT)), Pages(LinkCache(client, ABSENT), tmp_path, links)
    limit = RateLimit(ABSENT, UNLIMITED.policy_of, ())
    importing = UploadDoor(client, Uploads(MemoryStore()), 1, None)
    router = application(
        {},
        Recordings(client, b"", links),
        listeners,
        Workspaces(client),
        pages,
        limit,
        importing,
        Jobs(client),
        Edits(client),
    ).router
    routed = {
        (route.method, route.resource.canonical)
        for route in router.routes()
        if route.resource and route.method != "HEAD" and route.resource.canonical.startswith(OFFERED)
    }
    assert routed == {(method, path) for method, path, _ in operations() if not path.startswith(OTHER_DOORS)}


def test_operations_have_names_of_their_own_and_say_what_they_do() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(names)) == len(names)
    assert all(operation["summary"] for _, _, operation in operations())
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    assert {tag for _, _, operation in operations() for tag in operation["tags"]} == tags


def test_a_parameter_means_the_same_wherever_it_is_named() -> None:
    found: dict[str, Parameter] = {}
    for parameter in (one for operation in description.operations() for one in operation.parameters):
        assert found.setdefault(parameter.name, parameter) == parameter


@pytest.mark.parametrize("name", DOCUMENT["components"]["schemas"])
def test_examples_are_what_they_are_examples_of(name: str) -> None:
    for example in DOCUMENT["components"]["schemas"][name].get("examples", []):
        component(name).validate(example)


def test_every_refusal_of_an_actor_is_described() -> None:
    assert set(BY_CODE) <= {refusal.code for refusal in REFUSALS.values()}
    assert set(DOCUMENT["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]) == {
        refusal.code for refusal in REFUSALS.values()
    }


async def test_what_is_served_is_what_stands_in_docs(api: aiohttp.ClientSession) -> None:
    async with api.get("/api/openapi.json") as response:
        assert response.content_type == "application/json"
        assert await response.text() == (ROOT / "docs" / "openapi.json").read_text()


async def asked(api: aiohttp.ClientSession, method: str, path: str, **how: Any) -> tuple[int, str]:
    """The status and, of a refusal, the code; that the document says so is seen to by the session."""
    async with api.request(method, path, **how) as response:
        is_refusal = response.status >= 400 and method != "HEAD"
        return response.status, (await response.json())["code"] if is_refusal else ""


async def test_what_is_asked_well_is_answered_as_documented(api: aiohttp.ClientSession) -> None:
    one = f"{BASE}/{(await started(api, title='Demo', settings={'fps': 30}))['id']}"
    for method, path, body, status in (
        ("GET", one, None, 200),
        ("PUT", one, {"title": "New", "description": None}, 200),
        ("POST", f"{one}/control", {"action": "stop"}, 200),
        ("GET", BASE, None, 200),
        ("GET", f"{BASE}?limit=1", None, 200),
        ("POST", f"{BASE}/templates", {"name": "Mine", "settings": {"fps": 60}}, 201),
        ("GET", f"{BASE}/templates", None, 200),
        ("DELETE", one, None, 204),
        ("GET", "/health/live", None, 200),
        ("GET", "/health/ready", None, 200),
        ("HEAD", "/health/ready", None, 200),
        ("GET", "/api/openapi.json", None, 200),
        ("GET", "/api/docs", None, 200),
    ):
        assert await asked(api, method, path, json=body) == (status, ""), (method, path)


async def test_what_cannot_be_answered_is_refused_as_documented(api: aiohttp.ClientSession) -> None:
    one, gone = f"{BASE}/{(await started(api))['id']}", f"{BASE}/{(await started(api))['id']}"
    assert await asked(api, "DELETE", gone) == (204, "")
    for method, path, how, refusal in (
        ("POST", BASE, {"data": b"{", "headers": JSON}, (400, "invalid")),
        ("POST", BASE, {"json": {"titel": "Demo"}}, (400, "invalid")),
        ("POST", BASE, {"json": {"title": "x" * 201}}, (400, "invalid")),
        ("POST", BASE, {"data": b"{}", "headers": {"Content-Type": "text/plain"}}, (415, "unsupported_media_type")),
        ("POST", BASE, {"json": {"title": "x" * 100_000}}, (413, "too_long")),
        ("GET", f"{BASE}?limit=0", {}, (400, "invalid")),
        ("GET", f"{BASE}?cursor=x", {}, (400, "invalid")),
        ("PATCH", BASE, {}, (405, "method_not_allowed")),
        ("HEAD", f"{one}/events", {}, (405, "")),
        ("GET", "/api/v2/recordings", {}, (404, "not_found")),
        ("GET", f"{BASE}/{new_id()}", {}, (404, "not_found")),
        ("GET", f"{BASE}/{new_id()}/events", {}, (404, "not_found")),
        ("POST", f"{one}/control", {"json": {"action": "pause"}}, (409, "conflict")),
        ("GET", gone, {}, (410, "gone")),
        ("PUT", gone, {"json": {"title": "New"}}, (410, "gone")),
        ("GET", f"{gone}/events", {}, (410, "gone")),
        ("POST", f"{BASE}/templates", {"json": {"name": ""}}, (400, "invalid")),
    ):
        assert await asked(api, method, path, **how) == refusal, (method, path)


def test_the_gateway_measures_what_the_document_says() -> None:
    names = [field.name for field in msgspec.structs.fields(SourceMeasured)]
    assert names == [field.name for field in msgspec.structs.fields(Measured)]
    for measured in (Measured("connected", 2_000_000, 29.97, 0.01, 1280, 720), Measured("lost", detail="It left.")):
        component("SourceMeasured").validate(msgspec.to_builtins(measured))


async def test_events_carry_what_the_document_says(sharing_api: aiohttp.ClientSession, nats_client: Nats) -> None:
    api = sharing_api
    view = await started(api)
    content = DOCUMENT["paths"][f"{BASE}/{{sessionId}}/events"]["get"]["responses"]["200"]["content"]
    events = {
        one["properties"]["event"]["const"]: one["properties"]["data"]["contentSchema"]["$ref"].rpartition("/")[2]
        for one in content["text/event-stream"]["x-itemSchema"]["oneOf"]
    }
    seen = set()
    async with listening(api, view["id"]) as listener:
        for step in ("status", "watched", "source", "progress", "deleted"):
            if step == "source":
                await nats_client.publish(live.source(view["id"]), msgspec.json.encode(Measured("connected")))
            elif step == "progress":
                said = JobProgress(job_id(RecordingId(view["id"]), "transcode"), "transcode", "processing", 40)
                await nats_client.publish(live.progress(view["id"]), msgspec.json.encode(said))
            elif step == "deleted":
                await call(api, "DELETE", f"{BASE}/{view['id']}")
            name, data = await listener.event()
            component(events[name]).validate(data)
            seen.add(name)
    assert seen == set(events)
