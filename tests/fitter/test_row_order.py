"""A light curve is a set of rows: their order decides nothing, and a measured flux beats a blank limit."""

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from fitter_lambda.input.fit_parameters import Parameters
from fitter_lambda.input.light_curve import LightCurve, build_light_curve
from fitter_lambda.input.light_curve_rows import parse_csv_rows
from tests.fitter.light_curves import payload, sn2019dwz_rows
from tests.fitter.test_document import unpack_fit

FLUX = {"mjd": 59000.5, "flux": 100, "fluxerr": 10, "filter": "ztfg", "zp": 23.9}
MAG = {"mjd": 59000.5, "mag": 18.9, "magerr": 0.1, "filter": "ztfg"}
LIMIT = {"mjd": 59000.5, "fluxerr": 12, "filter": "ztfg", "zp": 23.9}
BEATEN = "a limit at the time and band of a measured flux"
REPEATED = "an exact repeat of another row"


def build(rows: list[dict[str, Any]], **parameters: Any) -> tuple[LightCurve, list[tuple[int, str]]]:
    text = payload(rows)["inputs"]["photometry"]
    light_curve, excluded = build_light_curve(parse_csv_rows(text).rows, Parameters(**parameters))
    return light_curve, [(item.row, item.reason) for item in excluded]


def list_rows(light_curve: LightCurve) -> list[tuple[Any, ...]]:
    bands = np.array(light_curve.bands)[light_curve.band]
    columns = (light_curve.mjd, light_curve.flux, light_curve.fluxerr, light_curve.limit, bands)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize("measured", [FLUX, MAG, FLUX | {"flux": -3}, FLUX | {"flux": 0}])
@pytest.mark.parametrize("limits", ["censored", "gaussian"])
@pytest.mark.parametrize("limit", [LIMIT, LIMIT | {"limiting_mag": 20.5}, LIMIT | {"flux": "nan", "zp": ""}])
def test_a_measured_flux_beats_a_limit_of_the_same_observation(
    measured: dict[str, Any], limits: str, limit: dict[str, Any]
) -> None:
    alone = list_rows(build([measured], limits=limits)[0])
    for rows, place in (([limit, measured], 1), ([measured, limit], 2)):
        light_curve, excluded = build(rows, limits=limits)
        assert list_rows(light_curve) == alone and excluded == [(place, BEATEN)]


@pytest.mark.parametrize("change", [{"mjd": 59000.6}, {"filter": "ztfr"}])
def test_a_limit_of_another_time_or_band_stays(change: dict[str, Any]) -> None:
    light_curve, excluded = build([FLUX, LIMIT | change])
    assert sorted(light_curve.limit.tolist()) == [False, True] and not excluded


@pytest.mark.parametrize("change", [{"fluxerr": 0}, {"magsys": "nonsense"}, {"flux": "243,5"}])
def test_a_row_that_cannot_be_used_beats_nothing(change: dict[str, Any]) -> None:
    for rows in ([FLUX | change, LIMIT], [LIMIT, FLUX | change]):
        light_curve, excluded = build(rows)
        assert light_curve.limit.tolist() == [True] and len(excluded) == 1


def test_the_same_row_counts_once() -> None:
    light_curve, excluded = build([FLUX, LIMIT | {"mjd": 59001}, FLUX, FLUX | {"flux": "1e2"}, LIMIT | {"mjd": 59001}])
    assert light_curve.flux.tolist() == pytest.approx([100, 60])
    assert excluded == [(3, REPEATED), (4, REPEATED), (5, REPEATED)]
    zeros, excluded = build([FLUX | {"flux": "0"}, FLUX | {"flux": "-0.0"}])
    assert len(zeros) == 1 and excluded == [(2, REPEATED)]


def test_two_measurements_at_one_time_both_count() -> None:
    assert len(build([FLUX, FLUX | {"flux": 90}])[0]) == 2


ROW: Any = st.fixed_dictionaries(
    {
        "mjd": st.sampled_from([59000.5, 59001.5, "x", ""]), "filter": st.sampled_from(["ztfg", "ztfr", "zzz"]),
        "flux": st.sampled_from([100, -3, 0, "", "", "243,5"]), "fluxerr": st.sampled_from([10, 12, "", 0]),
    },
    optional={
        "mag": st.sampled_from([18.9, "", 99]), "magerr": st.sampled_from([0.1, ""]),
        "zp": st.sampled_from([23.9, 25.0, ""]), "magsys": st.sampled_from(["ab", "vega"]),
        "limiting_mag": st.sampled_from([20.5, 21.0, ""]),
    },
)  # fmt: skip


@given(
    st.lists(ROW, min_size=2, max_size=12),
    st.randoms(use_true_random=False),
    st.sampled_from(["censored", "gaussian", "ignore"]),
)
@settings(deadline=None, max_examples=40)
def test_shuffled_rows_give_the_same_light_curve(rows: Any, shuffle: random.Random, limits: str) -> None:
    rows = rows + rows[:2]
    light_curve, excluded = build(rows, limits=limits)
    order = list(range(len(rows)))
    shuffle.shuffle(order)
    shuffled, excluded_then = build([rows[i] for i in order], limits=limits)
    assert list_rows(shuffled) == list_rows(light_curve) and shuffled.bands == light_curve.bands
    assert sorted(reason for _, reason in excluded_then) == sorted(reason for _, reason in excluded)
    assert len(light_curve) + len(excluded) == len(rows)
    measured = {(row[0], row[4]) for row in list_rows(light_curve) if not row[3]}
    assert not {(row[0], row[4]) for row in list_rows(light_curve) if row[3]} & measured


def test_a_fit_does_not_depend_on_the_order_of_its_rows() -> None:
    rows = sn2019dwz_rows()
    rows += [row | {"flux": ""} for row in rows[:5]] + rows[:3]
    options = {"source": "salt3", "fix_z": "True", "n_draws": 100}
    first, results = unpack_fit(payload(rows, "0.04608,,", **options))
    second, shuffled = unpack_fit(payload(random.Random(1).sample(rows, len(rows)), "0.04608,,", **options))
    assert first["analysis"]["posterior_samples"] == second["analysis"]["posterior_samples"]
    assert results["peak"] == shuffled["peak"] and results["n_limits"] == 0
    assert results["excluded_by_reason"] == shuffled["excluded_by_reason"] == {BEATEN: 5, REPEATED: 3}
