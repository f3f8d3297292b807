"""Periodograms: of the visible points, and made once for all who see the same."""

import json
import math
from typing import Any

import pytest
import requests

from chalicelib import lambda_functions, renderer
from tests.api.story import make_source
from tests.api.test_people import make_user
from tests.gateway import Gateway

PATH = "/sources/SN1/periodogram"
PERIOD = 0.7

PRODUCT = {
    "frequencies": [0.1, 0.2], "power": [0.3, 0.9], "best_periods": [], "nterms": 1, "filters": ["ztfg"],
    "num_points": 3, "num_left_out": 0, "baseline": 3.0, "fmin": 0.1, "fmax": 0.2, "oversampling": 5.0,
    "method": "by a fake", "normalization": "standard", "false_alarm_method": "none", "notes": [],
    "period_error_method": "none", "window_power": None, "false_alarm_level": 0.2,
}  # fmt: skip


class FakeRenderer:
    """A fake of the renderer's function that records its requests."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.refusal: str | None = None
        self.broken = False

    def __call__(self, name: str, event: dict[str, Any]) -> dict[str, Any]:
        assert (name, event["task"]) == (lambda_functions.RENDER, "periodogram")
        rows = requests.get(event["source"], timeout=5).json()
        self.requests.append({"rows": rows, "options": event["options"]})
        if self.broken:
            raise lambda_functions.FunctionFailed(name)
        if self.refusal:
            return {"ok": False, "error": self.refusal}
        made = json.dumps({**PRODUCT, "num_points": len(rows["mjd"])})
        headers = {"Content-Type": "application/json"}
        assert requests.put(event["target"], data=made, headers=headers, timeout=5).status_code == 200
        return {"ok": True}


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeRenderer:
    renderer_fake = FakeRenderer()
    monkeypatch.setattr(renderer.lambda_functions, "invoke_function", renderer_fake)
    return renderer_fake


def variable_star(user: Gateway, **more: Any) -> None:
    mjd = [58000 + 1.37 * n + 0.31 * math.sin(n) for n in range(120)]
    flux = [100 + 20 * math.sin(2 * math.pi * t / PERIOD) for t in mjd]
    bands = ["ztfg" if n % 3 else "ztfr" for n in range(120)]
    columns = {"mjd": mjd, "flux": flux, "fluxerr": 1.0, "filter": bands, "instrument_id": 1}
    assert user.post("/photometry", {"obj_id": "SN1", **columns, **more}).status == 200


def test_the_renderer_finds_the_period(admin: Gateway, lambdas: None) -> None:
    make_source(admin)
    variable_star(admin)
    periodogram = admin.get(f"{PATH}?fmin=0.2&fmax=3&oversampling=8&peaks=2&filters=ztfg,%20ztfr").data
    best = periodogram["best_periods"][0]
    assert best["period"] == pytest.approx(PERIOD, rel=1e-3)
    assert best["false_alarm_probability"] < 1e-6
    assert (periodogram["fmin"], periodogram["fmax"], periodogram["filters"]) == (0.2, 3.0, ["ztfg", "ztfr"])
    assert len(periodogram["frequencies"]) == len(periodogram["power"])
    reply = admin.get(f"{PATH}?filters=ztfr&nterms=6&fmin=1")
    assert (reply.status, reply.data["num_points"]) == (200, 40)


def test_the_sampling_window_is_sent_on_demand(admin: Gateway, lambdas: None) -> None:
    make_source(admin)
    variable_star(admin)
    assert admin.get(f"{PATH}?fmax=3").data["window_power"] is None
    periodogram = admin.get(f"{PATH}?fmax=3&window=true").data
    assert len(periodogram["window_power"]) == len(periodogram["frequencies"])
    assert 0 <= min(periodogram["window_power"]) <= max(periodogram["window_power"]) <= 1


def test_a_period_comes_with_its_error_and_what_it_is(admin: Gateway, lambdas: None) -> None:
    make_source(admin)
    variable_star(admin)
    strongest, *others = admin.get(f"{PATH}?fmax=3").data["best_periods"]
    assert abs(strongest["period"] - PERIOD) < 5 * strongest["period_error"] < 1e-3
    assert (strongest["role"], strongest["delta_chi2"], strongest["related_frequency"]) == ("candidate", 0, None)
    assert all(other["role"] != "candidate" and other["delta_chi2"] > 9 for other in others)


def test_the_renderers_refusal_is_a_400(admin: Gateway, lambdas: None) -> None:
    make_source(admin)
    reply = admin.get(PATH)
    assert reply.status == 400
    assert "too few points" in reply.message


def test_the_renderer_gets_the_requested_rows_and_options(admin: Gateway, fake: FakeRenderer) -> None:
    make_source(admin)
    assert admin.get(PATH).data["num_points"] == 3
    assert fake.requests[0] == {
        "rows": {
            "mjd": [58000.0, 58001.5, 58003.0],
            "flux": [100.0, None, 250.0],
            "fluxerr": [5.0, 6.0, 7.0],
            "filter": ["ztfg", "ztfr", "ztfg"],
        },
        "options": {"fmin": None, "fmax": None, "oversampling": 5.0, "nterms": 1, "peaks": 5, "window": False},
    }
    assert admin.get(f"{PATH}?filters=ztfg&nterms=2&fmax=4").data["num_points"] == 2
    assert fake.requests[1]["options"] == fake.requests[0]["options"] | {"fmax": 4.0, "nterms": 2}
    assert fake.requests[1]["rows"]["filter"] == ["ztfg", "ztfg"]


def test_equal_rows_and_options_are_rendered_once(admin: Gateway, fake: FakeRenderer) -> None:
    make_source(admin)
    assert admin.get(PATH).data == admin.get(f"{PATH}?peaks=5&oversampling=5").data
    assert len(fake.requests) == 1
    admin.get(f"{PATH}?peaks=4")
    assert len(fake.requests) == 2
    admin.get(f"{PATH}?window=true")
    assert fake.requests.pop()["options"]["window"] is True
    point = admin.get("/sources/SN1/photometry").data[0]["id"]
    assert admin.patch(f"/photometry/{point}", {"flux": 99.0}).status == 200
    admin.get(PATH)
    assert len(fake.requests) == 3
    assert fake.requests[2]["rows"]["flux"][0] == 99.0


def test_a_periodogram_is_of_visible_points(admin: Gateway, fake: FakeRenderer) -> None:
    make_source(admin)
    ada, bob = make_user(admin, "ada"), make_user(admin, "bob")
    assert admin.get(PATH).data["num_points"] == 3
    assert ada.get(PATH).data["num_points"] == 0
    assert ada.get(f"{PATH}?filters=ztfg").status == 400, "a filter of points that she may not see is unknown"
    assert bob.get(PATH).data["num_points"] == 0
    assert [len(request["rows"]["mjd"]) for request in fake.requests] == [3, 0]
    admin.post("/sources", {"id": "SN2", "ra": 1, "dec": 1, "group_ids": [2]})
    assert ada.get("/sources/SN2/periodogram").status == 404


def test_a_repeated_request_renders_again_after_a_refusal(admin: Gateway, fake: FakeRenderer) -> None:
    make_source(admin)
    fake.refusal = "These are 10 frequencies, at most 5 can be taken here."
    reply = admin.get(PATH)
    assert (reply.status, reply.message) == (400, fake.refusal)
    fake.refusal, fake.broken = None, True
    assert admin.get(PATH).status == 503
    fake.broken = False
    assert admin.get(PATH).status == 200


def test_a_renderer_that_is_busy_is_a_503(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    make_source(admin)
    answer = {"ok": False, "error": "The renderer is busy.", "reason": "busy"}
    monkeypatch.setattr(renderer.lambda_functions, "invoke_function", lambda name, event: answer)
    reply = admin.get(PATH)
    assert (reply.status, reply.message) == (503, "The renderer is busy.")


@pytest.mark.parametrize(
    "query",
    [
        "fmin=0", "fmin=-1", "fmax=nan", "fmax=fast", "fmin=5&fmax=5", "fmin=6&fmax=5", "oversampling=0",
        "oversampling=51", "window=perhaps", "nterms=0", "nterms=7", "nterms=1.5", "peaks=0", "peaks=51",
        "filters=sdssu", "filters=ztfg,sdssu", "filters=" + "x" * 3000,
    ],
)  # fmt: skip
def test_impossible_options_are_refused(admin: Gateway, fake: FakeRenderer, query: str) -> None:
    make_source(admin)
    reply = admin.get(f"{PATH}?{query}")
    assert reply.status == 400, reply.text
    assert query.partition("=")[0] in reply.message
    assert fake.requests == []
