"""What commands print: lines for people, or one JSON document; and the codes they exit with.

=====  =======================================================================
 code   meaning
=====  =======================================================================
   0    done
   1    the analysis failed, timed out or was cancelled; or another error
   2    the command was called with a wrong option or value; nothing was done
   3    no token is known, or the portal refuses it
   4    not there, or not visible to you
   5    the portal does not answer, is busy, or did not end in time; try again
 130    interrupted by Ctrl-C
=====  =======================================================================
"""

import functools
import json
import sys
from collections.abc import Callable
from typing import Any, ParamSpec

import click

from heliograph.errors import (
    ArgumentError,
    CredentialsError,
    DeclarationError,
    ForbiddenError,
    HeliographError,
    InputError,
    NoAnswerError,
    NotFoundError,
    NotSignedInError,
    RefusedError,
    UnavailableError,
    WaitTimeoutError,
)

FAILED = 1
INTERRUPTED = 130

EXIT_CODES: list[tuple[type[HeliographError], int]] = [
    (ArgumentError, 2),
    (DeclarationError, 2),
    (InputError, 2),
    (RefusedError, 2),
    (CredentialsError, 3),
    (NotSignedInError, 3),
    (ForbiddenError, 4),
    (NotFoundError, 4),
    (NoAnswerError, 5),
    (UnavailableError, 5),
    (WaitTimeoutError, 5),
]
"""By exception; all others are `FAILED`."""

_WIDEST = 60
"""Most characters of a cell; what is longer is cut, and ``--json`` has all of it."""

P = ParamSpec("P")


def report_errors(command: Callable[P, None]) -> Callable[P, None]:
    """Print an exception of the package on stderr, and exit with its code."""

    @functools.wraps(command)
    def run_command(*arguments: P.args, **options: P.kwargs) -> None:
        try:
            command(*arguments, **options)
        except HeliographError as error:
            click.echo(f"heliograph: {error}", err=True)
            sys.exit(get_exit_code(error))
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)

    return run_command


def get_exit_code(error: HeliographError) -> int:
    """Return the exit code for an exception."""
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), FAILED)


def json_option(command: Callable[..., None]) -> Callable[..., None]:
    """Add ``--json`` to a command."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(command)


def print_record(record: dict[str, Any], line: str, *, as_json: bool) -> None:
    """Print a record as JSON, or a line about it."""
    click.echo(_to_json(record) if as_json else clean_text(line))


def print_columns(records: list[dict[str, Any]], columns: list[str], *, as_json: bool) -> None:
    """Print records as JSON, or some of their fields in columns."""
    if as_json:
        click.echo(_to_json(records))
        return
    rows = [columns, *([_write_cell(record.get(name)) for name in columns] for record in records)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(columns))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def clean_text(text: str) -> str:
    """Replace characters that a terminal would obey: texts of a portal come from anyone."""
    return "".join(character if character.isprintable() or character == "\n" else "\ufffd" for character in text)


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _write_cell(value: Any) -> str:
    if value is None:
        return "-"
    text = f"{value:.8g}" if isinstance(value, float) else clean_text(str(value)).replace("\n", " ")
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
