"""The state of the local stack is its owner's: no other user of the machine reads it."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra import PROJECT
from infra.local.private_files import make_files_private
from tests.running_stack import find_free_port


def find_open_paths(folder: Path) -> list[str]:
    """Return all that others have rights on, the folder included."""
    paths = [folder, *(Path(place, name) for place, folders, files in os.walk(folder) for name in folders + files)]
    return [str(path) for path in paths if _is_open_to_others(path)]


def _is_open_to_others(path: Path) -> bool:
    try:
        return not path.is_symlink() and bool(path.lstat().st_mode & 0o077)
    except FileNotFoundError:  # a stack that runs has deleted it meanwhile
        return False


def test_the_modes_of_an_older_state_are_mended(tmp_path: Path) -> None:
    state = tmp_path / "state"
    for name in ("aws/s3/bucket/key", "logs/stack.log", "token", ".hidden/file"):
        (state / name).parent.mkdir(parents=True, exist_ok=True)
        (state / name).write_text("secret")
    for mode in (0o777, 0o755, 0o700, 0o4755):
        for path in state.rglob("*"):
            path.chmod(mode | 0o700 if path.is_dir() else mode)
        state.chmod(0o755)
        make_files_private(state)
        assert find_open_paths(state) == []
        assert stat.S_IMODE((state / "aws").stat().st_mode) == 0o700
        assert (state / "aws/s3/bucket/key").read_text() == "secret"


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    outside = tmp_path / "outside"
    outside.write_text("another's")
    outside.chmod(0o644)
    (tmp_path / "state" / "link").symlink_to(outside)
    (tmp_path / "state" / "nowhere").symlink_to(tmp_path / "none")
    make_files_private(tmp_path / "state")
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644


def test_files_may_be_deleted_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walk = os.walk

    def walk_and_delete(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
        for place, folders, files in walk(folder):
            (tmp_path / "deleted").unlink(missing_ok=True)
            yield place, folders, files

    monkeypatch.setattr(os, "walk", walk_and_delete)
    for name in ("deleted", "kept"):
        (tmp_path / name).touch(mode=0o644)
    make_files_private(tmp_path)
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o600


def test_what_the_command_makes_is_private(tmp_path: Path) -> None:
    """A stack that cannot start, because its port is taken by this test, has made its lock and its folder."""
    state = tmp_path / "state"
    script = (
        "import os, sys; from pathlib import Path; from infra.local.__main__ import main; main(['nonsense']); "
        "folder = Path(sys.argv[1]); folder.mkdir(); (folder / 'file').touch()"
    )
    environment = {**os.environ, "PORT": str(find_free_port())}
    subprocess.run([sys.executable, "-c", script, str(state)], check=True, cwd=PROJECT, env=environment, umask=0o022)
    assert find_open_paths(state) == []
    assert stat.S_IMODE((state / "file").stat().st_mode) == 0o600
