"""Logs as JSON, one object a line."""

import json
import logging
import re
import sys
from datetime import UTC, datetime

_CALLBACK_TOKEN = re.compile(r"(/webhook/obj_analysis/)[\w.~-]+")


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON, without tokens of callbacks, which messages of libraries may hold.

    Parameters
    ----------
    analysis : str
        The analysis that all records are about, if there is one.
    """

    def __init__(self, analysis: str = "") -> None:
        super().__init__()
        self._analysis = analysis

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        entry = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if analysis := getattr(record, "analysis", self._analysis):
            entry["analysis"] = str(analysis)
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return _CALLBACK_TOKEN.sub(r"\1[secret]", json.dumps(entry, ensure_ascii=False))


def configure_logs(analysis: str = "") -> None:
    """Write all logs of this process to standard error, as JSON; they name the analysis that they are about."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(analysis))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # it logs addresses, which hold tokens
    logging.getLogger("urllib3").setLevel(logging.ERROR)
