"""Files and folders that only their owner may read: the state of a stack holds a secret and everybody's data."""

import os
import stat
from pathlib import Path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_files_private(folder: Path) -> None:
    """Take all rights on a folder and its content from group and others; links are left alone.

    New files are private by the umask of the stack's processes; this mends those of earlier runs.
    """
    _make_private(folder)
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            _make_private(Path(place, name))


def _make_private(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return  # Temporary files of the last run are being deleted.
    if mode & _OTHERS and not stat.S_ISLNK(mode):
        path.chmod(mode & stat.S_IRWXU)
