"""What templates lack, measured on templates: ``python -m fitter_lambda.spectrum.template_discrepancy``.

A spectrum of one template is fitted with another of its class, at its redshift, with a free size of the discrepancy and
some values of its coherence and its grain. Prints the coherence and the grain with the highest evidence, and with
these, for each class and for classes alike, the median of the size, the scatter of its logarithm, and that of the
velocity of lines.
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
from fitter_lambda.spectrum.log_grid import LIGHT_SPEED, LogGrid
from fitter_lambda.spectrum.marginal_likelihood import MarginalLikelihood
from fitter_lambda.spectrum.mode_climbing import climb_modes
from fitter_lambda.spectrum.narrow_lines import profile_lines
from fitter_lambda.spectrum.redshift_scan import RedshiftScan
from fitter_lambda.spectrum.spectrum_data import SpectrumData, build_data
from fitter_lambda.spectrum.spectrum_models import N_SHARED, build_models, list_template_names
from fitter_lambda.spectrum.spectrum_priors import RedshiftRange
from fitter_lambda.spectrum.spectrum_sampler import build_axes, find_starts

_COHERENCES = (1250.0, 1800.0, 2500.0, 5000.0)
_GRAINS = (0.005, 0.01, 0.02)
_REDSHIFT = 0.05
_ERROR = 0.02
_LINE_SIGMA = 150.0
_DAYS = (-5.0, 5.0, 20.0, 40.0)
_GRID = LogGrid(6120 / 750.0, 1 / 750.0, 740)


def main() -> None:
    """Measure and print."""
    measured = {group: np.array(rows) for group, rows in measure_classes().items()}
    values = list(product(_COHERENCES, _GRAINS))
    total = sum(rows[:, :, 0].sum(axis=0) for rows in measured.values())
    best = int(np.argmax(total))
    print(
        f"coherence (km/s) and grain with the highest evidence of all: {values[best]}; of each, ln evidence less its:"
    )
    print(dict(zip(values, np.round(total - total[best]).tolist(), strict=True)))
    for group, rows in measured.items():
        size, velocity = rows[:, best, 1], rows[:, best, 2]
        print(f"{group}, {len(rows)} spectra: size {np.exp(np.median(size)):.3f}, scatter {np.std(size):.2f},", end=" ")
        print(f"velocity {np.std(velocity):.0f} km/s")
    middle = [np.median(rows[:, best, 1]) for rows in measured.values()]
    within = np.mean([np.var(rows[:, best, 1]) for rows in measured.values()])
    velocity = np.sqrt(np.mean([np.var(rows[:, best, 2]) for rows in measured.values()]))
    print(
        f"classes alike: size {np.exp(np.mean(middle)):.3f}, scatter {np.sqrt(within + np.var(middle)):.2f},", end=" "
    )
    print(f"velocity {velocity:.0f} km/s")


def measure_classes() -> dict[str, list[Array]]:
    """Return what `measure_pair` does, for pairs and phases, by class."""
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
    """Return log evidence, ln(size) and velocity (km/s) of a fit by another template, for all coherences and grains."""
    redshift = RedshiftRange.near(_REDSHIFT, None, is_exact=True)
    simulated = simulate_template(truth, day, np.random.default_rng(0))
    rows = []
    for coherence, grain in product(_COHERENCES, _GRAINS):
        data = replace(simulated, coherence=coherence, grain=grain)
        model = build_models([data], redshift, [other])[0]
        added = [AddedColumns(data, model.template.grid)]
        lines = profile_lines(added, redshift)
        scan = RedshiftScan.build(added, float(np.log1p(_REDSHIFT)), model.discrepancy, lines).run(model)
        likelihood = MarginalLikelihood.build(model, added)
        modes = climb_modes(likelihood, find_starts(likelihood, scan)[0], build_axes(likelihood))
        rows.append((modes.log_evidence, modes.theta[0, N_SHARED + 1], LIGHT_SPEED * modes.theta[0, 4]))
    return np.array(rows)


def simulate_template(name: str, day: float, random: np.random.Generator) -> SpectrumData:
    """Return a template's spectrum a number of days after maximum."""
    redshift = RedshiftRange.near(_REDSHIFT, None, is_exact=True)
    weight = np.full(_GRID.number, _ERROR**-2.0)
    flat = build_data(_GRID, np.ones(_GRID.number), weight, _LINE_SIGMA)
    template = build_models([flat], redshift, [name])[0].template
    phase = np.clip(template.origin + day, template.low, template.high)
    flux = template.evaluate(_GRID, np.array([[np.log1p(_REDSHIFT), phase, 0.0, 0.0]]))[0]
    flux = flux / flux.mean() + _ERROR * random.standard_normal(_GRID.number)
    return build_data(_GRID, flux, weight, _LINE_SIGMA)


if __name__ == "__main__":
    main()
