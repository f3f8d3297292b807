"""HTTP server of the container functions: ``POST /fit`` and ``POST /render`` with a Lambda event."""

import os
from pathlib import Path
from socket import socket

from aiohttp import web

from infra import PROJECT
from infra.local.browser_requests import refuse_browsers
from infra.local.containers.worker_pool import InvocationError, WorkerPool
from infra.local.ministack_adapter import DEADLINE_HEADER
from infra.local.stack_settings import ACCOUNT, STAGE, StackSettings

_LARGEST_EVENT = 32 * 1024 * 1024

_RENDERERS = 4
"""Some documents take all the time that a task may take; others shall be drawn meanwhile."""

_INHERITED_VARIABLES = (
    "LD_LIBRARY_PATH", "SSL_CERT_FILE", "HTTPS_PROXY", "NO_PROXY", "HELIOGRAPH_STACK_MARK", "SFD_MAP_DIR",
)  # fmt: skip
"""What the container functions inherit of the user's environment."""


class ContainerServer:
    """The two container functions, for the emulator to invoke.

    Parameters
    ----------
    settings
        The stack's settings.
    scratch
        Folder for temporary files.
    """

    def __init__(self, settings: StackSettings, scratch: Path) -> None:
        self._pools = {pool.name: pool for pool in make_worker_pools(settings, scratch)}
        app = web.Application(client_max_size=_LARGEST_EVENT, middlewares=[refuse_browsers])
        for name in self._pools:
            app.router.add_post(f"/{name}", self._invoke)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)

    async def open(self, listener: socket) -> None:
        """Listen on a bound socket; invocations wait until the workers are started."""
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()

    async def start_workers(self) -> None:
        """Start the workers, whose imports keep all cores busy for seconds."""
        for pool in self._pools.values():
            await pool.open()

    async def close(self) -> None:
        """Kill the workers and stop listening."""
        for pool in self._pools.values():
            await pool.close()
        await self._runner.cleanup()

    async def _invoke(self, request: web.Request) -> web.Response:
        pool = self._pools[request.path.removeprefix("/")]
        deadline = int(request.headers[DEADLINE_HEADER]) / 1000
        try:
            return web.json_response(await pool.invoke(await request.json(), deadline))
        except InvocationError as error:
            body = {"errorMessage": str(error), "errorType": error.error_type}
            return web.json_response(body, status=500)


def make_worker_pools(settings: StackSettings, scratch: Path) -> list[WorkerPool]:
    """Return the pools of the fitter, which uses the emulated AWS, and of the renderer, which uses none."""
    env = _make_environment(settings, scratch)
    aws_env = {name: text for name, text in settings.make_aws_environment().items() if name.startswith("AWS_")}
    fit_env = {**env, **aws_env, "BUCKET": f"heliograph-{STAGE}-{ACCOUNT}", **settings.make_egress_environment()}
    log = settings.log_dir / "containers.log"
    return [
        WorkerPool("fit", "fitter_lambda.handler:fit", 2, fit_env, PROJECT, log),
        WorkerPool("render", "fitter_lambda.handler:render", _RENDERERS, env, PROJECT, log),
    ]


def _make_environment(settings: StackSettings, scratch: Path) -> dict[str, str]:
    """Return an environment like Lambda's: almost nothing of the user's, one core per invocation."""
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
        **{name: os.environ[name] for name in _INHERITED_VARIABLES if name in os.environ},
    }
    shared_models = PROJECT.parent / "shared" / "sncosmo-data"
    models = os.environ.get("SNCOSMO_DATA_DIR") or (str(shared_models) if shared_models.is_dir() else "")
    return env | {"SNCOSMO_DATA_DIR": models} if models else env
