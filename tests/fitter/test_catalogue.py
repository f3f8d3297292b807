"""`auto`: every source at hand ranked by evidence, and what that says of the class."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sncosmo

from fitter_lambda.engine.fit import Fit
from fitter_lambda.engine.supernova_classes import NONE, RATES
from fitter_lambda.engine.template_ranking import _drop_twins, fit_catalogue
from fitter_lambda.entry.fitting import fit
from fitter_lambda.errors import FitterError
from fitter_lambda.input.templates import list_local_sources, load_source
from tests.fitter.early_classification import draw_event
from tests.fitter.light_curves import parse_payload, payload, sn2019dwz, sn2019dwz_rows
from tests.fitter.simulate import bump, offer_shared_sources
from tests.fitter.test_document import unpack_fit
from tests.fitter.test_fit import PHASE, WAVE, simulate_rows

Reports = list[tuple[float, str]]


def rank_sources(request: dict[str, Any]) -> tuple[Fit, dict[str, Any], Reports]:
    reports: Reports = []
    result = fit_catalogue(parse_payload(request), lambda done, message: reports.append((done, message)))
    return result.fit, result.ranking, reports


@pytest.fixture(scope="module")
def ranked() -> tuple[Fit, dict[str, Any], Reports]:
    """SN 2019dwz, a class Ia, through whatever sources are here."""
    return rank_sources(sn2019dwz(source="auto", fix_z="True", n_draws=400))


def of_source(ranking: dict[str, Any], name: str) -> dict[str, Any]:
    (entry,) = (entry for entry in ranking["sources"] if entry["name"] == name)
    return dict(entry)


def test_every_source_is_ranked_by_its_evidence(ranked: tuple[Fit, dict[str, Any], Reports]) -> None:
    fit, ranking, _ = ranked
    names = [entry["name"] for entry in ranking["sources"]]
    assert {"salt2", "salt3", "salt3-nir"} <= set(names) and len(names) == len(set(names))
    evidence = [entry["log_evidence"] for entry in ranking["sources"]]
    assert evidence == sorted(evidence, reverse=True)
    assert fit.posterior.fluxes.grid.name == names[0]
    for entry in ranking["sources"]:
        assert set(entry) == {
            "name", "class", "log_evidence", "log_evidence_error", "misfit_p_value", "reason",
            "redshift", "redshift_std", "peak_absolute",
        }  # fmt: skip
        assert entry["reason"] is None and entry["class"] in RATES


def test_the_best_source_is_fitted_in_full(ranked: tuple[Fit, dict[str, Any], Reports]) -> None:
    fit, ranking, _ = ranked
    assert fit.draws.shape == (400, 4)
    best = ranking["sources"][0]
    assert best["log_evidence_error"] < 0.1 and best["misfit_p_value"] > 0.05
    assert fit.sample.log_evidence == pytest.approx(best["log_evidence"], abs=0.1)


def test_class_probabilities_sum_to_one(ranked: tuple[Fit, dict[str, Any], Reports]) -> None:
    _, ranking, _ = ranked
    probabilities = ranking["class_probabilities"]
    assert sum(probabilities.values()) == pytest.approx(1)
    assert set(probabilities) == {entry["class"] for entry in ranking["sources"]} | {NONE}
    assert probabilities["Ia"] > 0.99 and ranking["sources"][0]["class"] == "Ia"
    assert "if it is like one of the" in ranking["class_probabilities_note"]
    assert ranking["prior_rates"] == RATES and sum(RATES.values()) == pytest.approx(1)


def test_progress_tells_how_many_models_are_done(ranked: tuple[Fit, dict[str, Any], Reports]) -> None:
    _, _, reports = ranked
    number = len(_drop_twins(list_local_sources()))
    assert [message for _, message in reports if "models done" in message][:2] == [
        f"{i} of {number} models done" for i in range(2)
    ]
    fractions = [fraction for fraction, _ in reports]
    assert fractions == sorted(fractions) and fractions[-1] < 1


@pytest.mark.usefixtures("registry")
def test_twins_are_counted_once() -> None:
    for name in ("twin", "twin-corr", "single"):
        sncosmo.register(sncosmo.TimeSeriesSource(PHASE, WAVE, bump(PHASE, WAVE), name=name, version="1"))
    rows = simulate_rows(sncosmo.get_source("single"), 6, amplitude=0.5)
    fit, ranking, _ = rank_sources(payload(rows, "0.05,,", source="auto", fix_z="True", n_draws=400))
    names = [entry["name"] for entry in ranking["sources"]]
    assert "twin-corr" in names and "single" in names and "twin" not in names
    assert of_source(ranking, "single")["class"] == "other"
    # what the light curve was made from wins, whatever its class
    assert set(names[:2]) == {"twin-corr", "single"}
    assert fit.posterior.fluxes.grid.name == names[0]
    same = [of_source(ranking, name)["log_evidence"] for name in ("twin-corr", "single")]
    assert same[0] == pytest.approx(same[1], abs=0.1)


@pytest.mark.usefixtures("registry")
def test_probabilities_are_rates_times_a_power_of_the_mean_evidence() -> None:
    sncosmo.register(sncosmo.TimeSeriesSource(PHASE, WAVE, bump(PHASE, WAVE), name="single", version="1"))
    _, ranking, _ = rank_sources(sn2019dwz(source="auto", fix_z="True", n_draws=400))
    evidence: dict[str, list[float]] = {}
    for entry in ranking["sources"]:
        evidence.setdefault(entry["class"], []).append(entry["log_evidence"])
    evidence[NONE] = [ranking["none_log_evidence"]]
    best = max(max(values) for values in evidence.values())
    power = ranking["evidence_power"]
    weight = {group: RATES[group] * np.mean(np.exp(np.array(x) - best)) ** power for group, x in evidence.items()}
    expected = {group: value / sum(weight.values()) for group, value in weight.items()}
    assert len(expected) >= 2 and power < 1
    assert ranking["class_probabilities"] == pytest.approx(expected)


def test_a_coarse_twin_stands_in_where_it_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """hsiao-subsampled comes with sncosmo; it is one of many sources only where hsiao itself is not."""
    monkeypatch.setattr("fitter_lambda.engine.template_ranking.list_local_sources", lambda: ["hsiao-subsampled"])
    _, ranking, _ = rank_sources(sn2019dwz(source="auto", fix_z="True", n_draws=400))
    assert [entry["name"] for entry in ranking["sources"]] == ["hsiao-subsampled"]


def test_none_of_these_wins_when_every_model_misfits() -> None:
    random = np.random.default_rng(0)
    rows = [
        {"mjd": 59000 + i, "flux": random.uniform(0, 1000), "fluxerr": 1.0, "filter": ("ztfg", "ztfr")[i % 2]}
        for i in range(16)
    ]
    document = payload(rows, "0.05,,", source="auto", fix_z="True", n_draws=100, modelcov="False")
    _, ranking, _ = rank_sources(document)
    assert ranking["class_probabilities"][NONE] > 0.999
    assert ranking["sources"][0]["misfit_p_value"] < 1e-3


def test_no_class_is_told_when_an_outlier_refutes_all_alike() -> None:
    rows = sn2019dwz_rows()
    peak = max(range(len(rows)), key=lambda i: float(rows[i]["flux"]))
    rows[peak] |= {"flux": float(rows[peak]["flux"]) + 60 * float(rows[peak]["fluxerr"])}
    _, ranking, _ = rank_sources(payload(rows, "0.04608,,", source="auto", fix_z="True", n_draws=100))
    assert ranking["sources"][0]["misfit_p_value"] < 1e-3
    probabilities = ranking["class_probabilities"]
    assert probabilities is None or probabilities[NONE] > 0.95
    assert probabilities or ranking["class_probabilities_note"] == "none: no model describes the data"


def test_no_class_is_told_under_flat_priors() -> None:
    _, ranking, _ = rank_sources(sn2019dwz(source="auto", fix_z="True", n_draws=400, priors="flat"))
    assert ranking["class_probabilities"] is None and ranking["sources"][0]["misfit_p_value"] > 1e-3
    assert "flat priors" in ranking["class_probabilities_note"]


def test_when_nothing_can_be_fitted_the_first_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fitter_lambda.engine.template_ranking.list_local_sources", lambda: ["salt3", "salt2"])
    with pytest.raises(FitterError, match=r"None of 2 sources .*salt3 needs at least 5"):
        rank_sources(payload(sn2019dwz_rows()[:4], "0.04608,,", source="auto", fix_z="True"))


@pytest.mark.usefixtures("registry")
def test_a_source_that_cannot_be_fitted_is_listed_with_the_reason() -> None:
    """Too few rows for SALT are enough for a template."""
    sncosmo.register(sncosmo.TimeSeriesSource(PHASE, WAVE, bump(PHASE, WAVE), name="single", version="1"))
    document = payload(sn2019dwz_rows()[:4], "0.04608,,", source="auto", fix_z="True", n_draws=100)
    fit, ranking, _ = rank_sources(document)
    assert fit.posterior.fluxes.grid.name == ranking["sources"][0]["name"]
    assert not fit.posterior.fluxes.grid.is_salt
    assert of_source(ranking, "single")["reason"] is None
    salt = of_source(ranking, "salt3")
    assert "needs at least 5" in salt["reason"]
    assert salt["log_evidence"] is None and salt["misfit_p_value"] is None


@pytest.mark.usefixtures("registry")
def test_a_broken_template_leaves_the_others_alone() -> None:
    class Broken(sncosmo.TimeSeriesSource):
        def _flux(self, phase: Any, wave: Any) -> Any:
            raise ValueError("a damaged file")

    sncosmo.register(Broken(PHASE, WAVE, bump(PHASE, WAVE), name="broken", version="1"))
    document = payload(sn2019dwz_rows(), "0.04608,,", source="auto", fix_z="True", n_draws=100)
    fit, ranking, _ = rank_sources(document)
    assert fit.posterior.fluxes.grid.name == ranking["sources"][0]["name"] != "broken"
    assert of_source(ranking, "broken")["reason"] == "ValueError in the fit"


def test_the_document_holds_the_ranking() -> None:
    document, results = unpack_fit(sn2019dwz(source="auto", fix_z="True", n_draws=100, modelcov="False"))
    ranking = results["catalogue"]
    names = [entry["name"] for entry in ranking["sources"]]
    assert results["source"] == names[0] == document["analysis"]["model_name"]
    assert document["message"].startswith(f"Best of {len(names)} sources: {names[0]},")
    assert math.isfinite(ranking["seconds"]) and ranking["class_probabilities"]["Ia"] > 0.99


def test_a_class_ia_is_told_from_core_collapse(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer_shared_sources(shared, monkeypatch)
    _, ranking, _ = rank_sources(sn2019dwz(source="auto", n_draws=400))
    probabilities = ranking["class_probabilities"]
    assert {"Ia", "II", "stripped"} <= set(probabilities)
    assert probabilities["Ia"] > 0.95
    names = [entry["name"] for entry in ranking["sources"]]
    assert names[0].startswith("salt")


@pytest.mark.parametrize(("source", "is_there"), [("salt3", False), ("nugent-sn2p", True)])
def test_a_template_of_the_mean_ia_is_left_out_beside_salt(
    source: str, is_there: bool, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer_shared_sources(shared, monkeypatch)
    monkeypatch.setattr(
        "fitter_lambda.engine.template_ranking.list_local_sources", lambda: [source, "hsiao", "hsiao-subsampled"]
    )
    _, ranking, _ = rank_sources(sn2019dwz(source="auto", n_draws=400))
    names = [entry["name"] for entry in ranking["sources"]]
    assert ("hsiao" in names) is is_there and "hsiao-subsampled" not in names


def test_a_class_ia_that_shines_longer_than_salt_stays_one(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """hsiao, seen 80 days after maximum: SALT ends at 50, templates of stripped supernovae do not."""
    offer_shared_sources(shared, monkeypatch)
    model = sncosmo.Model(load_source("hsiao"))
    model.set(z=0.05, t0=59000.0)
    model.set_source_peakabsmag(-19.3, "bessellb", "ab")
    mjd = np.repeat(np.arange(58985.0, 59085.0, 4.0), 2)
    band = np.tile(["ztfg", "ztfr"], len(mjd) // 2)
    flux = model.bandflux(band, mjd, zp=23.9, zpsys="ab")
    flux = flux + 4.6 * np.random.default_rng(5).normal(size=len(mjd))
    photometry = {"time": mjd, "band": band, "flux": flux, "fluxerr": np.full(len(mjd), 4.6)}
    assert np.sum((mjd > 59055) & (flux > 5 * 4.6)) > 3
    ranking = fit(photometry, source="auto", z=0.05, n_draws=100, mwebv=0.0).results["catalogue"]
    assert ranking["sources"][0]["name"].startswith("salt")
    assert ranking["class_probabilities"]["Ia"] > 0.95


def test_a_template_of_the_mean_ia_stays_where_salt_reaches_too_few_rows(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four rows in reach of SALT, which needs five, and three in a band beyond its wavelengths."""
    offer_shared_sources(shared, monkeypatch)
    monkeypatch.setattr("fitter_lambda.engine.template_ranking.list_local_sources", lambda: ["salt2", "hsiao"])
    near = sorted(sn2019dwz_rows(), key=lambda row: -float(row["flux"]) / float(row["fluxerr"]))[:4]
    far = [{**row, "filter": "desy"} for row in near[:3]]
    _, ranking, _ = rank_sources(payload([*near, *far], "0.04608,,", source="auto", fix_z="True", n_draws=100))
    reasons = {entry["name"]: entry["reason"] for entry in ranking["sources"]}
    assert reasons == {"salt2": None, "hsiao": None}


def test_classes_are_told_with_a_caveat_where_all_models_misfit_but_a_supernova_is_certain(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bright class Ia, without the source that it was drawn from."""
    offer_shared_sources(shared, monkeypatch)
    event = draw_event(np.random.default_rng(3))
    names = [name for name in list_local_sources() if name != event.source]
    monkeypatch.setattr("fitter_lambda.engine.template_ranking.list_local_sources", lambda: names)
    fitted = fit(event.photometry, source="auto", z=event.truth["z"], n_draws=100, mwebv=0.05)
    ranking = fitted.results["catalogue"]
    assert max(entry["misfit_p_value"] or 0.0 for entry in ranking["sources"]) < 1e-3
    assert ranking["class_probabilities"]["Ia"] > 0.95
    assert "they are too sure, since no model describes the data" in ranking["class_probabilities_note"]
