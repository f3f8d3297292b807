"""One command, one real analysis: ``make demo``.

Start the local stack unless it runs, load the demo data, have SN 2019dwz fitted with salt3 over HTTP, show
the progress, and save all results in ``demo-results/``.
"""

import math
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from heliograph import Heliograph
from heliograph.errors import HeliographError
from heliograph.portal import Portal
from infra import PROJECT, demo_data
from infra.client import DemoError
from infra.local.stack_settings import StackSettings

SOURCE = "2019dwz"
RESULTS = PROJECT / "demo-results"
TIMEOUT_SECONDS = 600.0

NEXT_STEPS = """
The stack stays up at {url}, the administrator's token is in {token_file}. In Python:

  from heliograph import Heliograph
  sky = Heliograph("{url}", open("{token_file}").read())
  fit = sky.analysis({analysis})
  print(fit.message, fit.results["parameters"]["t0"])

In a browser: {page}, signed in with that token.
`make stop` stops the stack; `make run` starts it again with all its records."""


def run_demo(sky: Portal, folder: Path) -> int:
    """Have the demo's supernova fitted, and save the results.

    Parameters
    ----------
    sky : Portal
        A running stack with the demo data.
    folder : Path
        Where the files go.

    Returns
    -------
    int
        The analysis.
    """
    start = time.monotonic()
    fit = sky.source(SOURCE).analyze(demo_data.FITTER, source="salt3", fix_z=True)
    number = fit.get_number()
    print(f"\nanalysis {number}: SN {SOURCE} by salt3, redshift fixed", flush=True)
    fit.wait(timeout=TIMEOUT_SECONDS)
    files = [*fit.download(folder), fit.corner().save(folder / "corner.png")]
    print(f"done in {time.monotonic() - start:.1f} s\n")
    _print_parameters(fit.results)
    print(f"\nsaved in {folder}/: {', '.join(file.name for file in files)}")
    return number


def _print_parameters(results: dict[str, Any]) -> None:
    """Print the parameters with their errors, to two digits of the smaller error."""
    print(f"  {'':<8} {'median':>12} {'-':>10} {'+':>10} {'best fit':>12}")
    for name, estimate in results["parameters"].items():
        errors = [estimate["err_minus"], estimate["err_plus"]]
        smaller_error = min((error for error in errors if error), default=1.0)
        digits = max(0, 1 - math.floor(math.log10(smaller_error)))
        median, minus, plus, best = (
            f"{number:.{digits}f}" for number in (estimate["median"], *errors, estimate["best_fit"])
        )
        print(f"  {name:<8} {median:>12} {minus:>10} {plus:>10} {best:>12}")
    print(f"  chi2 = {results['chi2']:.1f} for {results['ndof']} degrees of freedom")


def main() -> int:
    """Run the demo; print an error if something is missing."""
    settings = StackSettings.from_environment()
    if subprocess.run([sys.executable, "-m", "infra.local", "start"], cwd=PROJECT, check=False).returncode:
        return 1
    sky = Heliograph(settings.url, settings.token_file.read_text())
    try:
        print("\nloading the demo data")
        demo_data.load_demo_data(sky, lambda line: print(f"  {line}"))
        analysis = run_demo(sky, RESULTS)
    except (DemoError, HeliographError) as error:
        print(f"\nerror: {error} The logs are in .local/logs/.", file=sys.stderr)
        return 1
    page = sky.analysis(analysis).url
    print(NEXT_STEPS.format(url=settings.url, token_file=settings.token_file, analysis=analysis, page=page))
    return 0


if __name__ == "__main__":
    sys.exit(main())
