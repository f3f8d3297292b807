"""The web app's files, or the first steps while there are none."""

from pathlib import Path

from aiohttp import web

from chalicelib.strict_headers import PAGE_HEADERS, STRICT_HEADERS
from infra import PROJECT

_DOCS = PROJECT / "docs"
"""The guides, in Markdown, which the web app links to."""

HEADERS = {
    **STRICT_HEADERS,
    **PAGE_HEADERS,
    "Cache-Control": "no-cache",
    # As in infra/templates/web.yaml for AWS, except for the hosts of the API and of presigned URLs.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "font-src 'self'; connect-src 'self' http://127.0.0.1:* http://localhost:*; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}
"""Headers of every page: it loads only its own files, connects only to this machine, cannot be framed."""

_FIRST_STEPS = """Heliograph runs here. The API is at {url}/api; the administrator's token is in the file
.local/token of the clone (or in the token file of HELIOGRAPH_LOCAL_DIR).

First steps, in Python:

    import pathlib, requests
    headers = {{"Authorization": "token " + pathlib.Path(".local/token").read_text().strip()}}
    requests.get("{url}/api/sysinfo").json()
    requests.get("{url}/api/analysis_service", headers=headers).json()

`make load_demo_data` loads sources and the supernova fitter; `make demo` runs an analysis.
"""


def respond_with_file(request: web.BaseRequest, folder: Path) -> web.StreamResponse:
    """Respond with a file of the folder, or with a guide below ``/docs``; folders mean their index.html."""
    response = _make_response(request, folder)
    response.headers.update(HEADERS)
    return response


def _make_response(request: web.BaseRequest, folder: Path) -> web.StreamResponse:
    if request.method not in {"GET", "HEAD"}:
        message = "The web app takes GET and HEAD only.\n"
        return web.Response(status=405, headers={"Allow": "GET, HEAD"}, text=message)
    file = _find_file(folder.resolve(), request.path)
    if file is not None:
        return web.FileResponse(file)
    guide = _find_file(PROJECT, request.path)
    if guide is not None and guide.parent == _DOCS and guide.suffix == ".md":
        # Browsers would save a file of the type text/markdown instead of showing it.
        return web.Response(text=guide.read_text())
    if request.path == "/":
        return web.Response(text=_FIRST_STEPS.format(url=f"{request.scheme}://{request.host}"))
    return web.Response(status=404, text="No such page; the API is at /api.\n")


def _find_file(folder: Path, path: str) -> Path | None:
    if "\0" in path or any(part.startswith(".") for part in path.split("/")):
        return None
    file = (folder / path.lstrip("/")).resolve()
    if file.is_dir():
        file /= "index.html"
    return file if file.is_relative_to(folder) and file.is_file() else None
