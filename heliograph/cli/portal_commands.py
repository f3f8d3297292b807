"""Commands that speak with a portal."""

import webbrowser
from pathlib import Path
from typing import Any

import click

from heliograph.cli.command_output import json_option, print_columns, print_record, report_errors
from heliograph.connection import Connection, find_api
from heliograph.credentials import Credentials, clean_token, save_credentials
from heliograph.errors import ArgumentError
from heliograph.portal import Heliograph, Portal

_SOURCE_COLUMNS = ["id", "ra", "dec", "redshift"]
_SOURCE_LIMIT = 50


@click.command()
@click.option("--url", prompt="Address of the portal", help="Of its web app or its API, such as http://localhost:5000.")
@click.option("--token", prompt="Token", hide_input=True, help="Asked for, if it is not given.")
@json_option
@report_errors
def login(url: str, token: str, as_json: bool) -> None:
    """Try a token, and keep it in a file that only you can read."""
    api, web_url = find_api(url)
    credentials = Credentials(api, clean_token(token), web_url)
    name = Portal(Connection(credentials)).user.name
    file = save_credentials(credentials)
    record = {"url": credentials.url, "user": name, "file": file}
    line = f"Signed in to {credentials.url} as {name}; the token is kept in {file}."
    print_record(record, line, as_json=as_json)


@click.command()
@click.argument("name", required=False)
@click.option("--ra", type=float, help="Right ascension of a cone, in degrees.")
@click.option("--dec", type=float, help="Declination of a cone, in degrees.")
@click.option("--radius", type=float, default=5.0, show_default=True, help="Of the cone, in arcsec.")
@click.option("--class", "classification", help="Sources of this class.")
@click.option("--group", help="Sources of this group.")
@click.option("--favorites", is_flag=True, help="Your favourites.")
@click.option("--limit", type=click.IntRange(1), default=_SOURCE_LIMIT, show_default=True, help="Most sources.")
@json_option
@report_errors
def sources(name: str | None, limit: int, as_json: bool, **filters: Any) -> None:
    """List sources, newest first; NAME is a part of a name or alias."""
    if filters["ra"] is None and filters["dec"] is None:
        del filters["radius"]
    matches = Heliograph().sources(name=name, **{key: value for key, value in filters.items() if value})
    records = [dict(source) for source, _ in zip(matches, range(limit), strict=False)]
    print_columns(records, _SOURCE_COLUMNS, as_json=as_json)


@click.command()
@click.argument("source")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show what would be saved, and save nothing.")
@click.option("--skip-problems", is_flag=True, help="Leave out rows that cannot be saved.")
@click.option("--instrument", help="Name of the instrument, if the file does not say it.")
@click.option("--magsys", type=click.Choice(["ab", "vega"]), help="If the file does not say it.")
@click.option("--zp", type=float, help="Magnitude of a flux of 1, if the file does not say it.")
@json_option
@report_errors
def upload(source: str, file: Path, as_json: bool, **options: Any) -> None:
    """Save the photometry of FILE, as a survey wrote it, to SOURCE."""
    report = Heliograph().source(source).upload(file, **options)
    print_record(dict(report), repr(report), as_json=as_json)


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("source")
@click.argument("service")
@click.argument("parameters", nargs=-1, type=click.UNPROCESSED)
@click.option("--wait", is_flag=True, help="Wait until it has ended.")
@json_option
@report_errors
def start(source: str, service: str, parameters: tuple[str, ...], wait: bool, as_json: bool) -> None:
    """Start an analysis of SOURCE by SERVICE, with PARAMETERS such as source=salt3 or --source salt3."""
    analysis = Heliograph().source(source).analyze(service, parameters=parse_parameters(parameters))
    if wait:
        analysis.wait(progress=not as_json)
    _print_analysis(analysis, as_json=as_json)


@click.command()
@click.argument("analysis_id", type=int)
@click.option("--timeout", type=float, help="Seconds to wait at most.")
@json_option
@report_errors
def watch(analysis_id: int, timeout: float | None, as_json: bool) -> None:
    """Wait until an analysis has ended; exit with 1 if it failed."""
    analysis = Heliograph().analysis(analysis_id)
    analysis.wait(timeout=timeout, progress=not as_json)
    _print_analysis(analysis, as_json=as_json)


@click.command()
@click.argument("analysis_id", type=int)
@json_option
@report_errors
def results(analysis_id: int, as_json: bool) -> None:
    """Print the results of an analysis."""
    values = Heliograph().analysis(analysis_id).results
    rows = [{"name": name, "value": value} for name, value in flatten_values(values)]
    if as_json:
        print_record(values, "", as_json=True)
    else:
        print_columns(rows, ["name", "value"], as_json=False)


@click.command()
@click.argument("analysis_id", type=int)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), required=False)
@json_option
@report_errors
def download(analysis_id: int, folder: Path | None, as_json: bool) -> None:
    """Save results, posterior and plots of an analysis in FOLDER (analysis-ID by default)."""
    files = Heliograph().analysis(analysis_id).download(folder or Path(f"analysis-{analysis_id}"))
    print_record({"files": [str(file) for file in files]}, "\n".join(map(str, files)), as_json=as_json)


@click.command("open")
@click.argument("analysis_id", type=int)
@json_option
@report_errors
def open_page(analysis_id: int, as_json: bool) -> None:
    """Open the page of an analysis in a browser."""
    page = Heliograph().analysis(analysis_id).url
    webbrowser.open(page)
    print_record({"url": page}, page, as_json=as_json)


COMMANDS = (login, sources, upload, start, watch, results, download, open_page)


def parse_parameters(words: tuple[str, ...]) -> dict[str, str]:
    """Parse ``name=value``, ``--name value`` and ``--name=value``; dashes in a name are underscores.

    Raises
    ------
    ArgumentError
        If a word is none of them, or a name comes twice.
    """
    parameters: dict[str, str] = {}
    remaining = list(words)
    while remaining:
        word = remaining.pop(0)
        is_option = word.startswith("--")
        name, equals, value = word.removeprefix("--").partition("=")
        if is_option and not equals and remaining:
            value = remaining.pop(0)
        elif not equals:
            raise ArgumentError(f"{word!r} is no parameter; expected name=value, or --name value.")
        name = name.replace("-", "_") if is_option else name
        if not name or name in parameters:
            raise ArgumentError(f"{word!r} names no parameter, or one that came before; name each once.")
        parameters[name] = value
    return parameters


def flatten_values(values: Any, name: str = "") -> list[tuple[str, Any]]:
    """Return the scalars of nested results, each with its path such as ``parameters.t0.median``."""
    if isinstance(values, dict):
        return [
            pair for key, value in values.items() for pair in flatten_values(value, f"{name}.{key}" if name else key)
        ]
    if isinstance(values, list):
        return [(name, f"{len(values)} values")] if values else []
    return [(name, values)]


def _print_analysis(analysis: Any, *, as_json: bool) -> None:
    print_record(dict(analysis), repr(analysis), as_json=as_json)
