"""The process of the emulated AWS: ``python -m infra.local.emulator_process PORT``.

MiniStack's own command waits forever for running Lambda invocations when it is stopped, and leaves their
processes behind. This one stops within seconds, kills them, and saves the state.
"""

import asyncio
import os
import signal
import sys
import traceback
from pathlib import Path

from infra.local import ministack_adapter
from infra.local.child_process import end_with_parent
from infra.local.local_errors import StackFailedError
from infra.local.process_lock import hold_process_lock, wait_for_release

_SHUTDOWN_SECONDS = 2.0
_LOCK_NAME = "pid"


def get_emulator_lock(state_dir: Path) -> Path:
    """Return the file that the emulator holds until its state is saved."""
    return state_dir / _LOCK_NAME


def wait_for_previous_emulator(state_dir: Path, seconds: float) -> None:
    """Wait until the emulator of a killed stack has saved its state.

    Raises
    ------
    StackFailedError
        If it still runs after so many seconds.
    """
    if holder := wait_for_release(get_emulator_lock(state_dir), seconds):
        raise StackFailedError(
            f"Process {holder.pid}, the emulated AWS of a killed stack, still uses {state_dir}. "
            f"It should have ended; `kill -9 {holder.pid}` ends it."
        )


async def _serve(port: int) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = _SHUTDOWN_SECONDS
    config.loglevel = "WARNING"
    stop_event = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop_event.set)
    await serve(ministack_adapter.load_asgi_app(), config, shutdown_trigger=stop_event.wait)


def _end_lambda_processes() -> None:
    # They are in this process group; this process itself now ignores SIGTERM.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)


def main(port: int) -> None:
    """Serve until SIGTERM, SIGINT or the parent's end; then save the state and exit."""
    end_with_parent()
    exit_code = 1
    try:
        with hold_process_lock(get_emulator_lock(Path(os.environ["STATE_DIR"])), port):
            asyncio.new_event_loop().run_until_complete(_serve(port))
            _end_lambda_processes()
            # The server has saved once, but invocations may have changed the state during that.
            ministack_adapter.save_state()
        exit_code = 0
    finally:
        if exit_code:
            traceback.print_exc()
        sys.stderr.flush()
        # sys.exit would wait for threads that wait for Lambda processes.
        os._exit(exit_code)


if __name__ == "__main__":
    main(int(sys.argv[1]))
