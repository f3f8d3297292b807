"""The spectrum fitter beside NGSF with the same templates: ``python -m benchmarks.ngsf [FILE ...]``.

Each file is a table with wavelength and flux, as astropy reads it; without files, spectra are simulated. NGSF (the
package ngsf, which is not changed) gets a bank of the supernovae at hand every three days, and of the fitter's three
galaxies; its parameters are its defaults, with redshifts of 0 to 0.3 in steps of 0.005. The fitter's redshift is free
within the same bounds. Seconds are those of one processor.
"""

import argparse
import contextlib
import csv
import importlib.util
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import Table

from benchmarks.spectrum import simulate_spectrum
from fitter_lambda.arrays import Array
from fitter_lambda.engine.source_grid import load_source_grid
from fitter_lambda.engine.supernova_classes import get_supernova_class
from fitter_lambda.entry.spectrum_fitting import fit_spectrum
from fitter_lambda.input.sncosmo_registries import get_source_types
from fitter_lambda.spectrum.host_components import load_galaxies
from fitter_lambda.spectrum.log_grid import LogGrid
from fitter_lambda.spectrum.log_templates import build_supernova
from fitter_lambda.spectrum.spectrum_models import list_template_names

_HIGHEST_REDSHIFT = 0.3
_PHASES = np.arange(-12.0, 61.0, 3.0)
#: What NGSF calls the galaxies.
_GALAXIES = {"SB1": 0, "S0": 1, "E": 2}
_PARAMETERS = {
    "object_to_fit": "spectrum.dat", "saving_results_path": "", "use_exact_z": 0, "z_exact": 0.0,
    "z_range_begin": 0.0, "z_range_end": _HIGHEST_REDSHIFT, "z_int": 0.005, "resolution": 10, "lower_lam": 0,
    "upper_lam": 0, "error_spectrum": "sg", "show_plot": 0, "how_many_plots": 0, "mask_galaxy_lines": 0,
    "mask_telluric": 1, "minimum_overlap": 0.7, "epoch_high": 0, "epoch_low": 0, "Alam_high": 2, "Alam_low": -2,
    "Alam_interval": 0.2, "temp_gal_tr": list(_GALAXIES),
}  # fmt: skip
#: Names that NumPy no longer has.
_RUN = """
import math, sys
import numpy
numpy.float, numpy.math = float, math
sys.argv = ["ngsf", "parameters.json"]
from NGSF.sf_class import Superfit
Superfit().superfit()
"""
_JULIAN = 2400000.5
_PEAK_MJD = 50000.0


def main(arguments: list[str] | None = None) -> int:
    """Fit each spectrum by both, and print what they say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ngsf")
    parser.add_argument("files", nargs="*", type=Path, help="spectra")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        classes = write_bank(folder)
        for title, columns in _list_spectra(options.files):
            report_ngsf(title, columns, folder, classes)
            report_fit(title, columns)
    return 0


def _list_spectra(files: list[Path]) -> Iterator[tuple[str, dict[str, Array]]]:
    for file in files:
        columns = Table.read(file, format="ascii").columns.values()
        yield file.stem, dict(zip(("wavelength", "flux", "error"), map(np.asarray, columns), strict=False))
    for signal in (10.0, 30.0) if not files else ():
        data = simulate_spectrum(signal)
        good = data.good
        columns = {"wavelength": data.x.wave, "flux": data.flux, "error": 1 / np.sqrt(np.where(good, data.weight, 1.0))}
        yield f"simulated Ia at 0.12, S/N {signal:g}", {name: values[good] for name, values in columns.items()}


def write_bank(folder: Path) -> list[str]:
    """Write NGSF with a bank of templates to a folder; return its classes."""
    package = importlib.util.find_spec("NGSF")
    if package is None or not package.submodule_search_locations:
        raise SystemExit("the package ngsf is missing: run make setup")
    shutil.copytree(package.submodule_search_locations[0], folder / "NGSF")
    types = get_source_types()
    groups = {name: get_supernova_class(types.get(name, "")).group for name in list_template_names()}
    for name, group in groups.items():
        _write_supernova(folder / "NGSF" / "bank", name, group)
    _write_rows(folder / "NGSF" / "mjd_of_maximum_brightness.csv", [[name, _PEAK_MJD, "B", 0] for name in groups])
    galaxies = folder / "NGSF" / "bank" / "binnings" / "10A" / "gal"
    galaxies.mkdir(parents=True)
    wave, flux = load_galaxies()
    for name, row in _GALAXIES.items():
        _write_spectrum(galaxies / name, wave, flux[row])
    return sorted(set(groups.values()))


def _write_supernova(bank: Path, name: str, group: str) -> None:
    """Write spectra of a supernova every three days, and the table of their dates."""
    source = load_source_grid(name)
    low, high = np.log(source.wave[0]), np.log(min(source.wave[-1], 11000.0))
    step = 4e-4
    template = build_supernova(name, LogGrid(low, step, int((high - low) / step)))
    phases = _PHASES[(_PHASES + template.origin > template.low) & (_PHASES + template.origin < template.high)]
    rows: list[list[Any]] = [["Redshift", "Obj. RA", "Obj. DEC", "JD", "Obs-date", "Ascii file", "Instrument"]]
    binned, original = (bank / kind / "sne" / group / name for kind in ("binnings/10A", "original_resolution"))
    binned.mkdir(parents=True)
    original.mkdir(parents=True)
    for phase, flux in zip(phases, template.sample_axis(phases + template.origin), strict=True):
        file = f"{name}_{phase:+.0f}.dat"
        _write_spectrum(binned / file, template.grid.wave, flux)
        rows.append([0.0, 0.0, 0.0, _JULIAN + _PEAK_MJD + phase, "-", file, "model"])
    _write_rows(original / "wiserep_spectra.csv", rows)


def _write_spectrum(file: Path, wave: Array, flux: Array) -> None:
    regular = np.arange(wave[0], wave[-1], 10.0)
    values = np.interp(regular, wave, flux)
    np.savetxt(file, np.column_stack([regular, values / np.median(values)]))


def _write_rows(file: Path, rows: list[list[Any]]) -> None:
    with file.open("w", newline="") as handle:
        csv.writer(handle).writerows(rows)


def report_ngsf(title: str, columns: dict[str, Array], folder: Path, classes: list[str]) -> None:
    """Let NGSF fit a spectrum in a process of its own, and print its best match."""
    np.savetxt(folder / "spectrum.dat", np.column_stack([columns["wavelength"], columns["flux"]]))
    (folder / "parameters.json").write_text(json.dumps(_PARAMETERS | {"temp_sn_tr": classes}))
    result = folder / "spectrum.csv"
    result.unlink(missing_ok=True)
    began = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    environment = os.environ | {"OMP_NUM_THREADS": "1", "MPLBACKEND": "agg", "PYTHONPATH": str(folder)}
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _RUN], cwd=folder, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - began
    if not result.exists():
        print(f"{title}: NGSF failed: {(run.stderr or run.stdout).strip().splitlines()[-1]}", flush=True)
        return
    with result.open(newline="") as handle:
        best = next(csv.DictReader(handle))
    group, name = best["SN"].split("/")[:2]
    print(
        f"{title}: NGSF: {group} ({name.split()[0]}, {float(best['Phase']):.0f} d), z = {float(best['Z']):.3f}, "
        f"A_V = {float(best['A_v']):.1f}, host {100 * float(best['Frac(gal)']):.0f} %, {seconds:.0f} s",
        flush=True,
    )


def report_fit(title: str, columns: dict[str, Array]) -> None:
    """Fit a spectrum twice, and print the second fit: the first fills caches that a running service has."""
    with contextlib.redirect_stderr(None):
        for _ in range(2):
            began = time.process_time()
            results = fit_spectrum(columns, fix_z="False", z_max=_HIGHEST_REDSHIFT).results
            seconds = time.process_time() - began
    z = results["parameters"]["z"]
    others = {name: values["median"] for name, values in results["parameters"].items()}
    print(
        f"{title}: fitter: {results['class']} {results['class_probability']:.3f} ({results['template']}, "
        f"{others.get('phase', np.nan):.0f} d), z = {z['median']:.4f} +{z['err_plus']:.4f} -{z['err_minus']:.4f}, "
        f"A_V = {others.get('A_V', np.nan):.1f}, host {100 * others.get('host_fraction', np.nan):.0f} %, "
        f"{results['verdict']['word']}, {seconds:.1f} s",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
