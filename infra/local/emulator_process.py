"""The process of the emulated AWS: ``python -m infra.local.emulator_process PORT FRONT_DOOR_PORT``.

MiniStack's own command waits forever for running Lambda invocations when it is stopped, leaves their processes
behind, and saves its state only then. This one saves all the time, stops within seconds, and kills them.
"""

import asyncio
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.local import ministack_adapter
from infra.local.browser_requests import EmulatorGuard
from infra.local.child_process import end_with_parent
from infra.local.local_errors import StackFailedError
from infra.local.process_lock import hold_process_lock, wait_for_release
from infra.local.saved_state.durable_answers import DurableAnswers

if TYPE_CHECKING:
    from infra.local.saved_state.emulator_state import EmulatorState

_SHUTDOWN_SECONDS = 2.0
_LOCK_NAME = "pid"


def get_emulator_lock(state_dir: Path) -> Path:
    """Return the file that the emulator holds until it ends."""
    return state_dir / _LOCK_NAME


def wait_for_previous_emulator(state_dir: Path, seconds: float) -> None:
    """Wait until the emulator of a killed stack has ended.

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


async def _serve(port: int, front_door_port: int, state: "EmulatorState") -> None:
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
    app = DurableAnswers(ministack_adapter.load_asgi_app(), state)
    saving = asyncio.create_task(app.save_now_and_then())
    guard: Any = EmulatorGuard(app, port, front_door_port)
    await serve(guard, config, shutdown_trigger=stop_event.wait)
    saving.cancel()


def _end_lambda_processes() -> None:
    # They are in this process group; this process itself now ignores SIGTERM.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)


def main(port: int, front_door_port: int) -> None:
    """Serve until SIGTERM, SIGINT or the parent's end; then save the rest of the state and exit."""
    # Imported lazily: it imports the emulator, which other users of this module do not need.
    from infra.local.saved_state.emulator_state import EmulatorState

    end_with_parent()
    exit_code = 1
    folder = Path(os.environ["STATE_DIR"])
    try:
        with hold_process_lock(get_emulator_lock(folder), port):
            state = EmulatorState(folder)
            state.take_over()
            asyncio.new_event_loop().run_until_complete(_serve(port, front_door_port, state))
            _end_lambda_processes()
            state.close()
        exit_code = 0
    finally:
        if exit_code:
            traceback.print_exc()
        sys.stderr.flush()
        # sys.exit would wait for threads that wait for Lambda processes.
        os._exit(exit_code)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
