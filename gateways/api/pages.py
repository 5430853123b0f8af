"""The pages: built files with immutable names, three documents, and what a pasted link shows (OpenGraph)."""

from html import escape
from pathlib import Path
from typing import Final

from aiohttp import web

from gateways.api.asked import caller, recording_id
from gateways.api.link_cache import LinkCache
from gateways.api.links import LinkedRecording, Links
from schemas.errors import Gone, LoomError, NotFound
from schemas.recording import Status

IMMUTABLE: Final = "public, max-age=31536000, immutable"
MARKER: Final = "<!--opengraph-->"
DOCUMENTS: Final = {"/": "index.html", "/library": "index.html", "/record": "record.html"}
FILES: Final = r"/{file:(?!api/|health/).+}"
"""Whatever is left; at the API's addresses a method that is not offered is told so (405)."""
_LIVE: Final = {Status.PREPARING, Status.RECORDING, Status.PAUSED}


class Pages:
    """Serves `folder`, which `npm run build` fills."""

    def __init__(self, known: LinkCache, folder: Path, links: Links) -> None:
        self._known = known
        self._folder = folder
        self._links = links

    def routes(self) -> list[web.RouteDef]:
        """What is offered."""
        documents = [web.get(path, self.document) for path in DOCUMENTS]
        return [*documents, web.get("/watch/{sessionId}", self.watch), web.get(FILES, self.file)]

    async def document(self, request: web.Request) -> web.Response:
        """A page without data."""
        return self._html(self._read(DOCUMENTS[request.path]))

    async def watch(self, request: web.Request) -> web.Response:
        """The player; its head says what the link leads to. A dead link gets the page too, with its status."""
        status, words = 200, ""
        try:
            view = await self._known.get(recording_id(request), caller(request))
            words = opengraph(self._links.of(request, view))
        except NotFound:
            status = 404
        except Gone:
            status = 410
        except LoomError:
            words = ""
        return self._html(self._read("watch.html").replace(MARKER, words), status)

    async def file(self, request: web.Request) -> web.StreamResponse:
        """A built file; hashed names never change."""
        try:
            path = (self._folder / request.match_info["file"]).resolve()
            found = path.is_relative_to(self._folder.resolve()) and path.is_file()
        except (OSError, ValueError):  # a name that no file can have
            found = False
        if not found:
            raise web.HTTPNotFound
        cache = IMMUTABLE if "assets" in path.relative_to(self._folder.resolve()).parts else "public, max-age=600"
        return web.FileResponse(path, headers={"Cache-Control": cache, "X-Content-Type-Options": "nosniff"})

    def _read(self, name: str) -> str:
        try:
            return (self._folder / name).read_text()
        except FileNotFoundError:
            return (
                "<!doctype html><title>Loom</title><p>The pages have not been built yet. "
                "Run <code>make up</code>, or <code>npm ci && npm run build</code> in gateways/web.</p>"
            )

    def _html(self, text: str, status: int = 200) -> web.Response:
        headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
        return web.Response(status=status, text=text, content_type="text/html", headers=headers)


def opengraph(view: LinkedRecording) -> str:
    """Meta elements for whoever unfurls the link (ogp.me)."""
    what = (
        "Recording now: watch while it is being made" if view.status in _LIVE else view.description or "Watch on Loom"
    )
    said = {
        "og:site_name": "Loom",
        "og:type": "video.other",
        "og:title": view.title,
        "og:description": what,
        "og:url": view.watch_url,
        "og:image": view.poster_url,
        "twitter:card": "summary_large_image",
    }
    return "\n    ".join(f'<meta property="{name}" content="{escape(value)}">' for name, value in said.items())
