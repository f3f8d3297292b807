"""Work on a document of anyone, in a child process with limits.

The child is forked from this process, which has imported the libraries already: that takes milliseconds. What
the document does to the child, this process and its next task do not notice. (`multiprocessing` sets no limits,
and its pools and queues need semaphores that Lambda lacks.)
"""

import gc
import logging
import os
import resource
import select
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from fitter_lambda.errors import BusyError, RenderError

_logger = logging.getLogger(__name__)

_MEGABYTE = 1024 * 1024
#: Exit codes of the child.
_OUT_OF_MEMORY, _FAILED = 3, 4
#: Of the time; a child that got less of the processors is not late by itself.
_BUSY_FRACTION = 0.2


@dataclass(frozen=True)
class ProcessLimits:
    """What a child process may take.

    Attributes
    ----------
    memory : int
        Bytes, besides what this process has.
    seconds : float
        Until the result.
    cpu_seconds : int
        Of computing.
    output : int
        Bytes of the result.
    file_size : int
        Bytes of each file that it writes.
    """

    memory: int = 1200 * _MEGABYTE
    seconds: float = 22.0
    cpu_seconds: int = 15
    output: int = 80 * _MEGABYTE
    file_size: int = 16 * _MEGABYTE


def run_limited(function: Callable[[], bytes], limits: ProcessLimits) -> bytes:
    """Run a function in a child process and return its result.

    Parameters
    ----------
    function : callable
        It may not rely on threads of this process.
    limits : ProcessLimits

    Raises
    ------
    RenderError
        If the child exceeds a limit, crashes or is killed; the message says which.
    BusyError
        If it is late because this machine is busy.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _run_child(function, limits, writer)
    os.close(writer)
    try:
        output = _read_output(reader, limits)
    except BaseException:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    finally:
        os.close(reader)
    if output is None:
        os.kill(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if output is None:
        raise _explain_delay(usage.ru_utime + usage.ru_stime, limits)
    if code:
        raise RenderError(_explain_exit(code, limits))
    return output


def _run_child(function: Callable[[], bytes], limits: ProcessLimits, writer: int) -> NoReturn:
    """In the child: set the limits, write the result, and end without what a process does at its end."""
    code = _FAILED
    try:
        _set_limits(limits)
        with open(writer, "wb", closefd=False) as pipe:
            pipe.write(function())
        code = 0
    except MemoryError:
        code = _OUT_OF_MEMORY
    except BaseException:
        _logger.exception("a task failed unexpectedly")
    finally:
        os._exit(code)


def _set_limits(limits: ProcessLimits) -> None:
    gc.freeze()  # collections would copy the memory shared with the parent
    for number in (signal.SIGALRM, signal.SIGXCPU, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    # the parent kills it before; this is for a parent that is stopped or killed itself
    signal.alarm(int(limits.seconds) + 2)
    with suppress(OSError):  # the kernel, when it lacks memory, shall end the child and not the parent
        Path("/proc/self/oom_score_adj").write_text("1000")
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    memory = pages * resource.getpagesize() + limits.memory
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.file_size, limits.file_size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _read_output(reader: int, limits: ProcessLimits) -> bytes | None:
    """Return what the child wrote until its end, or None if it is late."""
    deadline = time.monotonic() + limits.seconds
    output = bytearray()
    while True:
        ready, _, _ = select.select([reader], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return None
        chunk = os.read(reader, _MEGABYTE)
        if not chunk:
            return bytes(output)
        output += chunk
        if len(output) > limits.output:
            raise RenderError(
                f"What the document becomes has more than {limits.output // _MEGABYTE} MB; send a smaller document."
            )


def _explain_exit(code: int, limits: ProcessLimits) -> str:
    """Return why a child ended: the exit code, or the signal as a negative number."""
    if code == _OUT_OF_MEMORY:
        return (
            f"The document needs more than {limits.memory // _MEGABYTE} MB of memory to open; send a smaller or "
            "simpler one."
        )
    if code == -signal.SIGKILL:
        return "The document needs more memory to open than there is; send a smaller or simpler one."
    if code == -signal.SIGXCPU:
        return _explain_time(limits)
    if code < 0:
        return (
            f"The document ended the program that opens it ({signal.Signals(-code).name}): it is broken, or needs more "
            f"than {limits.memory // _MEGABYTE} MB of memory. Write it anew."
        )
    return "The data could not be rendered for a reason that is not known."


def _explain_delay(cpu_seconds: float, limits: ProcessLimits) -> RenderError:
    if cpu_seconds < _BUSY_FRACTION * limits.seconds:
        return BusyError("The renderer is busy with other documents. Try again in a minute.")
    return RenderError(_explain_time(limits))


def _explain_time(limits: ProcessLimits) -> str:
    return f"The document takes more than {limits.cpu_seconds} seconds to open; send a smaller or simpler one."
