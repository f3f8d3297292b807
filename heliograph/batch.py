"""A batch: the same analysis for many sources."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from heliograph.analysis import RUNNING, Analysis
from heliograph.connection import Connection, check_records
from heliograph.errors import UnreadableAnswerError
from heliograph.progress_bars import Reading, wait_until_over
from heliograph.records import PortalRecord, Record

_PAGE = 500
_REFUSED = "refused"


class Outcome(Record):
    """What became of a source of a batch."""

    kind = "Outcome"
    title_fields = ("obj_id",)
    line_fields = ("status", "message", "analysis_id")


class Batch(PortalRecord):
    """The same analysis for many sources; each has its own outcome."""

    kind = "Batch"
    title_fields = ("id",)
    _outcomes: list[Outcome]

    def __init__(self, connection: Connection, fields: Mapping[str, Any]) -> None:
        super().__init__(connection, fields)
        self.__dict__["_outcomes"] = [Outcome(record) for record in check_records(fields.get("outcomes") or [])]

    @property
    def outcomes(self) -> list[Outcome]:
        """What became of each source, as far as it is known: as of the last `refresh` or `wait`."""
        return list(self._outcomes)

    @property
    def analyses(self) -> list[Analysis]:
        """The analyses that were started, by their sources' order in the batch."""
        names = {"id": "analysis_id", "obj_id": "obj_id", "status": "status", "status_message": "message"}
        started = [outcome for outcome in self._outcomes if outcome.get("analysis_id")]
        common = {"analysis_service_id": self["service_id"]}
        return [
            Analysis(self._connection, {**common, **{name: outcome.get(key) for name, key in names.items()}})
            for outcome in started
        ]

    def describe_line(self) -> list[str]:
        """Add how many are in which state."""
        counts = Counter(map(_get_state, self._outcomes))
        if not counts:
            names = ("started", "refused")
            return [f"{self._get_total()} sources", *(f"{self[name]} {name}" for name in names if name in self)]
        waiting = self._get_total() - sum(counts.values())
        parts = [f"{count} {state}" for state, count in counts.most_common()]
        return [f"{self._get_total()} sources", *parts, *([f"{waiting} to start"] if waiting > 0 else [])]

    def refresh(self) -> "Batch":
        """Read its outcomes anew, and return it."""
        outcomes: list[dict[str, Any]] = []
        page = 1
        while True:
            record = self._connection.get_record(
                f"/analysis_batch/{self.get_number()}", numPerPage=_PAGE, pageNumber=page
            )
            outcomes += check_records(record.get("outcomes") or [])
            if len(record.get("outcomes") or []) < _PAGE:
                break
            page += 1
        Batch.__init__(self, self._connection, {**record, "outcomes": outcomes})
        return self

    def wait(self, timeout: float | None = None, progress: bool = True) -> "Batch":
        """Wait until all analyses have ended, with one bar, and return the batch.

        An analysis that fails is no error here: `outcomes` tells of each.

        Parameters
        ----------
        timeout : float, optional
            Most seconds to wait.
        progress : bool
            Whether to show a bar.

        Raises
        ------
        WaitTimeoutError
            If they have not all ended in time; they go on.
        """
        number = self.get_number()
        wait_until_over(
            self._look,
            title=f"Batch {number}",
            way_back=f"sky.batch({number}).wait()",
            total=float(self._get_total()),
            timeout=timeout,
            shows_bar=progress,
        )
        return self

    def _list_html_fields(self) -> dict[str, Any]:
        return {str(outcome.get("obj_id")): outcome.get("message") or _get_state(outcome) for outcome in self._outcomes}

    def _get_total(self) -> int:
        total = self._fields.get("total")
        if not isinstance(total, int):
            raise UnreadableAnswerError("The portal's answer does not say how many sources the batch has.", 200)
        return total

    def _look(self) -> Reading:
        self.refresh()
        counts = Counter(map(_get_state, self._outcomes))
        running = sum(counts[state] for state in RUNNING)
        message = ", ".join(f"{count} {state}" for state, count in counts.most_common())
        is_over = self["status"] == "done" and not running
        return Reading(is_over, float(counts.total() - running), message)


def _get_state(outcome: Outcome) -> str:
    """Return the state of an analysis; one that was deleted has none."""
    if not outcome.get("analysis_id"):
        return _REFUSED
    return str(outcome.get("status") or "deleted")


def get_batch(connection: Connection, number: int) -> Batch:
    """Return a batch by its number, with its outcomes."""
    return Batch(connection, {"id": number, "total": 0}).refresh()
