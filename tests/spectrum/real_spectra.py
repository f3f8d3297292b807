"""Spectra of known class and redshift, fitted as if neither were: ``python -m tests.spectrum.real_spectra LIST``.

LIST is a CSV file with a line for each spectrum: ``file``, relative to the list's folder, ``class`` (Ia, II, stripped,
galaxy, star, blue) and ``z``. Each file is a table with wavelength, flux and, maybe, error, as astropy reads it. What
each fit says is printed, and how often classes and redshifts are right, also of those that fits are sure of.
"""

import argparse
import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import Table

from fitter_lambda.entry.spectrum_fitting import fit_spectrum
from fitter_lambda.errors import FitterError

_COLUMNS = ("wavelength", "flux", "error")
_SURE = 0.95
_NEAR = (0.003, 0.01)


def main(arguments: list[str] | None = None) -> int:
    """Fit all spectra of a list, and print how often the fits are right."""
    parser = argparse.ArgumentParser(prog="python -m tests.spectrum.real_spectra")
    parser.add_argument("list", type=Path)
    options = parser.parse_args(arguments)
    with options.list.open(newline="") as file:
        lines = list(csv.DictReader(file))
    rows = [row for line in lines if (row := try_spectrum(options.list.parent, line)) is not None]
    for word in ("good", "doubtful", "refuted"):
        report(word, [row for row in rows if row["word"] == word])
    report("all", rows)
    return 0


def try_spectrum(folder: Path, line: dict[str, str]) -> dict[str, Any] | None:
    """Fit a spectrum and compare; None if it cannot be fitted."""
    columns = map(np.asarray, Table.read(folder / line["file"], format="ascii").columns.values())
    title = f"{Path(line['file']).stem[:24]:24s} {line['class']:8s} z = {float(line['z']):.4f}"
    try:
        results = fit_spectrum(dict(zip(_COLUMNS, columns, strict=False)), fix_z="False").results
    except FitterError as error:
        print(f"{title}: {error}", flush=True)
        return None
    z = results["parameters"]["z"]
    sigma = 0.5 * (z["err_minus"] + z["err_plus"])
    word = results["verdict"]["word"]
    print(
        f"{title}: {results['class']} {results['class_probability']:.3f} ({results['template']}), "
        f"z = {z['median']:.4f} ± {sigma:.4f}, errors × {results['error_scale']:.1f}, {word}",
        flush=True,
    )
    return {
        "word": word,
        "is_right": results["class"] == line["class"],
        "is_sure": results["class_probability"] > _SURE,
        "off": abs(z["median"] - float(line["z"])),
        "pull": abs(z["median"] - float(line["z"])) / sigma,
    }


def report(word: str, rows: list[dict[str, Any]]) -> None:
    """Print how often some fits are right."""
    if not rows:
        return
    sure = [row["is_right"] for row in rows if row["is_sure"]]
    off = np.array([row["off"] for row in rows])
    near = ", ".join(f"{np.sum(off < limit)} within {limit:g}" for limit in _NEAR)
    right = sum(row["is_right"] for row in rows)
    pull = np.median([row["pull"] for row in rows])
    print(
        f"{word}: {len(rows)} spectra; class right {right}, of those surer than {_SURE:g} {sum(sure)} of {len(sure)}; "
        f"redshift {near}, median {pull:.1f} errors off"
    )


if __name__ == "__main__":
    sys.exit(main())
