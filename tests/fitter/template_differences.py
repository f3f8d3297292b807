"""How templates of a class differ: ``python -m tests.fitter.template_differences``.

Light curves of one template are fitted by another of its class, at the known redshift, for some sizes and coherences of
the model's errors; those with the highest evidence are what docs/fitter.md takes `model_error` from.
"""

import itertools
import sys
from dataclasses import replace
from unittest import mock

import numpy as np
from scipy.special import logsumexp

from fitter_lambda.engine import model_discrepancy
from fitter_lambda.engine.fit import search_source
from fitter_lambda.engine.fit_data import FitData
from fitter_lambda.engine.priors import RedshiftPrior
from fitter_lambda.engine.source_grid import load_source_grid
from fitter_lambda.input.fit_parameters import Parameters
from tests.fitter.simulate import Case, build_data

#: Truth and the template that fits it.
_PAIRS = (
    ("salt3", "hsiao"),
    ("nugent-sn2p", "s11-2004hx"),
    ("s11-2004hx", "nugent-sn2p"),
    ("v19-1998bw-corr", "v19-2007y-corr"),
    ("v19-2007y-corr", "v19-1998bw-corr"),
)
_SIZES = (0.06, 0.1, 0.15, 0.2, 0.3, 0.4)
_COHERENCES = (5.0, 10.0, 20.0)
_SEEDS = (1, 2, 3)
_REDSHIFT = RedshiftPrior("fixed", 0.03, 0.0, 0.03, 0.03)
#: Of a row, as a fraction of its flux and of half the brightest one.
_ERROR = 0.03


def _simulate(truth: str, seed: int) -> FitData:
    parameters = Parameters(source=truth, modelcov=False, model_error=0.0, zp_error=0.0)
    case = Case(
        "", truth, _REDSHIFT, (59000.0, 59005.0), (58992.0, 59062.0), cadence=3.0, error=1.0,
        bands=("sdssg", "sdssr", "sdssi"), parameters=parameters,
    )  # fmt: skip
    _, rows = case.draw(np.random.default_rng(seed))
    errors = np.maximum(_ERROR * np.abs(rows.flux), 0.5 * _ERROR * rows.flux.max())
    return build_data(replace(rows, fluxerr=errors), _REDSHIFT)


def _compute_evidence(data: FitData, template: str, size: float, coherence: float) -> float:
    with mock.patch.object(model_discrepancy, "COHERENCE_DAYS", coherence):
        modes = search_source(load_source_grid(template), data, Parameters(source=template, model_error=size)).modes
    return float(logsumexp([mode.log_mass for mode in modes]))


def main() -> int:
    """Print the log evidence by coherence and size, of each pair and of all."""
    total = np.zeros((len(_COHERENCES), len(_SIZES)))
    for truth, template in _PAIRS:
        data = [_simulate(truth, seed) for seed in _SEEDS]
        grid = itertools.product(_COHERENCES, _SIZES)
        sums = [sum(_compute_evidence(one, template, size, days) for one in data) for days, size in grid]
        values = np.array(sums).reshape(total.shape)
        total += values
        _report(f"{truth} by {template}", values)
    _report("all", total)
    return 0


def _report(name: str, values: np.typing.NDArray[np.float64]) -> None:
    print(f"{name}: log evidence, at sizes of {', '.join(map(str, _SIZES))}")
    for coherence, row in zip(_COHERENCES, values, strict=True):
        print(f"  {coherence:4.0f} d", " ".join(f"{value:9.1f}" for value in row), flush=True)


if __name__ == "__main__":
    sys.exit(main())
