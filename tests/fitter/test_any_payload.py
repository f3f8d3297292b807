"""Any payload gets a document: success or failure with a reason, in at most 3 MB of JSON."""

import json
import logging
import math
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from fitter_lambda.input.fit_parameters import PARAMETERS
from tests.fitter.light_curves import fit_payload, payload, sn2019dwz_rows

SOURCES = ("salt3", "hsiao-subsampled")
BANDS = ("ztfg", "ztfr", "atlasc", "atlaso", "sdssi", "bessellux", "bessellb", "f475w", "2massh")
#: Of the processor, for one answer.
SECONDS = 20.0

WILD: Any = (
    st.floats().map(repr)
    | st.floats(-1e3, 1e3).map(repr)
    | st.sampled_from(["", "nan", "inf", "-1e300", "1e29", "-1e29", "1e-29", "0", "-0.0", "99", "x", "1e-320"])
)
NAMES: Any = st.sampled_from(["nonsense", "", " ZTFG ", "../../etc/passwd", "ab", "é\u202e"]) | st.text(max_size=5)
MAGNITUDES: Any = st.floats(5, 35).map(repr) | WILD
ROW: Any = st.fixed_dictionaries(
    {
        "mjd": st.floats(58500, 58700).map(repr) | WILD,
        "filter": st.sampled_from(BANDS) | st.sampled_from(BANDS) | NAMES,
    },
    optional={
        "flux": st.floats(-1e4, 1e4).map(repr) | WILD,
        "fluxerr": st.floats(1e-3, 1e3).map(repr) | WILD, "mag": MAGNITUDES, "magerr": MAGNITUDES,
        "limiting_mag": MAGNITUDES, "zp": st.floats(20, 30).map(repr) | WILD,
        "magsys": st.just("ab") | NAMES, "instrument_name": NAMES, "predicted_mag": WILD,
    },
)  # fmt: skip


@st.composite
def bumps(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Something that rises and falls, as bright, as long, as precise and as long observed as may be."""
    peak = 10 ** draw(st.floats(-3, 9))
    error = peak * 10 ** draw(st.floats(-5, 0.5))
    width, span = 10 ** draw(st.floats(-1, 3)), 10 ** draw(st.floats(0, 3.3))
    number = draw(st.integers(1, 60))
    bands = draw(st.lists(st.sampled_from(BANDS), min_size=1, max_size=4))
    zp, limits = draw(st.sampled_from([23.9, 25.0, 8.9])), draw(st.sampled_from([0.0, 0.5, 5.0]))
    rows = []
    for i in range(number):
        mjd = 58600 + span * ((i * 0.618034) % 1 - 0.5)
        flux = peak * math.exp(-0.5 * ((mjd - 58600) / width) ** 2) + error * math.sin(1e3 * i)
        row = {"mjd": mjd, "filter": bands[i % len(bands)], "fluxerr": error, "zp": zp, "magsys": "ab"}
        rows.append(row | ({} if flux < limits * error else {"flux": flux}))
    return rows


@st.composite
def supernovae(draw: st.DrawFn) -> list[dict[str, Any]]:
    """SN 2019dwz with some of its rows spoilt."""
    rows = sn2019dwz_rows()
    for i, change in draw(st.dictionaries(st.integers(0, len(rows) - 1), ROW, max_size=6)).items():
        rows[i] |= {name: change[name] for name in draw(st.sets(st.sampled_from(sorted(change)), max_size=3))}
    return rows


ROWS: Any = st.lists(ROW, max_size=30)
TABLES: Any = ROWS | bumps() | supernovae()
REDSHIFTS: Any = st.sampled_from(
    [",,", "0.046,,", "0.046,0.02,", "1e-7,,", "5,0.1,", "0.0001,3,", "1.5,,", "-1,,", "nan,1,", "0.1,1e9,x"]
)
SENSIBLE: dict[str, Any] = {
    "source": st.sampled_from(SOURCES), "fix_z": st.sampled_from(["auto", "True", "False", True, False]),
    "z_min": st.floats(1e-4, 0.02), "z_max": st.floats(0.02, 5),
    "z_prior": st.sampled_from(["auto", "flat", "volume"]),
    "z_pdf": st.lists(st.floats(0.1, 10), min_size=2, max_size=5).map(
        lambda densities: ", ".join(f"{0.02 + 0.02 * i:.2f}: {density}" for i, density in enumerate(densities))
    ),
    "mwebv": st.floats(0, 3), "modelcov": st.booleans(), "model_error": st.floats(0, 1),
    "error_floor": st.floats(0, 1) | st.just("ztfg: 0.02, ps1::g: 1, 0.01") | st.just({"ztfr": 0.1}),
    "limits": st.sampled_from(["censored", "gaussian", "ignore"]), "limit_nsigma": st.floats(0.1, 100),
    "priors": st.sampled_from(["physical", "flat"]), "robust": st.booleans(),
    "mjd_min": st.floats(58400, 58600), "mjd_max": st.floats(58600, 59000), "seed": st.integers(0, 2**32 - 1),
}  # fmt: skip
ANYTHING: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)
USUAL: Any = st.fixed_dictionaries({}, optional=SENSIBLE)
STRANGE: Any = st.dictionaries(st.sampled_from(sorted(PARAMETERS)) | st.text(max_size=9), ANYTHING, max_size=2)
PLACES: Any = st.none() | st.fixed_dictionaries({"ra": st.floats(0, 360), "dec": st.floats(-90, 90)}) | ANYTHING


class Listener(logging.Handler):
    """Keeps what the service has to say for itself."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(logging.Formatter().format(record))


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """The document, which is as the contract says, in time."""
    logger, listener = logging.getLogger("heliograph"), Listener()
    logger.addHandler(listener)
    began = time.process_time()
    try:
        document = fit_payload(request, lambda fraction, message: None)
    finally:
        logger.removeHandler(listener)
    assert time.process_time() - began < SECONDS
    assert set(document) == {"status", "message", "analysis"}
    assert document["status"] in ("success", "failure") and document["message"]
    assert "unexpectedly" not in document["message"], listener.heard[-1][-2000:]
    assert len(document["message"]) < 600
    assert bool(document["analysis"]) == (document["status"] == "success")
    assert len(json.dumps(document, allow_nan=False)) < 3_000_000
    return document


@pytest.fixture(autouse=True, scope="module")
def no_network() -> Iterator[None]:
    """A name that sncosmo would fetch is not fetched."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("http_proxy", "https_proxy", "HTTPS_PROXY"):
            patch.setenv(name, "http://127.0.0.1:9")
        yield


def given_rows(rows: list[dict[str, Any]], redshift: str, **parameters: Any) -> dict[str, Any]:
    return payload(rows, redshift, **{"source": "salt3", "n_draws": 100, **parameters})


@given(TABLES, REDSHIFTS, USUAL, PLACES)
@settings(max_examples=20, suppress_health_check=list(HealthCheck))
def test_any_photometry_gets_an_answer(rows: Any, redshift: str, parameters: Any, place: Any) -> None:
    answer(given_rows(rows, redshift, **parameters) | {"resource": place})


@given(USUAL, STRANGE)
@settings(max_examples=20, suppress_health_check=list(HealthCheck))
def test_any_parameters_get_an_answer(usual: Any, strange: Any) -> None:
    answer(given_rows(sn2019dwz_rows(), "0.046,,", **{"source": "hsiao-subsampled", **usual, **strange}))


@pytest.mark.parametrize("name", [name for name in SENSIBLE if name != "source"])
@given(st.data())
@settings(max_examples=2, suppress_health_check=list(HealthCheck))
def test_each_parameter_works_in_its_whole_range(name: str, data: st.DataObject) -> None:
    value = data.draw(SENSIBLE[name])
    more = {"fix_z": "False"} if name.startswith("z_") else {}
    quick = {"source": "hsiao-subsampled", **more, name: value}
    assert answer(given_rows(sn2019dwz_rows(), "0.046,,", **quick))["status"] == "success"


def many(number: int) -> list[dict[str, Any]]:
    """SN 2019dwz, observed again and again."""
    random, rows = np.random.default_rng(0), sn2019dwz_rows()
    return [
        row | {"mjd": float(row["mjd"]) + random.normal(0, 0.01)}
        for row in (rows[i % len(rows)] for i in range(number))
    ]


@pytest.mark.parametrize(
    ("number", "source", "modelcov"), [(5000, "hsiao-subsampled", False), (5000, "salt3", False), (2000, "salt3", True)]
)
def test_thousands_of_rows_are_fitted_in_time(number: int, source: str, modelcov: bool) -> None:
    document = answer(
        given_rows(many(number), "0.04608,,", source=source, modelcov=modelcov, fix_z=True, limits="gaussian")
    )
    assert document["status"] == "success"


def test_too_many_rows_are_refused_and_can_be_cut() -> None:
    before = [row | {"mjd": float(row["mjd"]) - 2000} for row in many(5000)]
    rows = before + sn2019dwz_rows()
    document = answer(given_rows(rows, "0.04608,,"))
    assert document["status"] == "failure" and "at most 5000" in document["message"]
    assert "mjd_min" in document["message"]
    first = min(float(row["mjd"]) for row in sn2019dwz_rows())
    document = answer(given_rows(rows, "0.04608,,", source="salt3", mjd_min=first - 1, fix_z=True))
    assert document["status"] == "success"
    assert len(json.dumps(document)) < 3_000_000
    assert "more than 20000 rows" in answer(given_rows(many(20_001), "0.04608,,"))["message"]


FAR = {"mjd": "500000", "flux": "1", "fluxerr": "1", "filter": "ztfg", "zp": "23.9"}


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(sn2019dwz_rows() * 2, id="each row twice"),
        pytest.param([row | {"mjd": "58600"} for row in sn2019dwz_rows()], id="one epoch"),
        pytest.param([row | {"filter": "ztfg"} for row in sn2019dwz_rows()], id="one band"),
        pytest.param([row | {"filter": "2massh"} for row in sn2019dwz_rows()], id="a band out of reach"),
        pytest.param([row | {"flux": f"-{row['flux']}".replace("--", "")} for row in sn2019dwz_rows()],
                     id="negative"),
        pytest.param([row | {"flux": "100"} for row in sn2019dwz_rows()], id="constant"),
        pytest.param([*sn2019dwz_rows(), FAR], id="a row a thousand years later"),
        pytest.param([row | {"fluxerr": "1e-9"} for row in sn2019dwz_rows()], id="errors of nothing"),
        pytest.param([row | {"zp": "-40"} for row in sn2019dwz_rows()], id="very bright"),
        pytest.param([row | {"zp": "55"} for row in sn2019dwz_rows()], id="very faint"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("source", "redshift"), [("salt3", "0.046,,"), ("hsiao-subsampled", ",,")])
def test_odd_light_curves_get_an_answer(rows: Any, source: str, redshift: str) -> None:
    answer(given_rows(rows, redshift, source=source, modelcov="False"))
