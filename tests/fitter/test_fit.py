"""The fit itself, on real supernovae and on ones made up."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import sncosmo
from astropy.table import Table
from scipy import stats

from fitter_lambda.engine.fit import Fit, fit_supernova
from fitter_lambda.engine.fit_data import build_redshift_prior
from fitter_lambda.engine.misfit import misfit_p_value
from fitter_lambda.engine.priors import FlatPriors
from fitter_lambda.errors import FitterError, TemplateError, TooLittleDataError
from fitter_lambda.input.fit_parameters import Parameters
from fitter_lambda.input.templates import load_bandpasses, load_source
from heliograph.errors import InputError
from tests.fitter.light_curves import (
    COMPARABLE,
    parse_payload,
    payload,
    sn2019dwz,
    sn2019dwz_rows,
    sn2020aai,
    ztf21aaqjmps,
)  # fmt: skip
from tests.fitter.simulate import bump
from tests.fitter.test_cli import run_cli
from tests.fitter.test_deredden import write_map

Array = npt.NDArray[np.float64]

#: A quick fit that is comparable with sncosmo's.
QUICK = {"fix_z": "True", "n_draws": 400, **COMPARABLE}


def run_fit(document: dict[str, Any]) -> Fit:
    return fit_supernova(parse_payload(document), lambda fraction, message: None)


def best_fit(fit: Fit) -> dict[str, float]:
    return dict(zip(fit.names, fit.best.tolist(), strict=True))


def draws(fit: Fit, name: str) -> Array:
    return fit.draws[:, fit.names.index(name)]


def build_table(fit: Fit) -> Table:
    """The rows that were fitted, as sncosmo reads them."""
    rows = fit.data.rows
    return Table({
        "time": rows.mjd, "band": np.array(rows.bands)[rows.band], "flux": rows.flux, "fluxerr": rows.fluxerr,
        "zp": np.full(len(rows), 23.9), "zpsys": ["ab"] * len(rows),
    })  # fmt: skip


def model_of(fit: Fit) -> sncosmo.Model:
    """sncosmo's own model at the best fit."""
    model = sncosmo.Model(load_source(fit.posterior.fluxes.grid.name))
    model.set(z=fit.data.redshift.mean if "z" not in fit.names else 0.0)
    model.set(**best_fit(fit))
    return model


def chi2(fit: Fit) -> float:
    """By sncosmo's own fluxes."""
    return float(sncosmo.chisq(build_table(fit), model_of(fit)))


def fit_lc(fit: Fit, starts: int) -> Any:
    """The best of several runs of sncosmo.fit_lc on the same rows, from random starts about the maximum."""
    results, random, rows = [], np.random.default_rng(0), fit.data.rows
    for _ in range(starts):
        model = model_of(fit)
        model.set(t0=rows.mjd[np.argmax(rows.flux)] + random.normal(0, 5))
        bounds = {"z": (fit.data.redshift.low, fit.data.redshift.high)} if "z" in fit.names else {}
        if bounds:
            model.set(z=random.uniform(*bounds["z"]))
        results.append(sncosmo.fit_lc(build_table(fit), model, fit.names, bounds=bounds)[0])
    return min(results, key=lambda result: float(result.chisq))


def test_sn2019dwz_comes_out_as_published_values_of_sncosmo(plain_fit: Fit) -> None:
    values = best_fit(plain_fit)
    assert values["t0"] == pytest.approx(58606.49, abs=0.05)
    assert values["x1"] == pytest.approx(1.245, abs=0.02)
    assert values["c"] == pytest.approx(0.089, abs=0.005)
    assert values["x0"] == pytest.approx(1.062e-3, rel=0.005)
    assert chi2(plain_fit) == pytest.approx(28.8, abs=0.1)


def test_the_optimum_is_sncosmos_own(plain_fit: Fit) -> None:
    theirs = fit_lc(plain_fit, 1)
    for name, value in best_fit(plain_fit).items():
        assert abs(value - theirs.parameters[theirs.param_names.index(name)]) < 0.02 * theirs.errors[name], name


@pytest.mark.filterwarnings("ignore:Assigned errors")
@pytest.mark.parametrize("supernova", [sn2019dwz, sn2020aai])
@pytest.mark.parametrize("source", ["salt3", "hsiao-subsampled"])
@pytest.mark.parametrize("fix_z", ["True", "False"])
def test_no_start_leads_sncosmo_to_a_better_fit(supernova: Any, source: str, fix_z: str) -> None:
    fit = run_fit(supernova(**QUICK | {"source": source, "fix_z": fix_z, "z_max": 0.2}))
    assert chi2(fit) <= fit_lc(fit, 4).chisq + 1e-3


@pytest.mark.filterwarnings("ignore:Assigned errors")
@pytest.mark.parametrize("source", ["salt3", "hsiao-subsampled"])
def test_after_the_last_phase_flat_priors_take_what_sncosmo_takes(source: str) -> None:
    """For a template that is its last flux, for SALT nothing."""
    model, random, rows = sncosmo.Model(load_source(source)), np.random.default_rng(0), []
    model.set(z=0.05, t0=59000.0)
    model.set_source_peakmag(17.0, "bessellb", "ab")
    passes, _ = load_bandpasses(("ztfg", "ztfr"))
    for number, mjd in enumerate(np.arange(58985.0, 59150.0, 3.0)):
        band = ("ztfg", "ztfr")[number % 2]
        flux = float(model.bandflux(passes[band], mjd, 23.9, "ab")) * math.exp(-max(0, mjd - 59080) / 200)
        rows.append({"mjd": mjd, "flux": flux + 3 * random.normal(), "fluxerr": 3.0, "filter": band})
    fit = run_fit(payload(rows, "0.05,,", **QUICK | {"source": source}))
    assert not fit.predict_rows(fit.best[None]).design.reached.all()
    assert chi2(fit) <= fit_lc(fit, 3).chisq + 1e-2


def test_flat_priors_leave_out_bands_that_leave_the_model_as_sncosmo_does() -> None:
    """At z = 0.6 bessellux begins at 1875 Å in the rest frame, SALT3 at 2000 Å."""
    model, random, rows = sncosmo.Model(load_source("salt3")), np.random.default_rng(0), []
    model.set(z=0.6, t0=59000.0, x0=1e-4)
    passes, _ = load_bandpasses(("bessellux", "sdssr", "sdssi", "sdssz"))
    for mjd in np.arange(58975.0, 59060.0, 4.0):
        for band in passes:
            flux = 1.0 if band == "bessellux" else float(model.bandflux(passes[band], mjd, 23.9, "ab"))
            rows.append({"mjd": mjd, "flux": flux + 0.1 * random.normal(), "fluxerr": 0.1, "filter": band})
    fit = run_fit(payload(rows, "0.6,,", **QUICK | {"source": "salt3", "fix_z": "True"}))
    is_blue = fit.data.rows.band == 0
    assert fit.data.rows.bands[0] == "bessellux" and misfit_p_value(fit) > 0.01
    prediction = fit.predict_rows(fit.best[None])
    assert not prediction.is_used[0, is_blue].any() and prediction.is_used[0, ~is_blue].all()
    without = run_fit(
        payload(
            [row for row in rows if row["filter"] != "bessellux"],
            "0.6,,",
            **QUICK | {"source": "salt3", "fix_z": "True"},
        )
    )
    np.testing.assert_allclose(fit.draws.mean(axis=0), without.draws.mean(axis=0), rtol=1e-3, atol=0.02)
    values = [each.posterior.likelihood.chi2(each.predict_rows(each.best[None]))[0].sum() for each in (fit, without)]
    assert values[0] == pytest.approx(values[1], rel=1e-3)


def test_draws_are_independent_and_as_many_as_asked_for(fit: Fit) -> None:
    assert fit.draws.shape == (4000, 4)
    assert fit.sample.effective_draws > 2000 and fit.sample.pareto_k < 0.7
    assert len(np.unique(fit.draws, axis=0)) > 0.95 * len(fit.draws)
    apart = fit.draws - fit.draws.mean(axis=0)
    for lag in (1, 2, 10):
        correlation = np.mean(apart[lag:] * apart[:-lag], axis=0) / np.var(fit.draws, axis=0)
        assert np.all(np.abs(correlation) < 5 / np.sqrt(len(fit.draws))), lag


def test_the_best_fit_lies_among_the_draws(fit: Fit) -> None:
    gap = fit.best - fit.draws.mean(axis=0)
    assert gap @ np.linalg.solve(np.cov(fit.draws.T), gap) < 4


def test_the_same_seed_gives_the_same_draws() -> None:
    one, two, other = (run_fit(sn2019dwz(**QUICK, seed=seed)) for seed in (5, 5, 6))
    assert np.array_equal(one.draws, two.draws)
    assert not np.array_equal(one.draws, other.draws)


@pytest.mark.parametrize("redshift", [0.05363030365834087, 0.031, 0.0777, 0.123456789])
def test_any_redshift_can_be_given(redshift: float) -> None:
    """Whose bounds are rounded to either side."""
    fit = run_fit(payload(sn2019dwz_rows(), f"{redshift},,", source="salt3", n_draws=100, modelcov="False"))
    assert abs(best_fit(fit)["z"] - redshift) < 0.005


@pytest.mark.parametrize("width", [0.0004, 0.001, 0.003])
def test_a_redshift_may_be_free_within_narrow_bounds(width: float) -> None:
    parameters = {"source": "salt3", "fix_z": "False", "modelcov": "False", "n_draws": 1000}
    fit = run_fit(payload(sn2019dwz_rows(), ",,", z_min=0.046, z_max=0.046 + width, **parameters))
    z = draws(fit, "z")
    assert z.min() >= 0.046 and z.max() <= 0.046 + width
    assert z.std() == pytest.approx(width / 12**0.5, rel=0.1)
    alone = run_fit(payload(sn2019dwz_rows(), "0.0465,,", **parameters | {"fix_z": "True"}))
    assert fit.sample.log_evidence == pytest.approx(alone.sample.log_evidence, abs=0.5)


def test_precise_rows_that_salt_does_not_describe_are_sampled_all_the_same() -> None:
    rows = [
        {"mjd": 58600 + day, "flux": 1e3 * math.exp(-0.5 * (day / 12) ** 2), "fluxerr": 0.1, "filter": band}
        for day in range(-20, 40, 3) for band in ("ztfg", "ztfr")
    ]  # fmt: skip
    rows = [row | {"zp": "23.9", "magsys": "ab"} for row in rows]
    samples = [
        run_fit(payload(rows, "0.05,,", source="salt3", n_draws=500, seed=seed)).sample for seed in range(5)
    ]  # fmt: skip
    # of one seed, k is near its bound by chance
    assert np.median([sample.pareto_k for sample in samples]) < 0.7
    assert max(sample.log_evidence_error for sample in samples) < 0.2
    assert np.ptp([sample.log_evidence for sample in samples]) < 0.4


def test_linear_parameters_reach_their_mode_where_salt_does_not_describe_precise_rows() -> None:
    model = sncosmo.Model(load_source("salt3"))
    model.set(z=0.1, t0=58600.0, x0=1e-3, x1=-0.5, c=0.1)
    random, rows = np.random.default_rng(3), []
    passes, _ = load_bandpasses(("ztfg", "ztfr", "sdssi"))
    for mjd in np.arange(58585.0, 58650.0, 3.0):
        for band, bandpass in passes.items():
            flux = float(model.bandflux(bandpass, mjd, 23.9, "ab"))
            error = math.hypot(0.5, 0.02 * flux)
            flux = (flux + error * random.normal()) * (5.0 if random.random() < 0.05 else 1.0)
            rows.append({"mjd": mjd, "flux": flux, "fluxerr": error, "filter": band, "zp": "23.9", "magsys": "ab"})
    posterior = run_fit(payload(rows, "0.1,,", source="salt3", fix_z="True", n_draws=100)).posterior
    theta = np.array([[58600.0, 0.1]])
    mode = posterior.solve(theta)
    amplitude, x1 = np.meshgrid(mode[0, 0] * np.geomspace(0.2, 5.0, 200), np.linspace(-5.0, 5.0, 201))
    others = np.stack([amplitude.ravel(), (amplitude * x1).ravel()], axis=1)
    highest = posterior.log_joint_density(np.repeat(theta, len(others), axis=0), others).max()
    # a step that takes SALT's errors to grow with the flux alone stops some 700 short of it
    assert posterior.log_joint_density(theta, mode)[0] > highest - 20.0


def test_a_supernova_that_is_hardly_seen_leaves_what_is_known_before() -> None:
    model = sncosmo.Model(load_source("hsiao-subsampled"))
    model.set(z=0.07, t0=58600.0, amplitude=1e-8)
    random, rows = np.random.default_rng(2), []
    passes, _ = load_bandpasses(("atlasc", "atlaso"))
    peak = max(float(model.bandflux(band, 58600.0, 23.9, "ab")) for band in passes.values())
    for mjd in np.arange(58500.0, 58800.0, 4.0):
        for band, bandpass in passes.items():
            flux = float(model.bandflux(bandpass, mjd, 23.9, "ab")) + 0.5 * peak * random.normal()
            rows.append({"mjd": mjd, "flux": flux, "fluxerr": 0.5 * peak, "filter": band, "zp": "23.9"})
    fit = run_fit(payload(rows, ",,", source="hsiao-subsampled", fix_z=False))
    # far away the data say next to nothing of the amplitude: it is the prior's, a Gaussian in its logarithm
    assert fit.sample.effective_draws > 2000 and fit.sample.pareto_k < 0.7


def assert_same_optimum(one: Fit, other: Fit) -> None:
    """Up to where the climb stops: a thousandth of a standard deviation."""
    assert np.all(np.abs(one.best - other.best) < 2e-3 * other.draws.std(axis=0))


def test_zero_points_and_units_do_not_matter(plain_fit: Fit) -> None:
    rows = sn2019dwz_rows()
    for row in rows[::2]:  # the same fluxes on another scale
        row |= {name: float(row[name]) * 10**0.8 for name in ("flux", "fluxerr")} | {"zp": "25.9"}
    changed = run_fit(payload(rows, "0.04608,,", source="salt3", **QUICK))
    assert_same_optimum(changed, plain_fit)


def test_rows_come_in_any_order(plain_fit: Fit) -> None:
    changed = run_fit(payload(sn2019dwz_rows()[::-1], "0.04608,,", source="salt3", **QUICK))
    assert_same_optimum(changed, plain_fit)


def test_rows_of_one_date_have_one_order() -> None:
    """In every process: the noise of replicated data, and roundings, go by it."""
    first = sn2019dwz_rows()[0] | {"mjd": "58600"}
    rows = [first | {"flux": str(flux), "filter": band} for band in ("ztfr", "ztfg") for flux in (5, 3, 4)]
    fitted = run_fit(payload([*sn2019dwz_rows(), *rows], "0.04608,,", source="salt3", **QUICK)).data.rows
    assert len(fitted.flux[fitted.mjd == 58600]) == 6
    assert np.all(np.diff(fitted.flux[fitted.mjd == 58600]) >= 0)


def test_dust_of_the_milky_way_makes_the_source_bluer(plain_fit: Fit) -> None:
    dusty = run_fit(sn2019dwz(**QUICK, mwebv=0.1))
    assert best_fit(dusty)["c"] == pytest.approx(best_fit(plain_fit)["c"] - 0.1, abs=0.03)
    assert best_fit(dusty)["x0"] > 1.3 * best_fit(plain_fit)["x0"]


def test_what_dust_was_used_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFD_MAP_DIR", str(tmp_path / "absent"))
    document, place = sn2019dwz(**QUICK), {"resource": {"ra": 190.0, "dec": 20.0}}

    def dust(request: dict[str, Any]) -> tuple[float, str]:
        data = run_fit(request).data
        return data.mwebv, data.mwebv_from

    assert dust(sn2019dwz(**QUICK, mwebv="0.2")) == (0.2, "given")
    assert dust(document) == (0.0, "0: no position")
    assert dust(document | place) == (0.0, "0: no dust map here")
    write_map(tmp_path / "sfd", north=0.1)
    monkeypatch.setenv("SFD_MAP_DIR", str(tmp_path / "sfd"))
    mwebv, origin = dust(document | place)
    assert mwebv == pytest.approx(0.086) and "SFD" in origin
    corrected = dust(document | place | {"extinction": {"ebv": 0.086, "a": {}}})
    assert corrected == (0.0, "0: the photometry came corrected")
    assert dust(sn2019dwz(**QUICK, mwebv="0.2") | place)[0] == 0.2


@pytest.mark.parametrize("source", ["salt3", "hsiao-subsampled"])
@pytest.mark.parametrize("priors", ["physical", "flat"])
def test_the_same_rows_count_for_every_model(source: str, priors: str) -> None:
    late = sn2019dwz_rows()[0] | {"mjd": "58900", "flux": "0", "filter": "ztfr"}
    early, blue = late | {"mjd": "58300"}, late | {"mjd": "58610", "filter": "bessellux"}
    document = payload([*sn2019dwz_rows(), late, early, blue], "0.04608,,", source=source, n_draws=100,
                    fix_z=True, priors=priors)  # fmt: skip
    fit = run_fit(document)
    assert len(fit.data.rows) == len(sn2019dwz_rows()) + 3 and fit.data.excluded == []
    assert best_fit(fit)["t0"] == pytest.approx(58606.3, abs=1)


@pytest.mark.parametrize("parameters", [
    {"source": "salt3"},
    {"source": "salt3", "fix_z": "False", "z_max": 0.2},
    {"source": "salt3", "robust": "True", "fix_z": "True"},
    {"source": "salt3-nir", "modelcov": "False", "mwebv": 0.1},
    {"source": "hsiao-subsampled"},
    {"source": "salt3", "priors": "flat"},
], ids=lambda parameters: " ".join(map(str, parameters.values())))  # fmt: skip
def test_years_of_forced_photometry_weigh_what_they_weigh_without_going_through_them(parameters: Any) -> None:
    random, first = np.random.default_rng(0), sn2019dwz_rows()[0]
    dates = np.concatenate([random.uniform(57500, 58300, 60), random.uniform(58900, 59900, 60)])
    forced = [
        first | {"mjd": str(mjd), "flux": flux, "filter": random.choice(["atlaso", "ztfr", "bessellux"])}
        for mjd, flux in zip(dates, [*random.normal(0, 1, 100).astype(str), *[""] * 20], strict=True)
    ]
    fit = run_fit(payload([*sn2019dwz_rows(), *forced], "0.04608,,", n_draws=100, **parameters))
    whole, near = fit.posterior, fit.posterior.drop_unreachable_rows()
    assert len(near.rows) == (len(whole.rows) if parameters.get("priors") else len(whole.rows) - 120)
    theta, a = fit.split_values(fit.draws)
    theta[50:, 0] = random.uniform(*whole.bounds[whole.names.index("t0")], 50)
    np.testing.assert_allclose(near.log_joint_density(theta, a), whole.log_joint_density(theta, a), rtol=1e-12)


@pytest.mark.parametrize("robust", ["False", "True"])
def test_zeros_after_a_supernova_has_faded_speak_for_no_source(robust: str) -> None:
    """A source that has ended pays nothing for them against one that goes on for ever, at zero."""
    random, rows = np.random.default_rng(0), sn2019dwz_rows()
    noise = random.standard_t(4, 600) if robust == "True" else random.normal(size=600)
    zeros = [rows[0] | {"mjd": 58800 + i, "flux": y, "fluxerr": 1.0} for i, y in enumerate(noise)]
    scale = 10 ** (0.4 * (23.9 - float(rows[0]["zp"])))
    log_density = stats.t(4).logpdf(noise) if robust == "True" else stats.norm.logpdf(noise)
    without, beyond = (
        run_fit(payload(light_curve, "0.04608,,", source="salt3", fix_z=True, n_draws=2000, robust=robust))
        for light_curve in (rows, [*rows, *zeros])
    )
    cost = beyond.sample.log_evidence - without.sample.log_evidence
    assert cost == pytest.approx(np.sum(log_density - math.log(scale)), abs=2.5)


def test_unknown_bands_systems_and_repeats_are_listed() -> None:
    rows = sn2019dwz_rows()
    rows += [rows[0], rows[1] | {"filter": "nonsense"}, rows[2] | {"magsys": "nonsense"}]
    fit = run_fit(payload(rows, "0.04608,,", source="salt3", **QUICK))
    reasons = {row.row: row.reason for row in fit.data.excluded}
    assert "exact repeat" in reasons[len(rows) - 2]
    assert "unknown band 'nonsense'" in reasons[len(rows) - 1]
    assert "magnitude system 'nonsense'" in reasons[len(rows)]
    assert len(fit.data.rows) == len(rows) - 3


def test_too_little_data_say_what_is_missing() -> None:
    with pytest.raises(TooLittleDataError, match="Only 3 usable rows"):
        run_fit(payload(sn2019dwz_rows()[:3], "0.04608,,", source="salt3"))
    with pytest.raises(InputError, match="The source has no photometry that you may see"):
        run_fit(payload([], "0.04608,,", source="salt3"))


def test_missing_data_are_reported_before_a_missing_template() -> None:
    rows = [row | {"filter": "nonsense"} for row in sn2019dwz_rows()]
    with pytest.raises(TooLittleDataError, match="No row is left"):
        run_fit(payload(rows, ",,", source="no-such-model"))


def test_limits_alone_are_too_little() -> None:
    rows = [row | {"flux": ""} for row in sn2019dwz_rows()]
    with pytest.raises(TooLittleDataError):
        run_fit(payload(rows, "0.04608,,", source="salt3"))


def test_noise_is_no_supernova() -> None:
    rows = [row | {"flux": 0.1 * i, "fluxerr": 50} for i, row in enumerate(sn2019dwz_rows())]
    with pytest.raises(TooLittleDataError, match="No row is a detection"):
        run_fit(payload(rows, "0.04608,,", source="salt3"))


def test_three_sigma_are_a_detection() -> None:
    rows = [row | {"flux": 0, "fluxerr": 1} for row in sn2019dwz_rows()]
    rows[9] |= {"flux": 3}
    assert np.isfinite(run_fit(payload(rows, "0.04608,,", source="salt3", fix_z="True", n_draws=100)).draws).all()


def test_detections_count_as_rows_even_those_of_one_night() -> None:
    """Forty of the peak's night, and a dozen of a year later, when the template has ended."""
    rows = [
        LIGHT | {"mjd": mjd, "flux": flux, "fluxerr": 4.0}
        for mjd, flux in [*((59000 + 0.001 * i, 200.0 + i) for i in range(40)),
                          *((59400 + 2.0 * i, 30.0 + i) for i in range(12))]
    ]  # fmt: skip
    fit = run_fit(payload(rows, "0.05,,", source="hsiao-subsampled", fix_z="True", n_draws=100))
    assert 58900 < np.median(draws(fit, "t0")) < 59030


def test_a_misspelt_source_names_near_ones() -> None:
    with pytest.raises(TemplateError, match="salt3-nir"):
        run_fit(sn2019dwz(source="salt3-nirr"))


def test_a_model_that_sees_no_detection_says_so() -> None:
    rows = [row | {"filter": "bessellux"} for row in sn2019dwz_rows()]
    with pytest.raises(FitterError, match="redshift"):
        run_fit(payload(rows, "3,,", source="salt3", fix_z=True))


def test_the_prior_of_the_redshift_follows_fix_z() -> None:
    fixed = build_redshift_prior(Parameters(fix_z=True), 0.05, None)
    assert (fixed.kind, fixed.mean) == ("fixed", 0.05)
    known = build_redshift_prior(Parameters(), 0.05, 1e-5)
    assert (known.kind, known.mean, known.sigma) == ("gaussian", 0.05, 0.001)
    assert build_redshift_prior(Parameters(), 0.05, 0.01).sigma == 0.01
    # peculiar velocities count once: in the redshift's width, or in that of the distance
    assert known.peculiar == 0 and fixed.peculiar == 0.001
    assert build_redshift_prior(Parameters(), 0.001, 0.01).low > 0
    for free in (
        build_redshift_prior(Parameters(), None, None),
        build_redshift_prior(Parameters(fix_z=False), 0.05, None),
    ):
        assert (free.kind, free.low, free.high) == ("volume", 0.01, 1.0)
    for parameters in (Parameters(priors="flat"), Parameters(z_prior="flat")):
        assert build_redshift_prior(parameters, None, None).kind == "flat"


@pytest.mark.parametrize(
    "prior",
    [
        build_redshift_prior(Parameters(), 0.05, 0.01),
        build_redshift_prior(Parameters(), 0.002, 0.01),
        build_redshift_prior(Parameters(z_max=0.3), None, None),
        build_redshift_prior(Parameters(z_max=0.3, z_prior="volume"), None, None),
    ],
    ids=lambda prior: f"{prior.kind} {prior.mean:g}",
)
def test_redshift_priors_are_proper(prior: Any) -> None:
    z = np.linspace(prior.low, prior.high, 20_001)
    density = np.exp(prior.logpdf(z))
    assert np.trapezoid(density, z) == pytest.approx(1, abs=1e-3)
    assert np.all(np.isneginf(prior.logpdf(np.array([prior.low - 1e-3, prior.high + 1e-3]))))


def test_equal_volumes_hold_equally_many_supernovae() -> None:
    """Nearby, the density of the redshift goes as its square."""
    prior = build_redshift_prior(Parameters(z_prior="volume"), None, None)
    near, far = np.exp(prior.logpdf(np.array([0.02, 0.04])))
    assert far / near == pytest.approx(4, rel=0.1)


def test_a_free_redshift_finds_the_supernova_from_anywhere() -> None:
    fit = run_fit(sn2019dwz(**QUICK | {"fix_z": "False", "z_max": "0.2"}))
    assert fit.names == ["z", "t0", "x0", "x1", "c"]
    assert best_fit(fit)["t0"] == pytest.approx(58606.5, abs=1)
    assert chi2(fit) < 28.8
    assert draws(fit, "z").min() >= 0.01 and draws(fit, "z").max() <= 0.2


def test_a_redshift_with_an_error_stays_within_it() -> None:
    fit = run_fit(payload(sn2019dwz_rows(), "0.04608,0.002,", source="salt3", n_draws=400))
    assert np.mean(draws(fit, "z")) == pytest.approx(0.04608, abs=0.0006)
    assert np.std(draws(fit, "z")) == pytest.approx(0.002, rel=0.15)


def test_error_floors_widen_by_band() -> None:
    clean, all_bands, one_band = (
        run_fit(sn2019dwz(**QUICK, error_floor=floor)) for floor in ("0", "0.2", "atlaso: 0.2, ztfi: 0.5")
    )
    widths = [np.std(draws(fit, "t0")) for fit in (clean, one_band, all_bands)]
    assert widths[0] < 0.9 * widths[1] and widths[0] < 0.9 * widths[2]
    variance = one_band.posterior.rows.variance
    rows = one_band.data.rows
    orange = rows.band == rows.bands.index("atlaso")
    assert variance[~orange] == pytest.approx(rows.fluxerr[~orange] ** 2)
    assert variance[orange] == pytest.approx(rows.fluxerr[orange] ** 2 + (0.2 * rows.flux[orange]) ** 2)


def test_a_models_error_widens_templates_only() -> None:
    def width(source: str, error: float) -> float:
        fit = run_fit(sn2019dwz(**QUICK | {"source": source, "model_error": error}))
        return float(np.std(draws(fit, "t0")))

    assert width("hsiao-subsampled", 0.3) > 1.5 * width("hsiao-subsampled", 0.0)
    assert width("salt3", 0.3) == width("salt3", 0.0)


def test_salts_own_scatter_widens_it(plain_fit: Fit) -> None:
    with_scatter = run_fit(sn2019dwz(**QUICK | {"modelcov": "True", "n_draws": 4000}))
    assert np.std(draws(with_scatter, "c")) > 1.05 * np.std(draws(plain_fit, "c"))


def test_an_outlier_moves_the_fit_unless_it_is_robust(plain_fit: Fit) -> None:
    rows = sn2019dwz_rows()
    row = next(row for row in rows if 58590 < float(row["mjd"]) < 58600)
    row["flux"] = float(row["flux"]) + 30 * float(row["fluxerr"])
    moved, robust = (
        run_fit(payload(rows, "0.04608,,", source="salt3", robust=robust, **QUICK)) for robust in ("False", "True")
    )
    t0, width = np.median(draws(plain_fit, "t0")), np.std(draws(plain_fit, "t0"))
    assert abs(np.median(draws(moved, "t0")) - t0) > 3 * width
    assert abs(np.median(draws(robust, "t0")) - t0) < 0.5 * width


LIGHT = {"mjd": 58985.0, "fluxerr": 4.0, "filter": "ztfr", "zp": 23.9, "magsys": "ab"}


def few_rows(*more: dict[str, Any], **parameters: Any) -> dict[str, Any]:
    """Three detections of a supernova that peaks at 59000, of five sigma or so, and what else is given."""
    model = sncosmo.Model("hsiao-subsampled")
    model.set(z=0.05, t0=59000, amplitude=6e-8)
    detections = [
        LIGHT | {"mjd": mjd, "fluxerr": 30.0, "flux": float(model.bandflux("ztfr", mjd, 23.9, "ab"))}
        for mjd in (58993.0, 58996.0, 59010.0)
    ]
    return payload([*detections, *more], "0.05,,", **QUICK | {"source": "hsiao-subsampled"} | parameters)


def test_a_deep_limit_before_the_explosion_moves_the_maximum_later() -> None:
    ignored, censored = (run_fit(few_rows(LIGHT, limits=limits)) for limits in ("ignore", "censored"))
    assert np.median(draws(censored, "t0")) > np.median(draws(ignored, "t0")) + 10
    assert np.percentile(draws(censored, "t0"), 16) > 58995
    assert censored.data.rows.limit.sum() == 1
    assert not ignored.data.rows.limit.any()
    assert [row.reason for row in ignored.data.excluded] == ["a limit without flux (limits=ignore)"]


def test_limits_as_fluxes_of_zero_say_more_than_limits() -> None:
    censored, gaussian = (
        run_fit(few_rows(LIGHT | {"mjd": 58988.0}, limits=limits, priors="physical", n_draws=2000))
        for limits in ("censored", "gaussian")
    )
    assert np.mean(draws(gaussian, "t0")) > np.mean(draws(censored, "t0"))
    rows = gaussian.data.rows
    assert not rows.limit.any() and 0.0 in rows.flux


def test_what_a_row_out_of_reach_costs_is_no_matter_of_limits() -> None:
    late = LIGHT | {"mjd": 59300.0, "flux": 15.0}
    without, shallow = (
        run_fit(few_rows(late, *rows, priors="physical", n_draws=2000))
        for rows in ([], [LIGHT | {"limiting_mag": 12.0}])
    )
    assert shallow.sample.log_evidence == pytest.approx(without.sample.log_evidence, abs=0.1)


def test_a_shallow_limit_says_nothing() -> None:
    without, shallow = (
        run_fit(few_rows(*rows, priors="physical", n_draws=2000)) for rows in ([], [LIGHT | {"limiting_mag": 12.0}])
    )
    assert shallow.sample.log_evidence == pytest.approx(without.sample.log_evidence, abs=0.1)


PHASE, WAVE = np.arange(-20.0, 61.0), np.arange(2000.0, 10001.0, 20.0)


class TwoShapes(sncosmo.Source):
    """A bump whose width and hue vary: more than the engine has a grid for."""

    _param_names = ["amplitude", "width", "hue"]
    param_names_latex = ["A", "w", "h"]

    def __init__(self) -> None:
        super().__init__()
        self.name, self.version = "two-shapes", "1"
        self._parameters = np.array([1.0, 0.0, 0.0])
        self._phase, self._wave = PHASE, WAVE

    def minphase(self) -> float:
        return float(PHASE[0])

    def maxphase(self) -> float:
        return float(PHASE[-1])

    def minwave(self) -> float:
        return float(WAVE[0])

    def maxwave(self) -> float:
        return float(WAVE[-1])

    def _flux(self, phase: Array, wave: Array) -> Array:
        amplitude, width, hue = self._parameters
        tilt = np.exp(0.2 * hue * (wave - 5000) / 1000)
        return np.asarray(amplitude * bump(phase * np.exp(-0.1 * width), wave) * tilt)


def simulate_rows(source: Any, nights: int, **values: float) -> list[dict[str, Any]]:
    """Rows of a made-up supernova at redshift 0.05, seen through two bands with errors of some per cent."""
    model, random = sncosmo.Model(source), np.random.default_rng(0)
    model.set(z=0.05, t0=59000, **values)
    rows = []
    for mjd in np.linspace(58988, 59030, nights):
        for band in ("ztfg", "ztfr"):
            flux = float(model.bandflux(band, mjd, 23.9, "ab")) + random.normal(0, 10)
            rows.append(LIGHT | {"mjd": mjd, "filter": band, "flux": flux, "fluxerr": 10.0})
    return rows


def is_recovered(fit: Fit, **truth: float) -> bool:
    return all(abs(np.mean(draws(fit, n)) - x) < 4 * np.std(draws(fit, n)) for n, x in truth.items())


@pytest.mark.usefixtures("registry")
@pytest.mark.filterwarnings("ignore:The sampling was stopped short", "ignore:(divide by|invalid value)")
def test_a_source_with_one_shape() -> None:
    source = sncosmo.StretchSource(PHASE, WAVE, bump(PHASE, WAVE), name="stretchable", version="1")
    sncosmo.register(source)
    truth = {"amplitude": 0.5, "s": 1.15}
    fit = run_fit(payload(simulate_rows(source, 8, **truth), "0.05,,", **QUICK | {"source": "stretchable"}))
    assert fit.names == ["t0", "amplitude", "s"]
    assert is_recovered(fit, t0=59000, **truth)
    assert 0.005 < np.std(draws(fit, "s")) < 0.1


@pytest.mark.usefixtures("registry")
@pytest.mark.filterwarnings("ignore:The sampling was stopped short", "ignore:(divide by|invalid value)")
def test_a_source_with_several_shapes_is_sampled_by_nesting() -> None:
    source = TwoShapes()
    sncosmo.register(source)
    truth = {"amplitude": 0.5, "width": 1.0, "hue": -0.5}
    fit = run_fit(payload(simulate_rows(source, 5, **truth), "0.05,,", **QUICK | {"source": "two-shapes"}))
    assert "nested" in fit.sample.sampler
    assert fit.names == ["t0", "amplitude", "width", "hue"]
    assert is_recovered(fit, t0=59000, **truth)
    assert 0.02 < np.std(draws(fit, "width")) < 1
    assert chi2(fit) < 25


@pytest.mark.usefixtures("registry")
@pytest.mark.filterwarnings("ignore:The sampling was stopped short", "ignore:(divide by|invalid value)")
def test_several_shapes_that_see_no_detection_say_so() -> None:
    sncosmo.register(TwoShapes())
    rows = [row | {"filter": "bessellux"} for row in sn2019dwz_rows()]
    with pytest.raises(FitterError, match="redshift"):
        run_fit(payload(rows, "4,,", source="two-shapes", fix_z="True", n_draws=100))


@pytest.mark.parametrize("z_max", [0.3, 1.0, 2.0, 5.0])
def test_a_redshift_may_be_free_within_wide_bounds(z_max: float) -> None:
    """The supernova stays where it is; its evidence gets less as the flat priors of z and x0 get wider.

    At a redshift of 2 SALT has left the bands: what counts for x0 is the farthest at which it sees them.
    """
    near, far = (run_fit(sn2019dwz(**QUICK | {"fix_z": "False", "z_max": high})) for high in (0.2, z_max))
    assert best_fit(far)["z"] == pytest.approx(best_fit(near)["z"], abs=1e-3)
    assert chi2(far) == pytest.approx(chi2(near), abs=0.01)
    before, after = (fit.posterior.priors for fit in (near, far))
    assert isinstance(before, FlatPriors) and isinstance(after, FlatPriors)
    assert before.highest < after.highest < 1
    wider = math.log((z_max - 0.01) / 0.19) + math.log(after.highest / before.highest)
    assert near.sample.log_evidence - far.sample.log_evidence == pytest.approx(wider, abs=0.6)


def test_a_template_of_type_iip_fits_the_demo_source(shared: Path) -> None:
    """The templates are those of ../shared, by SNCOSMO_DATA_DIR."""
    request = ztf21aaqjmps(shared, fix_z="True")
    document = run_cli(request, SNCOSMO_DATA_DIR=str(shared / "sncosmo-data"))
    assert document["status"] == "success", document["message"]
    analysis = document["analysis"]
    assert analysis["model_name"] == "nugent-sn2p"
    assert analysis["n_detections"] == 126
    assert 59280 < np.median(analysis["posterior_samples"]["t0"]) < 59300
    assert set(analysis["model_lightcurve"]) == {"ztfg", "ztfr"}
