"""What the spectrum fitter's queue brings goes to the spectrum fitter, and nothing else does."""

from typing import Any

import pytest

from fitter_lambda import handler
from heliograph.service import lambda_entry

ARN = "arn:aws:sqs:eu-central-1:123456789012:heliograph-spectrum-"


@pytest.mark.parametrize(
    ("queue", "name"),
    [
        ("spectrum", "Spectrum"),
        ("spectrum-dead", "Spectrum"),
        ("fit", "upernova"),
        ("fit-dead", "upernova"),
        ("fit-batch", "upernova"),
    ],
)
def test_the_queue_says_which_fitter_is_meant(queue: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    services: list[Any] = []
    monkeypatch.setattr(lambda_entry, "handle_event", lambda service, *_: services.append(service))
    handler.fit({"Records": [{"body": "{}", "eventSourceARN": ARN + queue}]}, None)
    assert name in services[0].name
