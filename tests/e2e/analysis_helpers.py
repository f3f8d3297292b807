"""Register a service, wait for the end of an analysis."""

import time
from typing import Any

from infra.client import Api

FINAL_STATES = ("completed", "failure", "timed_out", "cancelled")


def register_service(api: Api, url: str, **fields: Any) -> int:
    """Register a service at this address; return its id."""
    defaults = {
        "name": f"service of {url} {fields}",
        "url": url,
        "authentication_type": "none",
        "analysis_type": "lightcurve_fitting",
        "input_data_types": ["photometry", "redshift"],
    }
    return int(api.post("/analysis_service", {**defaults, **fields})["id"])


def wait_for_state(api: Api, analysis: int, *states: str, seconds: float = 300) -> dict[str, Any]:
    """Wait until an analysis is in one of these states (by default: has ended); return its status."""
    deadline = time.monotonic() + seconds
    while True:
        status: dict[str, Any] = api.get(f"/obj/analysis/{analysis}/status")
        if status["status"] in (states or FINAL_STATES):
            return status
        assert time.monotonic() < deadline, f"still {status} after {seconds} s"
        assert status["status"] not in FINAL_STATES, status
        time.sleep(0.1)
