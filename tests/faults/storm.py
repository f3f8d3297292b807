"""Many analyses while a share of all calls fails in any way: in the end every record is whole."""

import base64
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.faults.edges import encode_png
from tests.faults.injector import Crash
from tests.faults.invariants import find_breaches
from tests.faults.records import load_records
from tests.faults.simulation import Breach, Simulation

__all__ = ["PER_ROUND", "Storm", "run_round"]

RATE = 0.1
"""The share of calls that fail."""

PER_ROUND = 40
"""Analyses of one round, of three sources."""

DOCUMENT = {"results": {"format": "json", "data": {"chi2": 1.5}}, "plots": [encode_png()]}
ANNOTATED = {**DOCUMENT, "annotations": [{"origin": "salt", "data": {"x1": 1}}]}
JOBLIB = {"results": {"format": "joblib", "data": base64.b64encode(b"any bytes").decode()}}


@dataclass
class Storm:
    """What came of it.

    Attributes
    ----------
    analyses, calls, faults : int
        How many were started, made and met.
    ends : Counter
        In which states the analyses ended.
    sent_again : int
        Analyses that a service took twice, since the sender died right after sending.
    breaches : list of str
        What did not hold.
    """

    analyses: int = 0
    calls: int = 0
    faults: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    sent_again: int = 0
    breaches: list[str] = field(default_factory=list)

    def join(self, other: "Storm") -> None:
        """Add the numbers of another round."""
        self.analyses += other.analyses
        self.calls += other.calls
        self.faults += other.faults
        self.ends += other.ends
        self.sent_again += other.sent_again
        self.breaches += other.breaches


def run_round(s: Simulation, seed: int) -> Storm:
    """Run some analyses with faults at a share of all calls, then without until nothing waits."""
    s.injector.rng.seed(seed)
    s.reset(rate=RATE)
    storm = Storm()
    try:
        _run_analyses(s, storm)
        storm.calls, storm.faults = len(s.injector.calls), s.injector.met
        s.injector.rate = 0.0
        s.admin.post("/dead_letters/jobs/redrive", {})
        s.settle()
    except (Breach, Crash) as error:
        storm.breaches.append(f"seed {seed}: {error or 'a crash reached a client'}")
        return storm
    records = load_records()
    storm.ends.update(str(item["status"]) for item in records.list_analyses().values())
    counts = Counter(request.analysis for request in s.services.accepted)
    storm.sent_again = sum(count > 1 for count in counts.values())
    s.wait_a_day()
    s.deleted.update(range(1, int(records.registry["counter", "analysis"]["value"]) + 1))
    storm.breaches += [f"seed {seed}: {text}" for text in find_breaches(s, may_send_again=True)]
    storm.breaches += [f"seed {seed}: {text}" for text in _find_unreadable(s)]
    return storm


def _run_analyses(s: Simulation, storm: Storm) -> None:
    s.documents.update(
        fit={"status": "success", "analysis": ANNOTATED},
        joblib={"status": "success", "analysis": JOBLIB},
        failing={"status": "failure", "message": "no convergence", "analysis": DOCUMENT},
    )
    services = [s.register("fit"), s.register("joblib", is_summary=True), s.register("failing")]
    uploads = s.register("uploads", upload_only=True, input_data_types=[])
    for number in range(PER_ROUND):
        source = f"SN{1 + number % 3}"
        path = f"/obj/{source}/analysis/{services[number % 3]}"
        body: Any = None
        if number % 10 == 9:
            path, body = f"/obj/{source}/analysis_upload/{uploads}", {"status": "success", "analysis": ANNOTATED}
        analysis = _persist(s, "POST", path, body, f"key {number}")["id"]
        storm.analyses += 1
        if number % 8 == 7:
            s.deleted.add(int(analysis))
            _persist(s, "DELETE", f"/obj/analysis/{analysis}")
        if number % 5 == 4:
            s.run()
            s.sweep()


def _persist(s: Simulation, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
    """Send a request until it is answered by less than 500."""
    for _ in range(20):
        try:
            reply, _is_repeated = s.ada.send(method, path, body, key)
        except Breach:
            continue
        return reply.json["data"]
    raise Breach(f"{method} {path} was never answered")


def _find_unreadable(s: Simulation) -> list[str]:
    """Return the completed analyses whose results cannot be read."""
    analyses = s.admin.get("/obj/analysis?numPerPage=500").data
    completed = [item["id"] for item in analyses if item["status"] == "completed"]
    return [
        f"the results of the completed analysis {number} cannot be read"
        for number in completed
        if s.admin.get(f"/obj/analysis/{number}/results").status not in (200, 303)
    ]
