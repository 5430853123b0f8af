"""The page of the API shows everything, leads nowhere that is not there, and needs nothing from elsewhere."""

from html.parser import HTMLParser

import aiohttp
import pytest

from gateways.api.reference import page
from tests.openapi_contract import DOCUMENT, operations

VOID = ("meta", "br")


class Read(HTMLParser):
    """What the page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.targets: set[str] = set()
        self.tags: set[str] = set()
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        said = dict(attrs)
        self.ids += [said["id"] or ""] if "id" in said else []
        self.targets |= {said[name] or "" for name in ("href", "src") if name in said}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture(scope="module")
def read() -> Read:
    return Read(page(DOCUMENT))


def test_all_that_was_opened_is_closed(read: Read) -> None:
    assert read.open == []


def test_every_operation_refusal_and_schema_is_on_it(read: Read) -> None:
    assert all(f"{method}" in read.words and path in read.words for method, path, _ in operations())
    assert len(set(read.ids)) == len(read.ids)
    named = {operation["operationId"] for _, _, operation in operations()}
    assert named | set(DOCUMENT["components"]["schemas"]) | set(DOCUMENT["components"]["responses"]) <= set(read.ids)


def test_every_link_leads_somewhere_on_it_or_to_the_document(read: Read) -> None:
    assert {target.removeprefix("#") for target in read.targets if target.startswith("#")} <= set(read.ids)
    assert {target for target in read.targets if not target.startswith("#")} == {"/api/openapi.json"}
    assert "script" not in read.tags


def test_words_of_the_document_stay_words() -> None:
    info = {**DOCUMENT["info"], "summary": "<script>alert(1)</script>"}
    assert "<script>" not in page({**DOCUMENT, "info": info})


async def test_it_is_served(api: aiohttp.ClientSession) -> None:
    async with api.get("/api/docs") as response:
        assert response.content_type == "text/html"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert await response.text() == page(DOCUMENT)
