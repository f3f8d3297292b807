"""The emulated AWS: ministack, served so that it keeps its state and leaves nothing behind.

Run as a child process, ``python -m infra.local.emulator PORT``, with the environment that
:func:`environment` makes. The package's own command would wait without end for running Lambda
invocations when asked to stop, and leave their processes.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
import traceback
from pathlib import Path

from infra.local.lifeline import end_with_parent
from infra.local.pidfile import held, running
from infra.local.settings import ACCOUNT, REGION, Settings

__all__ = ["environment", "state_folder", "wait_for_state"]

# Part of the names of queues in the saved state, so it must stay the same when PORT does not.
_NOMINAL_PORT = "4566"
_FINISH_SECONDS = 2.0
_PID_FILE = "pid"


def state_folder(settings: Settings) -> Path:
    """Return where the emulator saves its state."""
    return settings.state_dir / "aws"


def environment(settings: Settings, scratch: Path) -> dict[str, str]:
    """Return the emulator's environment, which its Lambda processes inherit.

    Parameters
    ----------
    settings
        The stack's settings.
    scratch
        A folder for what need not be kept; Lambda processes unpack their code there.
    """
    state = state_folder(settings)
    return settings.aws_environment() | {
        "GATEWAY_PORT": _NOMINAL_PORT,
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(state),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(state / "s3"),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "TMPDIR": str(scratch),
        "DOCKER_HOST": f"unix://{scratch}/no-docker",
        "LAMBDA_EXECUTOR": "local",
        # Each Lambda process imports from a folder of its own, once: written bytecode is never read.
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def wait_for_state(settings: Settings, seconds: float) -> None:
    """Wait until no emulator of a stack that was killed is still saving its state.

    Raises
    ------
    TimeoutError
        When it takes too long.
    """
    deadline = time.monotonic() + seconds
    while pid := running(state_folder(settings) / _PID_FILE):
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"Process {pid}, of a stack that was killed, still holds {state_folder(settings)}. "
                f"Expected it to end by itself; `kill -9 {pid}` ends it."
            )
        time.sleep(0.1)


async def _serve(port: int) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack import app

    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = _FINISH_SECONDS
    config.loglevel = "WARNING"
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await serve(app.app, config, shutdown_trigger=stopping.wait)


def _end_lambda_processes() -> None:
    # They are all of this process group, and this process alone minds no SIGTERM any more.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)


def _save() -> None:
    """Save again: invocations that were running during the server's own save may have spoilt it."""
    from ministack import app
    from ministack.core.persistence import save_all

    save_all(app._build_persistence_save_dict())


def main(port: int) -> None:
    """Serve until SIGTERM, SIGINT or the parent's end; then save and be gone within seconds."""
    end_with_parent()
    code = 1
    try:
        with held(Path(os.environ["STATE_DIR"]) / _PID_FILE, os.getpid(), port):
            asyncio.new_event_loop().run_until_complete(_serve(port))
            _end_lambda_processes()
            _save()
        code = 0
    finally:
        if code:
            traceback.print_exc()
        # Not sys.exit: that waits for threads that wait for Lambda processes.
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main(int(sys.argv[1]))
