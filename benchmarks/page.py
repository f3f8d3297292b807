"""The page of the fitter's benchmarks: its words, its tables, and the machine that they are of."""

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

#: First column of the tables of samplers: what each line holds.
LINES = (
    "sncosmo fit_lc, a point without posterior: seconds",
    "sncosmo mcmc_lc from its own start: seconds / ESS / ESS per second",
    "the same from the best fit: seconds / ESS / ESS per second",
    "this fitter: seconds / ESS / ESS per second",
    "**ESS per second, this fitter over mcmc_lc from its own start**",
    "**the same over mcmc_lc from the best fit**",
    "means apart, the most distant (σ)",
    "widths, this fitter over mcmc_lc",
    "mean χ² of the draws, mcmc_lc / this fitter",
)
EVIDENCE = (
    "light curve", "source", "live points", "bounds", "nest_lc: s / draws", "this fitter: s / draws",
    "**times faster**", "**times the draws per second**", "ln Z, nest_lc", "ln Z, this fitter", "apart (σ)",
)  # fmt: skip
CHI2 = ("light curve", "source", "fit_lc, the best of its starts", "this fitter", "this fitter − fit_lc")
SECONDS = ("what", "light curves", "seconds", "aim")

INTRODUCTION = """\
# Benchmarks of the supernova fitter

Written by `python -m benchmarks.fit --write`, each table from one run on one machine: {setting}

What is compared with is [sncosmo](https://sncosmo.readthedocs.io): `fit_lc` (a minimiser), `mcmc_lc` (an
ensemble sampler) and `nest_lc` (nested sampling). Both sides have one core and one BLAS thread, the same
rows, a Gaussian likelihood of the measured errors alone and flat priors; loading templates is left out on
both sides. On this side that is `priors=flat`, `modelcov=False`, `model_error=0`, `limits=ignore`,
`mwebv=0`, `n_draws=4000`, and the seconds are `seconds.fit` of the results. A free redshift lies in
0.01–0.2, a fixed one is the source's. The two sides run in turn; a figure a (b–c) is the median and the
quartiles of the repeats, a ratio that of the repeats' own ratios.

Light curves: SN 2019dwz and SN 2020aai (c, o and g; of the wheel jax-bandflux), ZTF21aaqjmps (a type II; g
and r; where its photometry is at hand), and those that sncosmo simulates, with its model and the seed in
the name.
"""

SAMPLING = """\
`mcmc_lc` runs 20 walkers for 1000 steps after its own burn-in of 200: from its own start, and from where
`fit_lc` came lowest from eleven starts, which is not counted against it. ESS is the effective number of draws
of the parameter with the fewest: the autocorrelation estimate of emcee for both sides, of this side's draws
as they stand in the netCDF, at most their number, and less where a draw stands there twice. To be reached:
300 times. The posteriors are compared with the chains from the best fit. Means differ by chance, too, by
about 0.1 σ for an ESS of a few hundred; where the mean χ² differ, one side misses a part of the posterior."""

NESTED = """\
`nest_lc` has its default of 100 live points, and twice as many, and in all parameters the bounds of this
side's flat priors (x1 ±20, c −1 to 2), or for itself alone closer ones (x1 ±5, c ±1, as one would give them;
two repeats): ln Z are then of that part of the posterior, and "–" where this side has no draw there. To its
evidence are added the −½ ln |2πC| that it leaves out, and ln (bounds / this side's) of t0, whose window is
1200 days, and of the others. Errors are of one run each; the values are means of the repeats, and their
difference is in units of its error. To be reached: 300 times as fast. The errors are not alike: nested
sampling would need (error / error)² times the live points, and as many times the seconds, to match. Draws are
effective ones, of nest_lc by its weights (Kong 1992), of this side as above; where they are alike, draws per
second compare."""

BEST = """\
χ² by sncosmo's own `chisq`, on the same rows, at the best fit of either side. `fit_lc` starts from its own
guess and from ten random ones (t0, and z, x1 and c where they are free), its amplitude always from its own
guess; it knows no bounds but those of z and t0. To be reached: never above it."""

DURATIONS = """\
The default parameters, warm: templates are in memory. A redshift is the source's with an error of 0.001.
Made-up templates are those at hand, run faster or slower and tilted in colour; they make up the number."""


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
    """What it ran on."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    names = ("numpy", "scipy", "sncosmo", "emcee", "iminuit", "nestle")
    versions = ", ".join(f"{n} {version(n)}" for n in names if importlib.util.find_spec(n))
    cores_named = "one core" if cores == 1 else f"{cores} cores"
    return (
        f"{platform.system()} {platform.machine()}, {cores_named} for this process, one BLAS thread; "
        f"Python {platform.python_version()}, {versions}."
    )


def merge_pages(page: str, other: str) -> str:
    """A page with those sections of another that both have."""
    new = {part.partition("\n")[0]: part for part in other.split("\n## ")[1:]}
    first, *parts = page.split("\n## ")
    parts = [new.get(part.partition("\n")[0], part).strip("\n") + "\n" for part in parts]
    return "\n## ".join([first, *parts])


def format_page(sections: list[Section], setting: str) -> str:
    """The page."""
    return "\n".join([INTRODUCTION.format(setting=setting), *map(str, sections)])
