"""Run the local stack: start its parts in order, stop them in the reverse order.

emulator (child process)      AWS; the API's functions are its children
containers (in this process)  runs the fitter's handlers in worker processes
front door (in this process)  http://localhost:5000, opened when everything else is ready
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import mkdtemp

import aiohttp

from infra import PROJECT
from infra.local import ministack_adapter
from infra.local.child_process import ChildProcess
from infra.local.containers.container_server import ContainerServer
from infra.local.emulator_process import wait_for_previous_emulator
from infra.local.front_door import ApiProxy, FrontDoor
from infra.local.local_deployment import deploy_to_emulator, resume_triggers
from infra.local.local_errors import StackFailedError
from infra.local.port_binding import bind_port
from infra.local.private_files import make_files_private
from infra.local.process_lock import hold_process_lock
from infra.local.saved_state.durable_answers import SAVE_PATH
from infra.local.saved_state.run_record import describe_recovery
from infra.local.stack_settings import ACCOUNT, REGION, STAGE, StackSettings
from infra.local.temporary_files import delete_in_background
from infra.step_times import print_step

_BOOT_SECONDS = 60.0
_STOP_SECONDS = 20.0
_FIRST_REQUESTS = 10
"""Requests until the API must have answered with 200, one a second."""


async def run_stack(settings: StackSettings) -> None:
    """Run the stack until SIGINT, SIGTERM or SIGHUP.

    Raises
    ------
    AlreadyRunningError
        If a stack runs with this state.
    PortTakenError
        If one of the three ports is taken.
    StackFailedError
        If a part does not start, or ends unexpectedly.
    """
    # Only the first signal counts; a cancelled task must not be cancelled again while it cleans up.
    stop_event = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop_event.set)
    parts = asyncio.create_task(_run_parts(settings))
    stop = asyncio.create_task(stop_event.wait())
    await asyncio.wait({parts, stop}, return_when=asyncio.FIRST_COMPLETED)
    if not parts.done():
        print("\nstopping …", flush=True)
        parts.cancel()
    stop.cancel()
    try:
        await parts
    except asyncio.CancelledError:
        print("stopped; all that was answered is saved in", _shorten_path(settings.state_dir), flush=True)


async def _run_parts(settings: StackSettings) -> None:
    """Start all parts and wait for the emulator's end; stop all parts when cancelled."""
    async with AsyncExitStack() as stack:
        stack.enter_context(hold_process_lock(settings.lock_file, settings.port))
        suggestion = settings.port + 1000
        api_socket = stack.enter_context(bind_port(settings.port, "the web app and the API", suggestion))
        bind_port(settings.emulator_port, "the emulated AWS", suggestion).close()
        containers_socket = stack.enter_context(
            bind_port(settings.containers_port, "the container functions", suggestion)
        )
        temp_dir = _prepare_folders(settings)
        scratch = Path(mkdtemp(dir=temp_dir))
        stack.callback(delete_in_background, [scratch])

        await asyncio.to_thread(wait_for_previous_emulator, settings.emulator_dir, _STOP_SECONDS)
        if recovery := describe_recovery(settings.emulator_dir):
            print(recovery, flush=True)
        containers = ContainerServer(settings, scratch)
        stack.push_async_callback(containers.close)
        with print_step("starting the emulated AWS"):
            emulator = await stack.enter_async_context(_run_emulator(settings, scratch))
            await containers.open(containers_socket)
            await _wait_for_emulator(settings, emulator)
        with print_step("packaging the app"):
            await _run_module(settings, "infra.packaging", STAGE, str(settings.package_dir))
        with print_step("deploying the app"):
            api_id = await asyncio.to_thread(deploy_to_emulator, settings)
            await _save_deployment(settings)
        with print_step("making the administrator"):
            await _run_module(settings, "infra.admin", "ensure", str(settings.token_file))
        await asyncio.to_thread(resume_triggers, settings)
        with print_step("waiting for the first answer"):
            await _request_sysinfo(settings, api_id)
        await containers.start_workers()

        front_door = FrontDoor(ApiProxy(settings.emulator_url, api_id, settings.port))
        stack.push_async_callback(front_door.close)
        await front_door.open(api_socket)
        _print_addresses(settings)
        exit_code = await emulator.wait()
        raise StackFailedError(
            f"The emulated AWS ended unexpectedly (exit code {exit_code}). "
            f"See its log, {_shorten_path(settings.log_dir / 'emulator.log')}. `make run` starts again."
        )


def _prepare_folders(settings: StackSettings) -> Path:
    """Make the folders of a run, keep one old log of each part, and return the folder for temporary files."""
    temp_dir = settings.state_dir / "tmp"
    for folder in (temp_dir, settings.log_dir, settings.emulator_dir):
        folder.mkdir(parents=True, exist_ok=True)
    # A killed run may have left files; this process holds the lock, so nobody uses them.
    delete_in_background(temp_dir.iterdir())
    make_files_private(settings.state_dir)
    for log in (settings.log_dir / "emulator.log", settings.log_dir / "containers.log"):
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
    return temp_dir


@asynccontextmanager
async def _run_emulator(settings: StackSettings, scratch: Path) -> AsyncIterator[ChildProcess]:
    state_dir = settings.emulator_dir
    own_env = ministack_adapter.get_environment(state_dir, scratch, ACCOUNT, REGION)
    process = await ChildProcess.start(
        "infra.local.emulator_process",
        str(settings.emulator_port),
        str(settings.port),
        env=settings.make_aws_environment() | settings.make_function_environment() | own_env,
        cwd=PROJECT,
        log=settings.log_dir / "emulator.log",
    )
    try:
        yield process
    finally:
        if not await process.stop(_STOP_SECONDS):
            print(
                f"The emulated AWS did not end within {_STOP_SECONDS:.0f} s and was killed; it loses nothing.",
                flush=True,
            )


async def _wait_for_emulator(settings: StackSettings, emulator: ChildProcess) -> None:
    deadline = time.monotonic() + _BOOT_SECONDS
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < deadline and not emulator.has_ended:
            try:
                async with session.get(settings.emulator_url + ministack_adapter.HEALTH_PATH) as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)
    log = _shorten_path(settings.log_dir / "emulator.log")
    raise StackFailedError(f"The emulated AWS did not start. Its log says why: {log}")


async def _save_deployment(settings: StackSettings) -> None:
    """Save tables, keys and secrets before a record is written that needs them."""
    async with aiohttp.ClientSession() as session, session.post(settings.emulator_url + SAVE_PATH) as response:
        if response.status != 200:
            raise StackFailedError((await response.json())["message"])


async def _request_sysinfo(settings: StackSettings, api_id: str) -> None:
    """Start the API's function by a first request, before the workers use all cores."""
    url = f"{ministack_adapter.get_api_url(settings.emulator_url, api_id)}/sysinfo"
    async with aiohttp.ClientSession() as session:
        for _ in range(_FIRST_REQUESTS):
            async with session.get(url) as response:
                answer = await response.text()
                if response.status == 200:
                    return
            await asyncio.sleep(1.0)
    log = _shorten_path(settings.log_dir / "emulator.log")
    raise StackFailedError(f"The API answers {response.status}: {answer[:300]}. Its log may say why: {log}")


async def _run_module(settings: StackSettings, module: str, *arguments: str) -> None:
    """Run a module with the emulator as AWS, and wait for its end; if it fails, raise its output."""
    log = settings.log_dir / f"{module.rpartition('.')[2]}.log"
    log.unlink(missing_ok=True)
    env = settings.make_aws_environment()
    process = await ChildProcess.start(module, *arguments, env=env, cwd=PROJECT, log=log)
    try:
        exit_code = await process.wait()
    finally:
        await process.stop(0)
    if exit_code:
        raise StackFailedError(f"python -m {module} ended with {exit_code}:\n{log.read_text()}")


def _print_addresses(settings: StackSettings) -> None:
    print(
        f"ready: {settings.url} (the API at {settings.url}/api)\n"
        f"the administrator's token is in {_shorten_path(settings.token_file)}, "
        f"the logs are in {_shorten_path(settings.log_dir)}\n"
        "Ctrl-C stops it, or `make stop` from elsewhere",
        flush=True,
    )


def _shorten_path(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
