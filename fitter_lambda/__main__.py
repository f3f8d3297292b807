"""Fit a supernova from the shell.

::

    python -m fitter_lambda payload.json > document.json      ("-" reads stdin)
    python -m fitter_lambda payload.json --repeat 5           seconds of each run to stderr, one a line
    python -m fitter_lambda parameters                        the table of parameters, as JSON

Only the document goes to stdout, in one line; progress goes to stderr.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from fitter_lambda.entry.supernova_service import service
from fitter_lambda.input.fit_parameters import PARAMETERS
from heliograph.service.analysis_run import run_payload


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return 0, also for a document that says failure, or 2 for unusable input."""
    parser = argparse.ArgumentParser(prog="python -m fitter_lambda", description=__doc__.splitlines()[0])
    parser.add_argument("payload", help='file with a payload, "-" for stdin, or the word "parameters"')
    parser.add_argument("--repeat", type=int, default=0, metavar="N", help="runs in one process, timed")
    options = parser.parse_args(arguments)
    if options.payload == "parameters":
        print(json.dumps(PARAMETERS))
        return 0
    try:
        name = options.payload
        payload = json.loads(sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        print(f"Cannot read a JSON payload from {options.payload}: {error}", file=sys.stderr)
        return 2
    if options.repeat <= 0:
        document = run_payload(service, payload, _print_progress)
    for _ in range(options.repeat):
        began = time.perf_counter()
        document = run_payload(service, payload)
        print(f"{time.perf_counter() - began:.3f}", file=sys.stderr, flush=True)
    print(json.dumps(document, allow_nan=False))
    return 0


def _print_progress(fraction: float, message: str = "") -> None:
    print(f"{100 * fraction:3.0f} % {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
