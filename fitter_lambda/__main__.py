"""The fitter from the shell.

::

    python -m fitter_lambda payload.json > document.json      ("-" reads stdin)
    python -m fitter_lambda payload.json --repeat 5           seconds of each run to stderr, one a line
    python -m fitter_lambda parameters                        the table of parameters, as JSON

Nothing but the document goes to stdout, one line; progress goes to stderr.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from fitter_lambda.input.fit_parameters import PARAMETERS

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns 0, also for a document that says failure, 2 for unusable input."""
    parser = argparse.ArgumentParser(prog="python -m fitter_lambda", description=__doc__.splitlines()[0])
    parser.add_argument("payload", help='file with a payload, "-" for stdin, or the word "parameters"')
    parser.add_argument("--repeat", type=int, default=0, metavar="N", help="runs in one process, timed")
    options = parser.parse_args(arguments)
    if options.payload == "parameters":
        print(json.dumps(PARAMETERS))
        return 0
    try:
        payload = _read(options.payload)
    except (OSError, ValueError, RecursionError) as error:
        print(f"Cannot read a JSON payload from {options.payload}: {error}", file=sys.stderr)
        return 2
    print(json.dumps(_run(payload, options.repeat), allow_nan=False))
    return 0


def _read(name: str) -> object:
    if name == "-":
        return json.load(sys.stdin)
    return json.loads(Path(name).read_text(encoding="utf-8"))


def _run(payload: object, repeat: int) -> dict[str, Any]:
    from fitter_lambda.entry.fitting import fit_payload

    document: dict[str, Any] = {}
    for _ in range(max(1, repeat)):
        began = time.perf_counter()
        document = fit_payload(payload, _ignore if repeat else _report)
        if repeat:
            print(f"{time.perf_counter() - began:.3f}", file=sys.stderr, flush=True)
    return document


def _report(fraction: float, message: str) -> None:
    print(f"{100 * fraction:3.0f} % {message}", file=sys.stderr, flush=True)


def _ignore(fraction: float, message: str) -> None:
    """Timed runs print their seconds only."""


if __name__ == "__main__":
    sys.exit(main())
