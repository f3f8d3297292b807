"""The front door's server."""

from __future__ import annotations

from pathlib import Path
from socket import socket

from aiohttp import web

from infra.local.front_door.gateway import Gateway
from infra.local.front_door.static import respond
from infra.local.settings import PROJECT

__all__ = ["FrontDoor"]

_FINISH_SECONDS = 1.5


LONGEST_LINE = 1024 * 1024
"""Bytes of a request line that are read, so that one too long is refused in our own words."""


class FrontDoor:
    """The web app at ``/`` and the API at ``/api``, until closed.

    Parameters
    ----------
    gateway
        The way to the API.
    web_folder
        The web app's files.
    """

    def __init__(self, gateway: Gateway, web_folder: Path = PROJECT / "web") -> None:
        self._gateway = gateway
        self._web_folder = web_folder
        # A low-level server rather than routes: paths go on exactly as they came.
        server = web.Server(self._answer, max_line_size=LONGEST_LINE)
        self._runner = web.ServerRunner(server, access_log=None, shutdown_timeout=_FINISH_SECONDS)

    async def open(self, listener: socket) -> None:
        """Answer on a socket that is bound already."""
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()

    async def close(self) -> None:
        """Accept nothing more, give running requests a moment, then close."""
        await self._runner.cleanup()
        await self._gateway.close()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/api" or request.path.startswith("/api/"):
            return await self._gateway.forward(request)
        return respond(request, self._web_folder)
