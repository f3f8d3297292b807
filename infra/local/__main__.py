"""Command line of the local stack: ``python -m infra.local run | start | stop | status``."""

import asyncio
import os
import sys

from infra.local import stack_control
from infra.local.child_process import end_with_parent
from infra.local.local_errors import LocalStackError
from infra.local.process_lock import get_lock_holder
from infra.local.stack_settings import StackSettings

_USAGE = """usage: python -m infra.local COMMAND

  run     run the stack in the foreground, until Ctrl-C
  start   start it in the background, unless it runs
  stop    stop it, however it was started
  status  print whether it runs

PORT (5000) is the port of the web app and the API; the two ports after it are used as well.
HELIOGRAPH_LOCAL_DIR (.local) is the folder of its state.
"""


def _run(settings: StackSettings) -> int:
    # Imported lazily: the other commands need none of it.
    from infra.local.local_stack import run_stack

    asyncio.run(run_stack(settings))
    return 0


def _start(settings: StackSettings) -> int:
    if get_lock_holder(settings.lock_file):
        print("using the stack that runs already")
        return 0 if stack_control.wait_until_ready(settings) else 1
    print("starting the stack …", flush=True)
    process = stack_control.start_stack(settings)
    is_ready = stack_control.wait_until_ready(settings, process)
    print((settings.log_dir / "stack.log").read_text().strip())
    if not is_ready and process.poll() is None:
        stack_control.stop_stack(settings)
    return 0 if is_ready else 1


def _stop(settings: StackSettings) -> int:
    print("stopped" if stack_control.stop_stack(settings) else "no stack runs with this state")
    return 0


def _print_status(settings: StackSettings) -> int:
    holder = get_lock_holder(settings.lock_file)
    print(f"process {holder.pid} runs the stack" if holder else "no stack runs with this state")
    return 0 if holder else 3


_COMMANDS = {"run": _run, "start": _start, "stop": _stop, "status": _print_status}


def main(arguments: list[str]) -> int:
    """Run the command of the command line, and return the exit code."""
    # The state holds a secret and everybody's data.
    os.umask(0o077)
    if arguments == ["run", "--attached"]:
        # For tests: the stack ends with the process that holds its standard input.
        end_with_parent()
        arguments = ["run"]
    if len(arguments) != 1 or arguments[0] not in _COMMANDS:
        print(_USAGE, file=sys.stderr)
        return 2
    try:
        return _COMMANDS[arguments[0]](StackSettings.from_environment())
    except LocalStackError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
