"""Fit the spectrum of a payload: ``python -m fitter_lambda.spectrum payload.json > document.json`` ("-" reads stdin).

Only the document goes to stdout, in one line; progress goes to stderr.
"""

import json
import sys
from pathlib import Path

from fitter_lambda.entry.spectrum_service import service
from heliograph.service.analysis_run import run_payload


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return 0, also for a document that says failure, or 2 for unusable input."""
    names = sys.argv[1:] if arguments is None else arguments
    if len(names) != 1:
        print("usage: python -m fitter_lambda.spectrum payload.json > document.json", file=sys.stderr)
        return 2
    try:
        text = sys.stdin.read() if names[0] == "-" else Path(names[0]).read_text(encoding="utf-8")
        payload = json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        print(f"Cannot read a JSON payload from {names[0]}: {error}", file=sys.stderr)
        return 2
    document = run_payload(service, payload, _print_progress)
    print(json.dumps(document, allow_nan=False))
    return 0


def _print_progress(fraction: float, message: str = "") -> None:
    print(f"{100 * fraction:3.0f} % {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
