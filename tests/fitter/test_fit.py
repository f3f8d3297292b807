"""The fit itself, on real supernovae."""

import math
from pathlib import Path

import numpy as np
import pytest
import sncosmo
from astropy.table import Table

from fitter_lambda.errors import FitterError, TemplateError, TooLittleDataError
from fitter_lambda.fit import Fit, fit_supernova
from fitter_lambda.model import MIN_REDSHIFT_ERROR, redshift_prior
from fitter_lambda.parameters import Parameters
from fitter_lambda.payload import parse_payload
from tests.fitter.light_curves import payload, sn2019dwz, sn2019dwz_rows, ztf21aaqjmps


def run(given: dict[str, object]) -> Fit:
    return fit_supernova(parse_payload(given), lambda fraction, message: None)


def values(fit: Fit) -> dict[str, float]:
    return fit.problem.values(fit.best)


def test_the_optimum_is_sncosmos_own(fit: Fit) -> None:
    """Side by side with sncosmo.fit_lc, started near, on the same rows."""
    rows = fit.problem.rows
    table = Table({
        "time": rows.mjd, "band": rows.band, "flux": rows.flux, "fluxerr": rows.fluxerr,
        "zp": rows.zp, "zpsys": rows.magsys,
    })  # fmt: skip
    model = sncosmo.Model("salt3")
    model.set(z=0.04608, t0=58606, x0=1e-3)
    theirs, _ = sncosmo.fit_lc(table, model, ["t0", "x0", "x1", "c"], guess_t0=False, guess_amplitude=False)
    assert fit.problem.chi2(fit.best) == pytest.approx(theirs.chisq, abs=0.02)
    for name, ours in zip(fit.problem.names, fit.best, strict=True):
        value = theirs.parameters[theirs.param_names.index(name)]
        assert abs(ours - value) < 0.1 * theirs.errors[name], name


def test_sn2019dwz_comes_out_as_published_values_of_sncosmo(fit: Fit) -> None:
    best = values(fit)
    assert best["t0"] == pytest.approx(58606.49, abs=0.05)
    assert best["x1"] == pytest.approx(1.245, abs=0.05)
    assert best["c"] == pytest.approx(0.089, abs=0.01)
    assert best["x0"] == pytest.approx(1.062e-3, rel=0.01)
    assert fit.problem.chi2(fit.best) == pytest.approx(28.8, abs=0.2)


def test_the_posterior_is_sampled_well(fit: Fit) -> None:
    assert fit.draws.shape == (4000, 4)
    assert fit.chain.effective_draws > 300
    assert 0.1 < fit.chain.acceptance < 0.7
    assert np.all((fit.draws >= fit.problem.low) & (fit.draws <= fit.problem.high))


def test_the_posterior_is_the_one_that_is_stated(fit: Fit) -> None:
    """Importance weights from a broad Gaussian about the optimum give the same means and widths."""
    random = np.random.default_rng(1)
    points = random.multivariate_normal(fit.best, 1.5 * fit.covariance, size=6000)
    apart = points - fit.best
    proposal = -0.5 * np.einsum("ni,ij,nj->n", apart, np.linalg.inv(1.5 * fit.covariance), apart)
    logp = np.array([fit.problem.logp(point) for point in points])
    weights = np.exp(logp - proposal - np.max(logp - proposal))
    weights /= weights.sum()
    mean = weights @ points
    std = np.sqrt(weights @ (points - mean) ** 2)
    assert 1 / np.sum(weights**2) > 1000  # or this says nothing
    assert np.all(np.abs(fit.draws.mean(0) - mean) < 0.15 * std)
    assert np.all(np.abs(fit.draws.std(0) / std - 1) < 0.1)


def test_the_same_seed_gives_the_same_draws() -> None:
    few = {"source": "salt3", "fix_z": True, "n_draws": 100, "mjd_max": 58630}
    one, two, other = (run(sn2019dwz(**few, seed=seed)) for seed in (5, 5, 6))
    assert np.array_equal(one.chain.draws, two.chain.draws)
    assert not np.array_equal(one.chain.draws, other.chain.draws)


def test_zero_points_and_units_do_not_matter() -> None:
    rows = sn2019dwz_rows()
    for row in rows[::2]:  # the same fluxes on another scale
        row |= {
            "zp": "25.9",
            "flux": float(row["flux"]) * 10**0.8,
            "fluxerr": float(row["fluxerr"]) * 10**0.8,
        }
    few = {"source": "salt3", "fix_z": "True", "n_draws": 100, "mjd_max": 58630}
    changed, same = run(payload(rows, "0.04608,,", **few)), run(payload(sn2019dwz_rows(), "0.04608,,", **few))
    assert changed.best == pytest.approx(same.best, rel=1e-3)


def test_dust_of_the_milky_way_makes_the_source_bluer() -> None:
    few = {"fix_z": "True", "n_draws": 100}
    assert values(run(sn2019dwz(**few, mwebv=0.1)))["c"] < values(run(sn2019dwz(**few)))["c"] - 0.05


def test_rows_that_the_model_cannot_reach_are_listed(fit: Fit) -> None:
    assert [(row.filter, row.reason) for row in fit.excluded] == [
        ("atlaso", "after the last phase of the model (50 d)")
    ]
    assert len(fit.problem.rows) + len(fit.excluded) == len(sn2019dwz_rows())


def test_unknown_bands_and_repeats_are_listed() -> None:
    rows = sn2019dwz_rows()
    rows += [rows[0], rows[1] | {"filter": "nonsense"}, rows[2] | {"magsys": "nonsense"}]
    fit = run(payload(rows, "0.04608,,", source="salt3", fix_z="True", n_draws=100))
    reasons = {row.row: row.reason for row in fit.excluded}
    assert "exact repeat" in reasons[len(rows) - 2]
    assert "unknown band 'nonsense'" in reasons[len(rows) - 1]
    assert "magnitude system 'nonsense'" in reasons[len(rows)]


@pytest.mark.parametrize(
    ("rows", "error", "words"),
    [
        (slice(0, 3), TooLittleDataError, "Only 3 usable rows"),
        (slice(0, 0), TooLittleDataError, "No row is left"),
    ],
)
def test_too_little_data_say_what_is_missing(rows: slice, error: type[FitterError], words: str) -> None:
    with pytest.raises(error, match=words):
        run(payload(sn2019dwz_rows()[rows], "0.04608,,", source="salt3"))


def test_noise_is_no_supernova() -> None:
    rows = [row | {"flux": 0.1 * i, "fluxerr": 50} for i, row in enumerate(sn2019dwz_rows())]
    with pytest.raises(TooLittleDataError, match="No row is a detection"):
        run(payload(rows, "0.04608,,", source="salt3"))


def test_a_misspelt_source_names_near_ones() -> None:
    with pytest.raises(TemplateError, match="salt3-nir"):
        run(sn2019dwz(source="salt3-nirr"))


def test_the_prior_of_the_redshift_follows_fix_z() -> None:
    fixed = redshift_prior(Parameters(fix_z=True), 0.05, None)
    assert (fixed.kind, fixed.mean) == ("fixed", 0.05)
    known = redshift_prior(Parameters(), 0.05, 1e-5)
    assert (known.kind, known.mean, known.sigma) == ("gaussian", 0.05, MIN_REDSHIFT_ERROR)
    assert redshift_prior(Parameters(), 0.05, 0.01).sigma == 0.01
    assert redshift_prior(Parameters(), 0.001, 0.01).low > 0
    for free in (
        redshift_prior(Parameters(), None, None),
        redshift_prior(Parameters(fix_z=False), 0.05, None),
    ):
        assert (free.kind, free.low, free.high) == ("flat", 0.01, 1.0)
    assert known.logpdf(0.05) > known.logpdf(0.051) > known.logpdf(0.9) == -math.inf


def test_a_free_redshift_finds_the_supernova_from_anywhere() -> None:
    fit = run(sn2019dwz(fix_z="False", z_max="0.2", n_draws=100))
    assert values(fit)["t0"] == pytest.approx(58606.5, abs=1)
    assert fit.problem.chi2(fit.best) < 29
    assert fit.problem.names[0] == "z"


def test_a_template_of_type_iip_fits_the_demo_source(shared: Path) -> None:
    """The mission's own example; the templates are those of ../shared, by SNCOSMO_DATA_DIR."""
    given = ztf21aaqjmps(shared, fix_z="True")
    from tests.fitter.test_cli import run_cli

    document = run_cli(given, SNCOSMO_DATA_DIR=str(shared / "sncosmo-data"))
    assert document["status"] == "success", document["message"]
    analysis = document["analysis"]
    assert analysis["model_name"] == "nugent-sn2p"
    assert analysis["n_detections"] == 126
    assert 59285 < np.median(analysis["posterior_samples"]["t0"]) < 59294
    assert set(analysis["model_lightcurve"]) == {"ztfg", "ztfr"}


def test_many_rows_are_interpolated_within_a_fraction_of_a_percent(fit: Fit) -> None:
    model, best = fit.problem.model, values(fit)
    mjd = np.linspace(best["t0"] - 15, best["t0"] + 45, 2000)
    many = model.flux(best, mjd, np.full(2000, "atlasc"))
    few = np.concatenate(
        [model.flux(best, part, np.full(len(part), "atlasc")) for part in np.split(mjd, 200)]
    )
    assert np.max(np.abs(many - few)) < 2e-3 * few.max()
