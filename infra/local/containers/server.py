"""``POST /fit`` and ``POST /render``: a Lambda event in, what the handler returns out."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from socket import socket

from aiohttp import web

from infra.local.containers.pool import Function, InvocationError, Pool
from infra.local.settings import ACCOUNT, PROJECT, STAGE, Settings

__all__ = ["Containers", "functions"]

_DEADLINE = "X-Amzn-Lambda-Deadline-Ms"
_LARGEST_EVENT = 32 * 1024 * 1024
_DEFAULT_SECONDS = 300.0


class Containers:
    """The two container functions, served to the emulator until closed.

    Parameters
    ----------
    settings
        The stack's settings.
    scratch
        Folder for temporary files.
    """

    def __init__(self, settings: Settings, scratch: Path) -> None:
        self._pools = {function.name: Pool(function) for function in functions(settings, scratch)}
        self._runner: web.AppRunner | None = None

    async def open(self, listener: socket) -> None:
        """Answer on a socket that is bound already; invocations wait for the workers."""
        app = web.Application(client_max_size=_LARGEST_EVENT)
        for name in self._pools:
            app.router.add_post(f"/{name}", self._invoke, name=name)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()

    async def start_workers(self) -> None:
        """Start the workers, whose imports keep all cores busy for seconds."""
        for pool in self._pools.values():
            await pool.open()

    async def close(self) -> None:
        """Kill the workers and stop answering."""
        for pool in self._pools.values():
            await pool.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _invoke(self, request: web.Request) -> web.Response:
        pool = self._pools[request.path.removeprefix("/")]
        milliseconds = request.headers.get(_DEADLINE)
        deadline = int(milliseconds) / 1000 if milliseconds else time.time() + _DEFAULT_SECONDS
        try:
            return web.json_response(await pool.invoke(await request.json(), deadline))
        except InvocationError as error:
            return _failure(str(error), error.kind)
        except json.JSONDecodeError as error:
            return _failure(f"the event is not JSON: {error}", "InvalidRequestContentException")


def _failure(message: str, kind: str) -> web.Response:
    return web.json_response({"errorMessage": message, "errorType": kind}, status=500)


def functions(settings: Settings, scratch: Path) -> list[Function]:
    """Return the two container functions, the fit's with the emulator's AWS and the renderer's with none."""
    common = {"cwd": PROJECT, "log": settings.logs / "containers.log"}
    plain = _plain_environment(settings, scratch)
    aws = {name: value for name, value in settings.aws_environment().items() if name.startswith("AWS_")}
    fit = (
        plain
        | aws
        | {
            "BUCKET": f"heliograph-{STAGE}-{ACCOUNT}",
            "EGRESS_ALLOWED_HOSTS": "localhost,127.0.0.1,::1",
        }
    )
    return [
        Function("fit", settings.fit_handler, 2, fit, **common),
        Function("render", settings.render_handler, 1, plain, **common),
    ]


HANDED_ON = (
    "LD_LIBRARY_PATH", "SSL_CERT_FILE", "HTTPS_PROXY", "NO_PROXY", "HELIOGRAPH_STACK_MARK", "SFD_MAP_DIR",
)  # fmt: skip
"""What the container functions get of the user's environment."""


def _plain_environment(settings: Settings, scratch: Path) -> dict[str, str]:
    """Return an environment like Lambda's: nothing of the user's, and one core an invocation."""
    home = settings.state_dir / "home"
    home.mkdir(parents=True, exist_ok=True)
    env = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "TMPDIR": str(scratch),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MPLBACKEND": "agg",
    }
    env |= {name: os.environ[name] for name in HANDED_ON if name in os.environ}
    models = os.environ.get("SNCOSMO_DATA_DIR") or _models_beside_the_clone()
    return env | {"SNCOSMO_DATA_DIR": models} if models else env


def _models_beside_the_clone() -> str | None:
    folder = PROJECT.parent / "shared" / "sncosmo-data"
    return str(folder) if folder.is_dir() else None
