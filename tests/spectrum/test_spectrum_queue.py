"""What the spectrum fitter's queue brings goes to the spectrum fitter, and nothing else does."""

from typing import Any

import pytest

from fitter_lambda import handler
from heliograph.service import lambda_entry

ARN = "arn:aws:sqs:eu-central-1:123456789012:heliograph-spectrum-"


@pytest.mark.parametrize(
    ("queue", "reason"),
    [("spectrum", "spectra"), ("spectrum-dead", "spectra"), ("fit", "photometry"), ("fit-dead", "photometry")],
)
def test_the_queue_says_which_fitter_is_meant(queue: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    documents: list[Any] = []

    def handle_record(run: Any, record: Any, send: Any) -> None:
        inputs = {"spectra": "none", "photometry": "none"}
        documents.append(run({"inputs": inputs, "callback_url": "https://portal.example/1"}, lambda *report: None))

    monkeypatch.setattr(lambda_entry, "handle_record", handle_record)
    handler.fit({"Records": [{"body": "{}", "eventSourceARN": ARN + queue}]}, None)
    assert documents[0]["status"] == "failure" and reason in documents[0]["message"]
