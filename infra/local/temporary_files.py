"""Delete temporary files: functions unpack gigabytes, which neither a start nor a stop waits for."""

import subprocess
from collections.abc import Iterable
from pathlib import Path
from subprocess import DEVNULL


def delete_in_background(paths: Iterable[Path]) -> None:
    """Delete files and folders by a process that outlives this one, and ends when they are gone."""
    arguments = [str(path) for path in paths]
    if arguments:
        command = ["nice", "rm", "-rf", "--", *arguments]
        subprocess.Popen(command, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True)
