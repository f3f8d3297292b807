"""Commands for those who write a service."""

import webbrowser
from pathlib import Path
from typing import Any

import click

from heliograph.cli.command_output import json_option, print_columns, print_record, report_errors
from heliograph.cli.portal_commands import flatten_values, parse_parameters
from heliograph.connection import Connection
from heliograph.credentials import find_credentials

_DEFAULT_PORT = 6800
_file_argument = click.argument("file", type=click.Path(exists=True, dir_okay=False))
_token_option = click.option(
    "--service-token",
    envvar="HELIOGRAPH_SERVICE_TOKEN",
    help="What the portal has to send; needed for a SkyPortal, which signs nothing. [HELIOGRAPH_SERVICE_TOKEN]",
)


@click.group("service")
def service_group() -> None:
    """Serve, register and try analysis services that are written with heliograph.service."""


@service_group.command("run")
@_file_argument
@click.option("--portal", "portals", multiple=True, help="Who may send analyses; several times for several portals.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=_DEFAULT_PORT, show_default=True, help="Where to listen."
)
@click.option("--workers", type=click.IntRange(1), help="Analyses at a time; one for each processor by default.")
@click.option(
    "--spool", type=click.Path(file_okay=False, path_type=Path), help="Folder for what is not called back yet."
)
@_token_option
@report_errors
def run_service(file: str, portals: tuple[str, ...], service_token: str | None, **options: Any) -> None:
    """Serve the service in FILE until Ctrl-C.

    Its portals are those that are named, else the one of HELIOGRAPH_URL or `heliograph login`. Callbacks go to these
    alone.
    """
    from heliograph.service import serve

    serve(file, portals=portals or (find_credentials().url,), token=service_token, **options)


@service_group.command("register")
@_file_argument
@click.option(
    "--url", default=f"http://localhost:{_DEFAULT_PORT}", show_default=True, help="Where the portal reaches it."
)
@_token_option
@json_option
@report_errors
def register_service(file: str, url: str, service_token: str | None, as_json: bool) -> None:
    """Register the service in FILE in the portal, or bring its registration up to date."""
    from heliograph.service import load_service, register

    loaded = load_service(file)
    connection = Connection(find_credentials())
    registration = register(loaded, connection, url, token=service_token)
    record = {"id": registration.service_id, "is_new": registration.is_new, "portal": connection.url, "url": url}
    verb = "registered" if registration.is_new else "updated"
    line = f"{loaded.name}: {verb} in {connection.url} as service {registration.service_id}, called at {url}."
    print_record(record, line, as_json=as_json)


@service_group.command("try", context_settings={"ignore_unknown_options": True})
@_file_argument
@click.argument("source")
@click.argument("parameters", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default="trial",
    show_default=True,
    help="For the plots.",
)
@click.option("--no-open", is_flag=True, help="Do not open the plots.")
@json_option
@report_errors
def try_service(
    file: str, source: str, parameters: tuple[str, ...], folder: Path, no_open: bool, as_json: bool
) -> None:
    """Run the service in FILE here, on the data of SOURCE; nothing is registered or sent.

    PARAMETERS are written as n_harmonics=6 or --n-harmonics 6.
    """
    from heliograph.service import load_service, try_locally
    from heliograph.service.local_trial import save_plots

    connection = Connection(find_credentials())
    result = try_locally(load_service(file), connection, source, parse_parameters(parameters), _print_progress)
    plots = save_plots(result, folder)
    if as_json:
        print_record({"message": result.message, "results": result.results, "plots": plots}, "", as_json=True)
        return
    if result.message:
        click.echo(result.message)
    rows = [{"name": name, "value": value} for name, value in flatten_values(dict(result.results or {}))]
    print_columns(rows, ["name", "value"], as_json=False)
    for plot in plots:
        click.echo(str(plot))
        if not no_open:
            webbrowser.open(plot.resolve().as_uri())


@service_group.command("lambda")
@_file_argument
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@json_option
@report_errors
def write_lambda(file: str, folder: Path, as_json: bool) -> None:
    """Write to FOLDER what deploys the service in FILE as a container Lambda behind a queue."""
    from heliograph.service import write_lambda_files

    files = write_lambda_files(file, folder)
    print_record({"files": files}, "\n".join(map(str, files)), as_json=as_json)


def _print_progress(fraction: float, message: str = "") -> None:
    click.echo(f"{100 * fraction:3.0f} % {message}", err=True)
