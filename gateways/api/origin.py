"""Under which address does the caller know us? The configured one, or the one it used."""

from aiohttp import web


def origin(request: web.Request, public_url: str | None) -> str:
    """`https://loom.example`, without a slash at its end."""
    if public_url:
        return public_url.rstrip("/")
    scheme = request.headers.get("X-Forwarded-Proto", request.scheme).split(",")[0].strip()
    host = request.headers.get("X-Forwarded-Host", request.host).split(",")[0].strip()
    return f"{scheme}://{host}"
