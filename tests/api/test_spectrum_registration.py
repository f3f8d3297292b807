"""The registration of the spectrum fitter that `make load_demo_data` sends is one that the API takes."""

import json
from typing import Any

import pytest

from infra import demo_data
from tests.gateway import Gateway


def test_the_api_takes_the_registration(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    class Portal:
        url = "http://localhost:5000/api"

    monkeypatch.setattr(demo_data, "_get_fitter_token", lambda: "token")
    group = admin.post("/groups", {"name": "Demo group"}).data["id"]
    fields: dict[str, Any] = demo_data._describe_spectrum_fitter(Portal(), group)  # type: ignore[arg-type]
    service = admin.post("/analysis_service", fields).data["id"]
    stored = admin.get(f"/analysis_service/{service}").data
    assert stored["analysis_type"] == "spectrum_fitting"
    assert set(stored["input_data_types"]) == {"spectra", "redshift"}
    assert "salt3" in json.loads(stored["optional_analysis_parameters"])["template"]["suggestions"]
