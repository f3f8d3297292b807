"""The spectrum fitter's function: what its queue brings is fitted and called back."""

from typing import Any

import pytest

from fitter_lambda import handler
from heliograph.service import lambda_entry


def test_a_message_is_handled_by_the_spectrum_service(monkeypatch: pytest.MonkeyPatch) -> None:
    documents: list[Any] = []

    def handle_record(run: Any, record: Any, send: Any) -> None:
        documents.append(run({"inputs": {"spectra": "no spectra"}, "callback_url": "https://portal.example/1"}))

    monkeypatch.setattr(lambda_entry, "handle_record", handle_record)
    handler.fit_spectrum({"Records": [{"body": "{}"}]}, None)
    assert documents[0]["status"] == "failure" and "spectra" in documents[0]["message"]
