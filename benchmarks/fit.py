"""The fitter side by side with sncosmo's fit_lc, mcmc_lc and nest_lc, in one run on one machine.

::

    python -m benchmarks.fit [--quick] [--write] [--only samplers evidences best durations]

Both sides get one BLAS thread, the same rows, the same likelihood and flat priors; neither is charged for
loading templates. They run in turn, ours, theirs, ours, theirs, so that a machine that slows down slows both.
``--quick`` repeats less, without nest_lc at a free redshift; ``--write`` writes docs/benchmarks.md, with
``--only`` the named tables alone.
"""

import os

if __name__ == "__main__":  # before numpy is loaded
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import argparse
import importlib.util
import sys
import time
import warnings

import numpy as np
import numpy.typing as npt

from benchmarks import page
from benchmarks.fitters import CLOSER, FitterRun, Peer, effective_draws, run_fitter
from benchmarks.page import Section, format_median, format_spread
from benchmarks.supernovae import (
    SHARED,
    VARIATION,
    Case,
    Supernova,
    is_available,
    load_real_supernovae,
    register_variations,
    simulate_supernova,
)  # fmt: skip
from fitter_lambda.engine.fit import fit_supernova
from tests.fitter.light_curves import parse_payload, payload

__all__ = ["main"]

_STARTS = 10
#: Live points of nest_lc, and whether it is told more about x1 and c than this fitter is.
_NESTED = ((100, False), (200, False), (200, True))
_FOUR_COLUMNS = "ZTF21aaqjmps"


def print_progress(message: str) -> None:
    """Print progress to stderr."""
    print(f"  {message}", file=sys.stderr, flush=True)


def compare_samplers(case: Case, repeats: int) -> list[str]:
    """One column of the table of samplers; its lines are `page.LINES`."""
    peer, name = Peer(case), f"{case.supernova.name}, {case.label}"
    run_fitter(case.payload())  # once unmeasured, for what is kept in memory
    _, start = peer.run_fit_lc(_STARTS, seed=0)
    points = [peer.time_fit_lc() for _ in range(repeats + 1)][1:]
    fits: list[FitterRun] = []
    own_start, good_start = [], []
    for seed in range(repeats):
        print_progress(f"{name}: mcmc_lc, {seed + 1} of {repeats}")
        fits.append(run_fitter(case.payload(seed=seed)))
        own_start.append(peer.chain(seed))
        good_start.append(peer.chain(seed, start))
    sides = [(fit.seconds, fit.chain) for fit in fits]
    measured = [[(seconds, effective_draws(chain)) for seconds, chain in side]
                for side in (own_start, good_start, sides)]  # fmt: skip
    rates = [np.array([draws / seconds for seconds, draws in side]) for side in measured]
    return [
        format_median(points),
        *(" / ".join(format_median(part) for part in (*zip(*side, strict=True), rate))
          for side, rate in zip(measured, rates, strict=True)),
        f"**{format_spread(rates[2] / rates[0])}**",
        f"**{format_spread(rates[2] / rates[1])}**",
        *compare_posteriors(peer, fits, [chain for _, chain in good_start]),
    ]  # fmt: skip


def compare_posteriors(peer: Peer, fits: list[FitterRun], chains: list[npt.NDArray[np.float64]]) -> list[str]:
    """How far the means are apart, the widths, and the mean chi2."""
    order = [fits[0].names.index(parameter) for parameter in peer.names]
    own = np.concatenate([fit.chain[..., order].reshape(-1, len(order)) for fit in fits])
    other = np.concatenate([chain.reshape(-1, len(order)) for chain in chains])
    apart = np.max(np.abs(own.mean(0) - other.mean(0)) / other.std(0))
    widths = own.std(0) / other.std(0)
    return [
        f"{apart:.2f}",
        f"{widths.min():.2f}–{widths.max():.2f}",
        f"{mean_chi2(peer, other):.1f} / {mean_chi2(peer, own):.1f}",
    ]


def mean_chi2(peer: Peer, draws: npt.NDArray[np.float64], number: int = 300) -> float:
    """Mean of sncosmo's chi2 over some of the draws (n, d): two samplers of one posterior agree in it."""
    few = draws[np.linspace(0, len(draws) - 1, number).astype(int)]
    return float(np.mean([peer.chi2(dict(zip(peer.names, draw, strict=True))) for draw in few]))


def compare_evidences(case: Case, live_points: int, closer: bool, repeats: int) -> tuple[str, ...]:
    """One row of the table of evidences."""
    peer = Peer(case, CLOSER if closer else None)
    run_fitter(case.payload())
    pairs = []
    for seed in range(repeats):
        print_progress(f"{case.supernova.name}, {case.label}: nest_lc of {live_points} points, {seed + 1} of {repeats}")
        pairs.append((run_fitter(case.payload(seed=seed)).evidence(peer.closer), peer.nested(seed, live_points)))
    own, their = zip(*pairs, strict=True)
    value, other = (float(np.mean([side.value for side in both])) for both in (own, their))
    error, wide = (float(np.median([side.error for side in both])) for both in (own, their))
    apart = (value - other) / np.hypot(error, wide) * np.sqrt(repeats)
    inside = np.isfinite(value)  # closer bounds may hold nothing of the posterior
    return (
        case.supernova.name, case.label, str(live_points), "closer" if closer else "this side's",
        *(f"{format_median(s.seconds for s in side)} / {format_median(s.draws for s in side)}"
          for side in (their, own)),
        f"**{format_spread(b.seconds / a.seconds for a, b in pairs)}**",
        f"**{format_spread(a.draws / a.seconds / (b.draws / b.seconds) for a, b in pairs)}**",
        f"{other:.2f} ± {wide:.2f}", f"{value:.3f} ± {error:.3f}" if inside else "–",
        f"{apart:+.1f}" if inside else "–",
    )  # fmt: skip


def compare_chi2(case: Case, starts: int = _STARTS) -> tuple[str, ...]:
    """One row of the table of best fits."""
    print_progress(f"{case.supernova.name}, {case.label}: fit_lc from {starts + 1} starts")
    peer = Peer(case)
    lowest, where = peer.run_fit_lc(starts, seed=0)
    own = peer.chi2(run_fitter(case.payload()).best)
    outside = any(not low <= where[name] <= high for name, (low, high) in peer.bounds.items())
    note = " (outside the bounds of the priors)" if outside else ""
    return case.supernova.name, case.label, f"{lowest:.3f}{note}", f"{own:.3f}", f"{own - lowest:+.3f}"


def time_documents(supernova: Supernova, source: str, repeats: int) -> tuple[str, ...]:
    """Return the row of whole documents with the default parameters."""
    print_progress(f"{supernova.name}, {source}: whole documents")
    document = payload(supernova.rows, f"{supernova.redshift},,", source=source)
    seconds = [run_fitter(document).whole for _ in range(repeats + 1)][1:]
    return f"document of {source}: fit, figures, netCDF", supernova.name, format_spread(seconds), "1.5"


def time_fits(source: str, number: int) -> tuple[str, ...]:
    """Return the row of fits alone, one after the other, with the default parameters."""
    print_progress(f"{source}: {number} fits without figures")
    seconds = []
    for seed in range(number):
        supernova = simulate_supernova(source, seed)
        request = parse_payload(payload(supernova.rows, f"{supernova.redshift},,", source=source))
        began = time.perf_counter()
        fit_supernova(request, lambda done, message: None)
        seconds.append(time.perf_counter() - began)
    return (f"posterior of {source}, one of many", f"{number} simulated {source}", format_spread(seconds[1:]), "0.02")


def time_catalogue(supernova: Supernova, repeats: int, size: int = 40) -> tuple[str, ...]:
    """Return the row of `auto` with a free redshift."""
    register_variations(size)
    document = payload(supernova.rows, ",,", source="auto", fix_z=False)
    fits = []
    for number in range(repeats + 1):
        print_progress(f"{supernova.name}: the whole catalogue, {number} of {repeats}")
        fits.append(run_fitter(document))
    names = [entry["name"] for entry in fits[0].results["catalogue"]["sources"]]
    n_variations = sum(name.startswith(VARIATION) for name in names)
    what = f"auto over {len(names)} sources, {n_variations} of them made up, z free 0.01–1: document"
    return what, supernova.name, format_spread(fit.whole for fit in fits[1:]), "20"


def list_cases() -> list[Case]:
    """Real light curves, and what both sides sample from."""
    supernovae, combinations = load_real_supernovae(), []
    without = ("salt3", "salt3-nir") if supernovae[0].name != _FOUR_COLUMNS else ("salt3",)
    for supernova in supernovae:
        sources = ("nugent-sn2p", "salt3") if supernova.name == _FOUR_COLUMNS else without
        combinations += [Case(supernova, s, free) for s in sources if is_available(s) for free in (False, True)]
    return combinations


def build_sampler_sections(repeats: int) -> list[Section]:
    """Return the tables of samplers: one for ZTF21aaqjmps, one for the others."""
    combinations = list_cases()
    groups = [[c for c in combinations if (c.supernova.name == _FOUR_COLUMNS) == first] for first in (True, False)]
    sections = []
    for group in filter(None, groups):
        columns = [compare_samplers(case, repeats) for case in group]
        names = list(dict.fromkeys(case.supernova.name for case in group))
        header = [c.label if len(names) == 1 else f"{c.supernova.name}, {c.label}" for c in group]
        rows = [(line, *cells) for line, *cells in zip(page.LINES, *columns, strict=True)]
        sections.append(Section(f"Sampling: {' and '.join(names)}", page.SAMPLING, ("", *header), rows))
    return sections


def build_evidence_section(quick: bool, repeats: int) -> Section:
    """Return the table of evidences."""
    if importlib.util.find_spec("nestle") is None:
        return Section("Evidence", f"{page.NESTED} nestle is not installed: not measured.", page.EVIDENCE, [])
    comparisons = [(case, *how) for case in list_cases() if case.free != quick for how in _NESTED
              if case.source.startswith("salt") or not how[1]]  # fmt: skip
    rows = [compare_evidences(*each, min(repeats, 2) if each[2] else repeats) for each in comparisons]
    return Section("Evidence", page.NESTED, page.EVIDENCE, rows)


def build_best_fit_section(quick: bool) -> Section:
    """Return the table of best fits: real light curves and simulated ones, with sources right and wrong."""
    sources = [s for s in ("salt3", "nugent-sn2p", "hsiao") if is_available(s)]
    combinations = list_cases() + [Case(sn, "hsiao", True) for sn in load_real_supernovae() if is_available("hsiao")]
    for source in sources:
        for seed in range(1 if quick else 2):
            supernova = simulate_supernova(source, seed)
            combinations += [Case(supernova, source, False), *(Case(supernova, other, True) for other in sources)]
    return Section("Best fits", page.BEST, page.CHI2, [compare_chi2(case) for case in combinations])


def build_duration_section(repeats: int) -> Section:
    """Return the table of seconds."""
    supernovae, sources = load_real_supernovae(), [s for s in ("salt3", "nugent-sn2p") if is_available(s)]
    rows = [time_documents(sn, s, repeats) for sn in supernovae for s in sources]
    rows += [time_fits(source, 5 * repeats) for source in sources]
    rows.append(time_catalogue(supernovae[0], min(repeats, 3)))
    return Section("Seconds", page.DURATIONS, page.SECONDS, rows)


def main(arguments: list[str]) -> None:
    """Measure, print, and write when asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fit", description="The fitter beside sncosmo's.")
    parser.add_argument("--quick", action="store_true", help="fewer repeats, no nest_lc with a free redshift")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    parser.add_argument("--only", nargs="+", choices=["samplers", "evidences", "best", "durations"])
    options = parser.parse_args(arguments)
    if (SHARED / "sncosmo-data").is_dir():
        os.environ.setdefault("SNCOSMO_DATA_DIR", str(SHARED / "sncosmo-data"))
    warnings.simplefilter("ignore")  # bands that a model does not cover, and such
    repeats = 2 if options.quick else 5
    sections: list[Section] = []
    setting = f"{page.describe_machine()} {repeats} repeats{', --quick' if options.quick else ''}."
    parts = {
        "samplers": lambda: build_sampler_sections(repeats),
        "evidences": lambda: [build_evidence_section(options.quick, repeats)],
        "best": lambda: [build_best_fit_section(options.quick)],
        "durations": lambda: [build_duration_section(repeats)],
    }
    for name in options.only or parts:
        sections += parts[name]()
        text = page.format_page(sections, setting)
        print(text, flush=True)
    if options.write:
        page.PAGE.write_text(page.merge_pages(page.PAGE.read_text(), text) if options.only else text)


if __name__ == "__main__":
    main(sys.argv[1:])
