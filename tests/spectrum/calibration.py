"""Calibration of the spectrum fitter: ``python -m tests.spectrum.calibration --number 100``.

Spectra drawn from the priors (S/N 3 to 30 for each 3 angstrom, host up to 80 %), fitted with all models at hand. Of the
true redshift and phase the ranks among the draws are uniform if the posterior is right (Talts et al. 2018): their
distribution is compared with bands that hold everywhere at once with 99 %. Of the class probabilities it says how often
a class is true that has a probability between two limits; of the redshift how far it is off. The class of each template
without that template in the bank is tried as well (``--leave-one-out``). All processors fit, classes in turn.
"""

import argparse
import functools
import multiprocessing
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from fitter_lambda.spectrum.log_grid import LIGHT_SPEED
from fitter_lambda.spectrum.spectrum_inference import SpectrumPosterior, infer
from fitter_lambda.spectrum.spectrum_models import SpectrumModel, build_models, list_template_names
from fitter_lambda.spectrum.spectrum_priors import CLASS_CHANCES, WAVELENGTH_ERROR, RedshiftRange
from fitter_lambda.spectrum.spectrum_results import collect_draws
from tests.fitter.calibration import Band
from tests.spectrum.simulated_spectra import SimulatedSpectrum, build_flat, draw_model, simulate

_FREE = RedshiftRange(0.001, 1.2)
_SIGNALS = (3.0, 30.0)
_CLASSES = ("Ia", "II", "stripped")
_LIMITS = (0.0, 0.1, 0.5, 0.9, 0.99, 1.0)
_DRAWS = 1000


def main(arguments: list[str] | None = None) -> int:
    """Calibrate; return 1 if ranks leave their band."""
    parser = argparse.ArgumentParser(prog="python -m tests.spectrum.calibration")
    parser.add_argument("--number", type=int, default=100, help="spectra of each class")
    parser.add_argument("--minutes", type=float, default=np.inf, help="end after so many, with what there is")
    parser.add_argument("--leave-one-out", action="store_true", help="classes without the true template instead")
    options = parser.parse_args(arguments)
    if options.leave_one_out:
        leave_one_out()
        return 0
    return 0 if report(list(try_spectra(options.number, options.minutes))) else 1


def try_spectra(number: int, minutes: float) -> Iterator[dict[str, Any]]:
    """Try spectra on all processors, classes in turn, with progress."""
    began = time.monotonic()
    tasks = [(group, seed) for seed in range(number) for group in _CLASSES]
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        for done, row in enumerate(pool.imap_unordered(_try, tasks), 1):
            print(f"\r{done} of {len(tasks)}", end="", file=sys.stderr, flush=True)
            yield row
            if time.monotonic() - began > 60 * minutes:
                break
    print(file=sys.stderr)


def _try(task: tuple[str, int]) -> dict[str, Any]:
    return try_spectrum(*task)


@functools.cache
def _build_models() -> list[SpectrumModel]:
    return build_models([build_flat()], _FREE)


def try_spectrum(group: str, seed: int) -> dict[str, Any]:
    """Simulate a spectrum of a class, fit it, and compare."""
    random = np.random.default_rng([seed, len(group)])
    models = _build_models()
    own = [model for model in models if model.group == group]
    model = draw_model(own, random)
    signal = float(random.uniform(*_SIGNALS))
    spectrum = simulate(model, signal, random)
    compared = compare(infer([spectrum.data], models, _DRAWS, seed), spectrum, model, random)
    return compared | {"class": group, "signal": signal}


def compare(
    posterior: SpectrumPosterior, spectrum: SimulatedSpectrum, model: SpectrumModel, random: np.random.Generator
) -> dict[str, Any]:
    """Return ranks of the truth, class probabilities, the redshift's error and the p-value."""
    draws = collect_draws(posterior)
    shift = WAVELENGTH_ERROR * spectrum.data.line_sigma / LIGHT_SPEED * random.standard_normal()
    truth = {"z": np.expm1(spectrum.theta[0] - shift), "phase": spectrum.theta[1] - model.template.origin}
    ranks = {}
    for name, value in truth.items():
        values = draws[name][np.isfinite(draws[name])][:250]
        ranks[name] = (np.sum(values < value) + random.uniform()) / (len(values) + 1)
    return {
        "ranks": ranks,
        "chances": posterior.class_probabilities,
        "dz": float(np.median(draws["z"]) - truth["z"]),
        "z_error": float(np.std(draws["z"])),
        "p": posterior.misfit_p_value,
    }


def report(rows: list[dict[str, Any]]) -> bool:
    """Print all; return whether all ranks stay within their bands."""
    holds = True
    for group in (*_CLASSES, "all"):
        own = [row for row in rows if group in ("all", row["class"])]
        band = Band.of(len(own))
        inside = {name: band.holds(np.array([row["ranks"][name] for row in own])) for name in own[0]["ranks"]}
        holds &= all(inside.values())
        bright = np.array([abs(row["dz"]) for row in own if row["signal"] > 10])
        pull = np.array([abs(row["dz"]) / row["z_error"] for row in own])
        right = np.mean([next(iter(row["chances"])) == row["class"] for row in own])
        print(
            f"{group} ({len(own)} spectra): ranks in the 99 % band {inside}; class right {100 * right:.0f} %;", end=" "
        )
        print(
            f"S/N > 10: median |dz| {np.median(bright):.5f}, above 0.003 {np.sum(bright > 0.003)} of {len(bright)};",
            end=" ",
        )
        print(f"|dz| above 4 errors {np.sum(pull > 4)}; misfit p below 0.001 {sum(row['p'] < 1e-3 for row in own)}")
    _report_reliability(rows)
    return holds


def _report_reliability(rows: list[dict[str, Any]]) -> None:
    """Print how often classes are true by their probability; rows count as often as their class is expected."""
    number: dict[str, int] = defaultdict(int)
    for row in rows:
        number[row["class"]] += 1
    pairs = [
        (row["chances"].get(group, 0.0), row["class"] == group, CLASS_CHANCES[row["class"]] / number[row["class"]])
        for row in rows
        for group in _CLASSES
    ]
    chance, is_true, weight = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    for low, high in pairwise(_LIMITS):
        inside = (chance >= low) & ((chance < high) | (high == 1.0))
        if not inside.any():
            continue
        w = weight[inside] / weight[inside].sum()
        mean, fraction = w @ chance[inside], w @ is_true[inside]
        error = np.sqrt(max(mean * (1 - mean), 1e-9) * np.sum(w**2))
        text = f"class probability {low:g} to {high:g}: {int(inside.sum())}, mean {mean:.3f}"
        print(f"{text}, true {fraction:.3f} ± {error:.3f}")


def leave_one_out() -> None:
    """Print the class of each template's spectra if that template is not in the bank."""
    redshift = RedshiftRange(0.001, 1.2)
    names = list_template_names()
    for name in names:
        model = build_models([build_flat()], redshift, [name])[0]
        others = build_models([build_flat()], redshift, [other for other in names if other[:5] != name[:5]])
        for seed in range(3):
            random = np.random.default_rng(seed)
            spectrum = simulate(model, 20.0, random, is_exact=True)
            posterior = infer([spectrum.data], others, _DRAWS, seed)
            chances = posterior.class_probabilities
            text = ", ".join(f"{group} {chance:.3f}" for group, chance in list(chances.items())[:3])
            z = float(np.median(np.expm1(posterior.theta[:, 0])))
            print(
                f"{name} ({model.group}), {spectrum.theta[1] - model.template.origin:+.0f} d, host"
                f" {100 * spectrum.host_fraction:.0f} %: {text}; dz {z - np.expm1(spectrum.theta[0]):+.4f}",
                flush=True,
            )


if __name__ == "__main__":
    sys.exit(main())
