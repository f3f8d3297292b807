"""The HTTP server of the stack's port."""

from pathlib import Path
from socket import socket

from aiohttp import web

from infra import PROJECT
from infra.local.browser_requests import explain_other_host
from infra.local.front_door.api_proxy import ApiProxy, make_error
from infra.local.front_door.static import respond_with_file

_SHUTDOWN_SECONDS = 1.5
_LONGEST_LINE = 1024 * 1024
"""Bytes of a request line that are read, so that `ApiProxy` can refuse a long one in the API's envelope."""


class FrontDoor:
    """The web app at ``/`` and the API at ``/api``.

    Parameters
    ----------
    api_proxy
        Answers requests to the API.
    web_folder
        The web app's files.
    """

    def __init__(self, api_proxy: ApiProxy, web_folder: Path = PROJECT / "web") -> None:
        self._api_proxy = api_proxy
        self._web_folder = web_folder
        # A low-level server without routes: it leaves paths as they are.
        server = web.Server(self._respond, max_line_size=_LONGEST_LINE)
        self._runner = web.ServerRunner(server, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)

    async def open(self, listener: socket) -> None:
        """Listen on a bound socket."""
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()

    async def close(self) -> None:
        """Stop listening, let running requests end, then close."""
        await self._runner.cleanup()
        await self._api_proxy.close()

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        if refusal := explain_other_host(request.headers.getall("Host", [])):
            return make_error(421, refusal)
        if request.path == "/api" or request.path.startswith("/api/"):
            return await self._api_proxy.forward(request)
        return respond_with_file(request, self._web_folder)
