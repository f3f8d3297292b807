"""The web app's files, or a page that says where things are while there are none."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

__all__ = ["HEADERS", "respond"]

HEADERS = {
    "Cache-Control": "no-cache",
    # As infra/template.yaml has it for AWS, but for where the API and the presigned URLs are.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "font-src 'self'; connect-src 'self' http://127.0.0.1:* http://localhost:*; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Of every page: it loads what is its own, speaks with this machine alone, and is framed by nobody."""

_FIRST_STEPS = """Heliograph runs here. The API is at {url}/api; the administrator's token is in the file
.local/token of the clone (or in the token file of HELIOGRAPH_LOCAL_DIR).

First steps, in Python:

    import pathlib, requests
    headers = {{"Authorization": "token " + pathlib.Path(".local/token").read_text().strip()}}
    requests.get("{url}/api/sysinfo").json()
    requests.get("{url}/api/analysis_service", headers=headers).json()

`make load_demo_data` brings sources and the supernova fitter; `make demo` runs an analysis.
"""


def respond(request: web.BaseRequest, folder: Path) -> web.StreamResponse:
    """Answer with a file of the folder; ``/`` and folders are their index.html."""
    response = _found(request, folder)
    response.headers.update(HEADERS)
    return response


def _found(request: web.BaseRequest, folder: Path) -> web.StreamResponse:
    if request.method not in {"GET", "HEAD"}:
        return web.Response(status=405, headers={"Allow": "GET, HEAD"}, text="The web app is only read.\n")
    path = _file(folder, request.path)
    if path is not None:
        return web.FileResponse(path)
    if request.path == "/":
        return web.Response(text=_FIRST_STEPS.format(url=f"{request.scheme}://{request.host}"))
    return web.Response(status=404, text="No such page; the API is at /api.\n")


def _file(folder: Path, path: str) -> Path | None:
    if "\0" in path or any(part.startswith(".") for part in path.split("/")):
        return None
    root = folder.resolve()
    found = (root / path.lstrip("/")).resolve()
    if found.is_dir():
        found /= "index.html"
    return found if found.is_relative_to(root) and found.is_file() else None
