"""The local stack: everything started in order, and everything ended in order.

emulator (child process)      AWS; the API's functions run as its children
containers (in this process)  invokes the fitter's handlers in worker processes
front door (in this process)  http://localhost:5000, opened when all else is ready
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from importlib.util import find_spec
from pathlib import Path

import aiohttp

from infra.local import deployment, emulator, saved_state
from infra.local.containers.server import Containers
from infra.local.front_door import FrontDoor
from infra.local.front_door.gateway import Gateway, api_url
from infra.local.lifeline import Child
from infra.local.ports import take
from infra.local.settings import PROJECT, Settings

__all__ = ["StackFailedError", "run"]

_BOOT_SECONDS = 60.0
_SAVE_SECONDS = 20.0


class StackFailedError(RuntimeError):
    """A part of the stack did not start, or ended by itself; the message names its log."""


async def run(settings: Settings) -> None:
    """Run the stack until a signal asks it to end.

    Raises
    ------
    StackFailedError
        When a part does not start, or ends by itself.
    PortTakenError
        When one of the three ports is taken.
    """
    stopping = _on_signals()
    work = asyncio.create_task(_up(settings))
    asked = asyncio.create_task(stopping.wait())
    await asyncio.wait({work, asked}, return_when=asyncio.FIRST_COMPLETED)
    if not work.done():
        print("\nstopping …", flush=True)
        work.cancel()
    asked.cancel()
    try:
        await work
    except asyncio.CancelledError:
        print("stopped; the state is kept in", _short(settings.state_dir), flush=True)


def _on_signals() -> asyncio.Event:
    """Return an event that is set by whatever asks a process to end; asking twice changes nothing."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stopping.set)
    return stopping


async def _up(settings: Settings) -> None:
    """Start everything, then watch; being cancelled ends everything."""
    async with AsyncExitStack() as stack:
        suggestion = settings.port + 1000
        door = stack.enter_context(take(settings.port, "the web app and the API", suggestion))
        take(settings.emulator_port, "the emulated AWS", suggestion).close()
        inner = stack.enter_context(take(settings.containers_port, "the container functions", suggestion))
        scratch = stack.enter_context(_scratch(settings))
        settings.logs.mkdir(parents=True, exist_ok=True)
        _keep_one_old_log(settings.logs)

        containers = Containers(settings, scratch)
        stack.push_async_callback(containers.close)
        with _progress("starting the emulated AWS"):
            aws = await stack.enter_async_context(_emulator(settings, scratch))
            await containers.open(inner)
            await _until_ready(settings, aws)
        with _progress("packaging the app"):
            await _finish("infra.packaging", "local", str(settings.package_dir), settings=settings)
        with _progress("deploying it"):
            api_id = await asyncio.to_thread(deployment.deploy, settings)
        with _progress("making the administrator"):
            await _make_administrator(settings)
        await asyncio.to_thread(deployment.resume_triggers, settings)
        with _progress("waiting for its first answer"):
            await _warm_up(settings, api_id)
        await containers.start_workers()

        front_door = FrontDoor(Gateway(settings.emulator_url, api_id, settings.port))
        stack.push_async_callback(front_door.close)
        await front_door.open(door)
        _say_where(settings)
        code = await aws.wait()
        raise StackFailedError(
            f"The emulated AWS ended by itself (exit code {code}). "
            f"Its log is {_short(settings.logs / 'emulator.log')}; `make run` starts again."
        )


@asynccontextmanager
async def _emulator(settings: Settings, scratch: Path) -> AsyncIterator[Child]:
    state = emulator.state_folder(settings)
    state.mkdir(parents=True, exist_ok=True)
    await asyncio.to_thread(emulator.wait_for_state, settings, _SAVE_SECONDS)
    saved_state.release_messages(state)
    saved_state.pause_triggers(state)
    child = await Child.start(
        "infra.local.emulator",
        str(settings.emulator_port),
        env=emulator.environment(settings, scratch),
        log=settings.logs / "emulator.log",
        cwd=PROJECT,
    )
    try:
        yield child
    finally:
        polite = await child.stop(_SAVE_SECONDS)
        if not polite:
            print(f"The emulated AWS did not end within {_SAVE_SECONDS:.0f} s and was killed.", flush=True)


async def _until_ready(settings: Settings, aws: Child) -> None:
    deadline = time.monotonic() + _BOOT_SECONDS
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < deadline and aws.ended is None:
            try:
                async with session.get(f"{settings.emulator_url}/_ministack/health") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)
    raise StackFailedError(
        f"The emulated AWS did not start. Its log says why: {_short(settings.logs / 'emulator.log')}"
    )


async def _warm_up(settings: Settings, api_id: str) -> None:
    """Have the API's function started by a request of our own, before the workers want the cores."""
    url = f"{api_url(settings.emulator_url, api_id)}/sysinfo"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        await answer.read()


async def _make_administrator(settings: Settings) -> None:
    if find_spec("infra.admin") is None:
        return
    await _finish("infra.admin", "ensure", str(settings.token_file), settings=settings)


async def _finish(module: str, *arguments: str, settings: Settings) -> None:
    """Run a module to its end, against the emulator; what it says is shown when it fails."""
    log = settings.logs / f"{module.rpartition('.')[2]}.log"
    log.unlink(missing_ok=True)
    child = await Child.start(module, *arguments, env=settings.aws_environment(), log=log, cwd=PROJECT)
    try:
        code = await child.wait()
    finally:
        await child.stop(0)
    if code:
        raise StackFailedError(f"python -m {module} ended with {code}:\n{log.read_text()}")


@contextmanager
def _scratch(settings: Settings) -> Iterator[Path]:
    parent = settings.state_dir / "tmp"
    # What a killed run left; the lock on the pid file says that nobody uses it.
    shutil.rmtree(parent, ignore_errors=True)
    parent.mkdir(parents=True)
    try:
        yield Path(tempfile.mkdtemp(dir=parent))
    finally:
        shutil.rmtree(parent, ignore_errors=True)


def _keep_one_old_log(folder: Path) -> None:
    for name in ("emulator.log", "containers.log"):
        log = folder / name
        if log.exists():
            log.replace(log.with_suffix(".log.1"))


@contextmanager
def _progress(what: str) -> Iterator[None]:
    started = time.monotonic()
    print(f"{what} … ", end="", flush=True)
    yield
    print(f"{time.monotonic() - started:.1f} s", flush=True)


def _say_where(settings: Settings) -> None:
    print(
        f"ready: {settings.url} (the API at {settings.url}/api)\n"
        f"the administrator's token is in {_short(settings.token_file)}, "
        f"the logs are in {_short(settings.logs)}\n"
        "Ctrl-C stops it, or `make stop` from elsewhere",
        flush=True,
    )


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
