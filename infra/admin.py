"""Operator's commands, for the stage ``HELIOGRAPH_STAGE`` with the AWS credentials of the environment.

::

    python -m infra.admin administrator [NAME]     print a new token of an administrator; make the user if new
    python -m infra.admin ensure FILE              write such a token to FILE, unless FILE holds a valid one
    python -m infra.admin fitter-token             print the token that the fitter's endpoint requires
    python -m infra.admin migrate                  change records of an earlier version; `make deploy` does it
    python -m infra.admin replace-secret           replace the deployment secret; the present one stays valid beside it
"""

import secrets
import sys
from pathlib import Path

from chalicelib import people
from chalicelib.errors import HeliographError, UnauthorizedError
from chalicelib.fitter_endpoint import list_fitter_tokens
from chalicelib.secrets import replace_secret
from infra.migrations import run_migrations

ADMINISTRATOR = "admin"
SECRET_BYTES = 48


def ensure_token_file(file: Path) -> None:
    """Write an administrator's token to a file that only its owner can read.

    Parameters
    ----------
    file : Path
        The file. If it holds a valid token, it stays as it is.
    """
    if file.exists():
        try:
            people.authenticate(f"token {file.read_text().strip()}")
        except UnauthorizedError:
            pass
        else:
            return
    token = people.ensure_administrator(ADMINISTRATOR)
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".part")
    partial.touch(mode=0o600)
    partial.write_text(token)
    partial.replace(file)


def main(arguments: list[str]) -> int:
    """Run one command; see the module's docstring."""
    match arguments:
        case ["administrator"]:
            print(people.ensure_administrator(ADMINISTRATOR))
        case ["administrator", name]:
            print(people.ensure_administrator(name))
        case ["ensure", file]:
            run_migrations(print)
            ensure_token_file(Path(file))
        case ["fitter-token"]:
            print(list_fitter_tokens()[0])
        case ["migrate"]:
            run_migrations(print)
        case ["replace-secret"]:
            replace_secret(secrets.token_urlsafe(SECRET_BYTES))
            print("replaced; docs/runbook.md says what is left to do")
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except HeliographError as error:
        sys.exit(f"error: {error}")
