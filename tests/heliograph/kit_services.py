"""A service for tests, which does what its parameters say; served as a file, too."""

import os
import signal
import time
from pathlib import Path
from typing import Any, Literal

from heliograph.service import AnalysisError, File, Photometry, Progress, Redshift, Result, Secret, Service

service = Service("Many ways", version="1.0", timeout=600)

Ending = Literal["result", "large result", "author's error", "bug", "crash", "exit", "bad result"]


@service.analysis
def end_somehow(
    photometry: Photometry,
    redshift: Redshift,
    *,
    ending: Ending = "result",
    seconds: float = 0.0,
    footprint: str = "",
    mask: File | None = None,
    password: Secret | None = None,
    progress: Progress,
) -> Result:
    """End in the way that is asked for.

    Parameters
    ----------
    ending : str
        How it ends. Several ways fail.
    seconds : float
        How long it takes before.
    """
    if footprint:
        with Path(footprint).open("a") as file:
            file.write("began\n")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        progress(0.5, "waiting")
        time.sleep(0.05)
    return _end(ending, photometry, password)


def _end(ending: Ending, photometry: Photometry, password: Secret | None) -> Result:
    results: dict[str, Any] = {"n_points": len(photometry)}
    match ending:
        case "author's error":
            raise AnalysisError("There are too few points before the peak.")
        case "bug":
            raise ValueError(f"cannot open '/srv/somebody/data/file.csv' with {password and password.reveal()}")
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "exit":
            os._exit(3)
        case "bad result":
            return Result(plots=[b"no image"])
        case "large result":
            results["draws"] = [0.123456789012] * 400_000
    return Result(results=results, message="Done.")
