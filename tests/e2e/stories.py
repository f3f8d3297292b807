"""What the stories on the stack have in common: a service of one's own, waiting for an end."""

import time
from typing import Any

from infra.client import Api

ENDED = ("completed", "failure", "timed_out", "cancelled")


def register(api: Api, url: str, **more: Any) -> int:
    """Register a service at this address; return its id."""
    fields = {
        "name": f"service of {url} {more}",
        "url": url,
        "authentication_type": "none",
        "analysis_type": "lightcurve_fitting",
        "input_data_types": ["photometry", "redshift"],
        **more,
    }
    return int(api.post("/analysis_service", fields)["id"])


def wait_for(api: Api, analysis: int, *states: str, seconds: float = 60) -> dict[str, Any]:
    """Wait until an analysis is in one of these states (by default: has ended); return its status."""
    deadline = time.monotonic() + seconds
    while True:
        status: dict[str, Any] = api.get(f"/obj/analysis/{analysis}/status")
        if status["status"] in (states or ENDED):
            return status
        assert time.monotonic() < deadline, f"still {status} after {seconds} s"
        assert status["status"] not in ENDED, status
        time.sleep(0.1)
