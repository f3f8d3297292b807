"""Find and start Chromium."""

import os
import shutil
from pathlib import Path

from playwright.sync_api import Browser, Playwright

__all__ = ["launch_chromium"]

_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip


def launch_chromium(playwright: Playwright) -> Browser | None:
    """Start the Chromium of ``CHROMIUM``, of the system or of Playwright; return None if there is none."""
    candidates = [
        os.environ.get("CHROMIUM"), shutil.which("chromium"), shutil.which("chromium-browser"),
        playwright.chromium.executable_path,
    ]  # fmt: skip
    paths = [path for path in candidates if path and Path(path).is_file()]
    return playwright.chromium.launch(executable_path=paths[0], args=_FLAGS) if paths else None
