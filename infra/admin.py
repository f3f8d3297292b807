"""Commands for operators: the first administrator, the fitter's token.

::

    python -m infra.admin administrator [NAME]     a new token of an administrator, made if need be
    python -m infra.admin ensure FILE              the same, kept in FILE; a token there that works stays
    python -m infra.admin fitter-token             what the supernova fitter's door asks for

They act on the stage ``HELIOGRAPH_STAGE`` with the AWS credentials of the environment.
"""

import sys
from pathlib import Path

from chalicelib import people
from chalicelib.errors import HeliographError, UnauthorizedError
from chalicelib.fitter_endpoint import get_fitter_token

__all__ = ["ensure_administrator", "main"]

ADMINISTRATOR = "admin"


def ensure_administrator(token_file: Path) -> None:
    """Keep the token of an administrator in a file that only its owner can read.

    Parameters
    ----------
    token_file : Path
        Where the bare text of the token goes. A token that is there and works is left alone.
    """
    if token_file.exists():
        try:
            people.authenticate(f"token {token_file.read_text().strip()}")
        except UnauthorizedError:
            pass
        else:
            return
    token = people.ensure_administrator(ADMINISTRATOR)
    token_file.parent.mkdir(parents=True, exist_ok=True)
    partial = token_file.with_suffix(".part")
    partial.touch(mode=0o600)
    partial.write_text(token)
    partial.replace(token_file)


def main(arguments: list[str]) -> int:
    """Run one command; see the module's docstring."""
    match arguments:
        case ["administrator", *names] if len(names) <= 1:
            print(people.ensure_administrator(*(names or [ADMINISTRATOR])))
        case ["ensure", file]:
            ensure_administrator(Path(file))
        case ["fitter-token"]:
            print(get_fitter_token())
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except HeliographError as error:
        sys.exit(f"error: {error}")
