"""A digest of source files, to build only after a change."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from infra import PROJECT


def hash_sources(paths: Iterable[Path], salt: str = "") -> str:
    """Return the SHA-256 of names and contents of files; folders stand for all files below them."""
    digest = hashlib.sha256(salt.encode())
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else (path,):
            if file.is_file() and "__pycache__" not in file.parts:
                content = file.read_bytes()
                digest.update(f"\0{file.relative_to(PROJECT)} {len(content)}\0".encode())
                digest.update(content)
    return digest.hexdigest()
