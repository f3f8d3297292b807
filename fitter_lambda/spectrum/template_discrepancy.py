"""What templates lack, measured on templates: ``python -m fitter_lambda.spectrum.template_discrepancy``.

A spectrum of one template is fitted with another of its class, at its redshift, for many values of the discrepancy's
fraction, its coherence and its grain. Those with the highest evidence, summed over pairs and phases, describe how
templates of a class differ. Prints the best values for each class and for all.
"""

from collections import defaultdict
from dataclasses import replace
from itertools import permutations, product

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.engine.source_grid import load_source_grid
from fitter_lambda.engine.supernova_classes import get_supernova_class
from fitter_lambda.input.sncosmo_registries import get_source_types
from fitter_lambda.spectrum.linear_columns import AddedColumns
from fitter_lambda.spectrum.log_grid import LogGrid
from fitter_lambda.spectrum.marginal_likelihood import MarginalLikelihood
from fitter_lambda.spectrum.redshift_scan import RedshiftScan
from fitter_lambda.spectrum.spectrum_data import SpectrumData, build_data
from fitter_lambda.spectrum.spectrum_models import build_models, list_template_names
from fitter_lambda.spectrum.spectrum_priors import RedshiftRange
from fitter_lambda.spectrum.spectrum_sampler import adapt_to, find_starts

_FRACTIONS = (0.06, 0.09, 0.13, 0.19, 0.28)
_COHERENCES = (2500.0, 5000.0)
_GRAINS = (0.01, 0.025)
_REDSHIFT, _ERROR = 0.05, 0.02
_DAYS = (-5.0, 5.0, 20.0, 40.0)
_GRID = LogGrid(6120 / 750.0, 1 / 750.0, 740)


def main() -> None:
    """Measure and print."""
    evidence = measure_evidences()
    values = list(product(_FRACTIONS, _COHERENCES, _GRAINS))
    for group, rows in [*evidence.items(), ("all", [row for rows in evidence.values() for row in rows])]:
        total = np.sum(rows, axis=0)
        order = np.argsort(-total)[:3]
        best = "; ".join(f"{values[i]} {total[i] - total[order[0]]:.0f}" for i in order)
        print(f"{group} ({len(rows)} spectra): fraction, coherence (km/s), grain: {best}")


def measure_evidences() -> dict[str, list[Array]]:
    """Return the log evidence of each spectrum at all values of the discrepancy, by class."""
    types = get_source_types()
    groups = defaultdict(list)
    for name in list_template_names():
        if not load_source_grid(name).needs_sncosmo:
            groups[get_supernova_class(types.get(name, "")).group].append(name)
    return {
        group: [
            measure_pair(truth, other, day)
            for truth, other in permutations(names, 2)
            if truth[:5] != other[:5]  # versions of one model differ too little
            for day in _DAYS
        ]
        for group, names in groups.items()
        if len(names) > 1
    }


def measure_pair(truth: str, other: str, day: float) -> Array:
    """Return the log evidence of a template's spectrum by another template, at all values of the discrepancy."""
    random = np.random.default_rng(0)
    redshift = RedshiftRange.near(_REDSHIFT, None, is_exact=True)
    data = simulate_template(truth, day, random)
    model = build_models(data.x, data.ends, redshift, [other])[0]
    scan = RedshiftScan(AddedColumns(data, model.template.grid), float(np.log1p(_REDSHIFT))).run(model)
    log_evidence = []
    for fraction, coherence, grain in product(_FRACTIONS, _COHERENCES, _GRAINS):
        changed = replace(data, discrepancy=fraction, coherence=coherence, grain=grain)
        likelihood = MarginalLikelihood(model, AddedColumns(changed, model.template.grid))
        log_evidence.append(adapt_to(likelihood, find_starts(likelihood, scan, random), random)[1])
    return np.array(log_evidence)


def simulate_template(name: str, day: float, random: np.random.Generator) -> SpectrumData:
    """Return a template's spectrum a number of days after maximum."""
    redshift = RedshiftRange.near(_REDSHIFT, None, is_exact=True)
    ends = float(_GRID.x[0]), float(_GRID.x[-1])
    template = build_models(_GRID, ends, redshift, [name])[0].template
    phase = np.clip(template.origin + day, template.low, template.high)
    flux = template.evaluate(_GRID, np.array([[np.log1p(_REDSHIFT), phase, 0.0, 0.0, 0.0]]))[0]
    flux = flux / flux.mean() + _ERROR * random.standard_normal(_GRID.number)
    return build_data(_GRID, flux, np.full(_GRID.number, _ERROR**-2.0), 150.0)


if __name__ == "__main__":
    main()
