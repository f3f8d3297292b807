"""The benchmarks page of the fitter: its text, its tables, and the machine."""

import importlib.util
import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

__all__ = [
    "BEST", "CHI2", "DURATIONS", "EVIDENCE", "LINES", "NESTED", "PAGE", "SAMPLING", "SECONDS",
    "Section", "describe_machine", "format_median", "format_page", "format_spread", "merge_pages",
]  # fmt: skip

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"

#: First column of the tables of samplers.
LINES = (
    "sncosmo fit_lc, best fit only: seconds",
    "sncosmo mcmc_lc, own start: seconds / ESS / ESS per second",
    "sncosmo mcmc_lc, started at the best fit: seconds / ESS / ESS per second",
    "this fitter: seconds / ESS / ESS per second",
    "**ratio of ESS per second, this fitter to mcmc_lc, own start**",
    "**ratio of ESS per second, this fitter to mcmc_lc, started at the best fit**",
    "largest difference of means (σ)",
    "ratio of widths, this fitter to mcmc_lc",
    "mean χ² of the draws, mcmc_lc / this fitter",
)
EVIDENCE = (
    "light curve", "source", "live points", "bounds", "nest_lc: s / draws", "this fitter: s / draws",
    "**times faster**", "**times the draws per second**", "ln Z, nest_lc", "ln Z, this fitter",
    "difference (σ)",
)  # fmt: skip
CHI2 = ("light curve", "source", "fit_lc, best of its starts", "this fitter", "this fitter − fit_lc")
SECONDS = ("what", "light curves", "seconds", "target")

INTRODUCTION = """\
# Benchmarks of the supernova fitter

Written by `python -m benchmarks.fit --write`, each table from one run on one machine: {setting}

The fitter is compared with [sncosmo](https://sncosmo.readthedocs.io): `fit_lc` (a minimiser), `mcmc_lc`
(an ensemble sampler) and `nest_lc` (nested sampling). Both sides have one core and one BLAS thread, the
same rows, a Gaussian likelihood with the measured errors only, and flat priors. Loading templates is not
counted. For the fitter this means `priors=flat`, `modelcov=False`, `model_error=0`, `zp_error=0`, `limits=ignore`,
`mwebv=0`, `n_draws=4000`; its seconds are `seconds.fit` of the results. A free redshift lies in 0.01–0.2;
a fixed one is the source's. The two sides run alternately. `a (b–c)` is the median and the quartiles of
the repeats; a ratio is that of the repeats' own ratios. ESS is the effective sample size.

Light curves: SN 2019dwz and SN 2020aai (c, o and g; from the wheel jax-bandflux), ZTF21aaqjmps (type II;
g and r; where its photometry is available), and simulations by sncosmo, named by model and seed.
"""

SAMPLING = """\
`mcmc_lc` runs 20 walkers for 1000 steps after its own burn-in of 200: from its own start, and from the
lowest of eleven starts of `fit_lc`, whose time is not counted. ESS is that of the parameter with the
fewest effective draws, by emcee's autocorrelation estimate on both sides; for the fitter, of the draws in
the netCDF, where repeated draws count less. Target: a ratio of 300. Posteriors are compared with the
chains from the best fit. Means differ by chance by about 0.1 σ for an ESS of a few hundred. If the mean
χ² differ, one side misses a part of the posterior."""

NESTED = """\
`nest_lc` has 100 live points (its default) or 200. Its bounds are those of the fitter's flat priors (x1
±20, c −1 to 2), or, for `nest_lc` only, closer ones as a user would give (x1 ±5, c ±1; two repeats). Then
ln Z is of that part of the posterior, and "–" means that the fitter has no draw there. To the evidence of
`nest_lc` we add the −½ ln |2πC| that it leaves out, and ln (its bounds / the fitter's) of t0, whose
window is 1200 days, and of the others. Errors are of one run, values are means of the repeats, the
difference is in units of its error. Target: 300 times faster. To reach the fitter's error, nested
sampling would need (error / error)² times the live points and the seconds. Draws are effective ones: of
nest_lc by its weights (Kong 1992), of the fitter as above."""

BEST = """\
χ² by sncosmo's own `chisq`, on the same rows, at the best fit of each side. `fit_lc` starts from its own
guess and from ten random ones (t0, and z, x1 and c if they are free), with the amplitude of its own
guess; it has bounds only for z and t0. Target: never above `fit_lc`."""

DURATIONS = """\
Default parameters, with templates in memory. The redshift is the source's, with an error of 0.001.
Made-up templates are installed ones, stretched in time and tilted in colour, to reach the number."""


@dataclass(frozen=True)
class Section:
    """A table, and what it says and how it was measured."""

    title: str
    text: str
    header: tuple[str, ...]
    rows: list[tuple[str, ...]]

    def __str__(self) -> str:
        lines = [self.header, tuple("---" for _ in self.header), *self.rows]
        text = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        return f"## {self.title}\n\n{self.text}\n\n{text}\n"


def format_spread(values: Iterable[float]) -> str:
    """Median and quartiles, to three digits."""
    low, median, high = (float(x) for x in np.percentile(list(values), [25, 50, 75]))
    if median >= 1000:
        low, median, high = (float(f"{x:.3g}") for x in (low, median, high))
        return f"{median:.0f} ({low:.0f}–{high:.0f})"
    return f"{median:.3g} ({low:.3g}–{high:.3g})"


def format_median(values: Iterable[float]) -> str:
    """Median, to three digits."""
    value = float(np.median(list(values)))
    return f"{float(f'{value:.3g}'):.0f}" if value >= 100 else f"{value:.3g}"


def describe_machine() -> str:
    """Return the machine and the versions of the libraries."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    names = ("numpy", "scipy", "sncosmo", "emcee", "iminuit", "nestle")
    versions = ", ".join(f"{n} {version(n)}" for n in names if importlib.util.find_spec(n))
    cores_named = "one core" if cores == 1 else f"{cores} cores"
    return (
        f"{platform.system()} {platform.machine()}, {cores_named} for this process, one BLAS thread; "
        f"Python {platform.python_version()}, {versions}."
    )


def merge_pages(page: str, other: str) -> str:
    """Replace the sections of a page that another page has, too."""
    new = {part.partition("\n")[0]: part for part in other.split("\n## ")[1:]}
    first, *parts = page.split("\n## ")
    parts = [new.get(part.partition("\n")[0], part).strip("\n") + "\n" for part in parts]
    return "\n## ".join([first, *parts])


def format_page(sections: list[Section], setting: str) -> str:
    """Return the page as Markdown."""
    return "\n".join([INTRODUCTION.format(setting=setting), *map(str, sections)])
