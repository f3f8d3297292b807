"""Where a Chromium is, and how it is started."""

import os
import shutil
from pathlib import Path

from playwright.sync_api import Browser, Playwright

__all__ = ["launched"]

_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip


def launched(playwright: Playwright) -> Browser | None:
    """Start the Chromium that CHROMIUM names, the system's, or Playwright's own; None where there is none."""
    found = [os.environ.get("CHROMIUM"), shutil.which("chromium"), shutil.which("chromium-browser")]
    paths = [path for path in (*found, playwright.chromium.executable_path) if path and Path(path).is_file()]
    return playwright.chromium.launch(executable_path=paths[0], args=_FLAGS) if paths else None
