"""The local stack's command: ``python -m infra.local run | start | stop | status``."""

from __future__ import annotations

import asyncio
import os
import sys

from infra.local import control
from infra.local.lifeline import end_with_parent
from infra.local.pidfile import AlreadyRunningError, held, running
from infra.local.ports import PortTakenError
from infra.local.settings import Settings, SettingsError

_USAGE = """usage: python -m infra.local COMMAND

  run     run the stack here, until Ctrl-C
  start   start it in the background, unless it runs
  stop    stop it, wherever it was started
  status  say whether it runs

PORT (5000) is where it listens; the two ports after it are used as well.
HELIOGRAPH_LOCAL_DIR (.local) is where its state is kept.
"""


def _run(settings: Settings) -> int:
    from infra.local.stack import StackFailedError, run

    try:
        with held(settings.pid_file, os.getpid(), settings.port):
            asyncio.run(run(settings))
    except AlreadyRunningError as error:
        print(f"This clone's stack runs already ({error}). `make stop` stops it.", file=sys.stderr)
        return 1
    except (PortTakenError, StackFailedError, TimeoutError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


def _start(settings: Settings) -> int:
    if running(settings.pid_file):
        print("using the stack that runs already")
        return 0 if control.wait_until_ready(settings) else 1
    print("starting the stack …", flush=True)
    process = control.start(settings)
    ready = control.wait_until_ready(settings, process)
    print((settings.logs / "stack.log").read_text().strip())
    if not ready and process.poll() is None:
        control.stop(settings)
    return 0 if ready else 1


def _stop(settings: Settings) -> int:
    try:
        print("stopped" if control.stop(settings) else "no stack runs with this state")
    except TimeoutError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _status(settings: Settings) -> int:
    pid = running(settings.pid_file)
    print(f"process {pid} runs the stack" if pid else "no stack runs with this state")
    return 0 if pid else 3


def main(arguments: list[str]) -> int:
    """Do what the command line says, and return the exit code."""
    commands = {"run": _run, "start": _start, "stop": _stop, "status": _status}
    if arguments == ["run", "--attached"]:
        # For tests: the stack ends with the process that holds its standard input.
        end_with_parent()
        arguments = ["run"]
    if len(arguments) != 1 or arguments[0] not in commands:
        print(_USAGE, file=sys.stderr)
        return 2
    try:
        return commands[arguments[0]](Settings.from_environment())
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
