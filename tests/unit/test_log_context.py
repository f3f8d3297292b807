"""Log lines as Lambda writes them: with the analysis that they belong to, and with metrics."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from awslambdaric.lambda_runtime_log_utils import JsonFormatter

from chalicelib.log_context import log_about, record_metric


@pytest.fixture
def lines() -> Iterator[Any]:
    """Return a function that returns the log's lines."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("chalicelib")
    level = logger.level
    # Other tests of this process may have silenced all logs.
    disabled = logging.root.manager.disable
    logging.disable(logging.NOTSET)
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines() if line]
    logger.removeHandler(handler)
    logger.setLevel(level)
    logging.disable(disabled)


def test_a_line_names_the_analysis_that_it_belongs_to(lines: Any) -> None:
    logger = logging.getLogger("chalicelib.analysis.dispatch")
    with log_about(analysis_id=7):
        with log_about(service_id=3):
            logger.warning("refused by %s", "a service")
        logger.info("done")
    logger.info("nothing of it")
    first, second, third = lines()
    assert (first["analysis_id"], first["service_id"], first["message"]) == (7, 3, "refused by a service")
    assert (second["analysis_id"], "service_id" in second) == (7, False)
    assert "analysis_id" not in third


def test_an_error_within_does_not_leave_its_subject_behind(lines: Any) -> None:
    with pytest.raises(ValueError, match="no"), log_about(analysis_id=7):
        raise ValueError("no")
    logging.getLogger("chalicelib").info("after")
    assert "analysis_id" not in lines()[0]


def test_a_metric_is_a_line_that_cloudwatch_reads(lines: Any) -> None:
    record_metric("Ended", 1, "Count", Status="completed")
    (line,) = lines()
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Heliograph" and line["_aws"]["Timestamp"] > 1.7e12
    (metric,) = directive["Metrics"]
    (dimensions,) = directive["Dimensions"]
    # Each name that the directive mentions is a field of the line.
    assert line[metric["Name"]] == 1 and [line[name] for name in dimensions] == ["local", "completed"]
