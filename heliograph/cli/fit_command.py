"""Fit a light curve of a file on this machine, by the engine of the supernova fitter."""

from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from heliograph.cli.command_output import json_option, print_columns, print_record, report_errors
from heliograph.cli.portal_commands import parse_parameters
from heliograph.errors import AnalysisError, ArgumentError

_BAR = "{percentage:3.0f} % |{bar:30}| {postfix}"
_TEXT_SUFFIXES = {".csv", ".dat", ".tsv", ".txt", ""}
"""Of files whose format astropy guesses by their content; others have theirs by the suffix."""


@click.command("fit", context_settings={"ignore_unknown_options": True})
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("parameters", nargs=-1, type=click.UNPROCESSED)
@click.option("--source", default="salt3", show_default=True, help="A source of sncosmo, or auto.")
@click.option("--z", type=float, help="Redshift.")
@click.option("--z-err", type=float, help="Its error.")
@click.option("--ra", type=float, help="Right ascension in degrees, for the dust of the Milky Way.")
@click.option("--dec", type=float, help="Declination in degrees.")
@click.option("--figures", type=click.Path(file_okay=False, path_type=Path), help="Folder for the figures.")
@json_option
@report_errors
def fit_light_curve(
    file: Path, parameters: tuple[str, ...], figures: Path | None, as_json: bool, **options: Any
) -> None:
    """Fit the light curve in FILE (CSV, ECSV, FITS …) without a portal.

    Columns are named as sncosmo accepts them: time, band, flux, fluxerr, zp, zpsys; or mag, magerr. Further PARAMETERS
    of the fitter are written as n_draws=1000 or --n-draws 1000.
    """
    further = parse_parameters(parameters)
    for name in options.keys() & further.keys():
        raise ArgumentError(f"{name} is an option; write --{name.replace('_', '-')} {further[name]}.")
    fit = _run_fit(read_light_curve(file), {**options, **further})
    if figures is not None:
        _save_figures(fit, figures)
    if as_json:
        print_record(fit.results, "", as_json=True)
        return
    click.echo(fit.summary)
    rows = [{"parameter": name, **values} for name, values in fit.results["parameters"].items()]
    print_columns(rows, ["parameter", "median", "err_minus", "err_plus", "best_fit"], as_json=False)


def read_light_curve(file: Path) -> Any:
    """Read a file with a line of column names as an astropy Table.

    Raises
    ------
    ArgumentError
        If astropy knows no format that the file has.
    """
    from astropy.table import Table

    is_text = file.suffix.lower() in _TEXT_SUFFIXES
    try:
        return Table.read(file, format="ascii") if is_text else Table.read(file)
    except Exception as error:  # each of astropy's readers has its own
        reason = str(error).partition("\n")[0][:200]
        raise ArgumentError(f"{file} cannot be read as a table with a line of column names: {reason}") from None


def _run_fit(light_curve: Any, options: dict[str, Any]) -> Any:
    from fitter_lambda import fit
    from fitter_lambda.errors import FitterError, PayloadError

    try:
        with tqdm(total=1.0, bar_format=_BAR, leave=False) as bar:

            def show_progress(fraction: float, message: str) -> None:
                bar.set_postfix_str(message, refresh=False)
                bar.update(fraction - bar.n)

            return fit(light_curve, progress=show_progress, **options)
    except ModuleNotFoundError as error:
        raise ArgumentError(
            f"The fit needs {error.name}, which is not installed; run pip install '.[fit]' in the folder of Heliograph."
        ) from None
    except PayloadError as error:
        raise ArgumentError(str(error)) from None
    except FitterError as error:
        raise AnalysisError(str(error)) from None


def _save_figures(fit: Any, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    fit.plot_light_curve().savefig(folder / "light_curve.png", dpi=150)
    fit.plot_corner().savefig(folder / "corner.png", dpi=150)
