"""One command, one real analysis: ``make demo``.

Start the local stack unless it runs, load the demo data, have SN 2019dwz fitted with salt3 over HTTP, show
the progress, and save all results in ``demo-results/``.
"""

import base64
import json
import math
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from infra import PROJECT, demo_data
from infra.client import Api, DemoError
from infra.local.stack_settings import StackSettings

SOURCE = "2019dwz"
RESULTS = PROJECT / "demo-results"
TIMEOUT_SECONDS = 600.0

NEXT_STEPS = """
The stack stays up. Its API is at {url}, the administrator's token in {token_file}:

  import requests
  header = {{"Authorization": "token " + open("{token_file}").read()}}
  r = requests.get("{url}/obj/analysis/{analysis}", headers=header)
  print(r.json()["data"]["status"])

In a browser: {page}, signed in with that token.
`make stop` stops the stack; `make run` starts it again with all its records."""


def run_demo(api: Api, folder: Path) -> int:
    """Have the demo's supernova fitted, and save the results.

    Parameters
    ----------
    api : Api
        A running stack with the demo data.
    folder : Path
        Where the files go.

    Returns
    -------
    int
        The analysis.
    """
    services = api.get("/analysis_service")
    fitter = next(service["id"] for service in services if service["name"] == demo_data.FITTER)
    start = time.monotonic()
    request = {
        "analysis_parameters": {"source": "salt3", "fix_z": "True"},
        "show_parameters": True,
        "show_plots": True,
        "show_corner": True,
    }
    analysis = int(api.post(f"/obj/{SOURCE}/analysis/{fitter}", request)["id"])
    print(f"\nanalysis {analysis}: SN {SOURCE} by salt3, redshift fixed")
    _watch_progress(api, analysis)
    document = api.get_body(f"/obj/analysis/{analysis}?includeAnalysisData=True")["analysis"]
    results = api.get(f"/obj/analysis/{analysis}/results")
    print(f"done in {time.monotonic() - start:.1f} s\n")
    _print_parameters(results)
    files = {
        "inference_data.nc": base64.b64decode(document["inference_data"]["data"]),
        **{
            f"plot_{number}.{plot['type']}": base64.b64decode(plot["data"])
            for number, plot in enumerate(document["plots"])
        },
        "corner.png": api.get_file(f"/obj/analysis/{analysis}/corner"),
        "results.json": json.dumps(results, indent=2).encode(),
    }
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    print(f"\nsaved in {folder}/: {', '.join(files)}")
    return analysis


def _watch_progress(api: Api, analysis: int) -> None:
    """Print the progress of an analysis until it ends."""
    # On a terminal one line changes; elsewhere each change is a line.
    begin, end = ("\r", "") if sys.stdout.isatty() else ("", "\n")
    width = shutil.get_terminal_size().columns - 1 if sys.stdout.isatty() else 200
    deadline = time.monotonic() + TIMEOUT_SECONDS
    last_line = ""
    while time.monotonic() < deadline:
        state = api.get(f"/obj/analysis/{analysis}/status")
        line = f"  [{'#' * round(24 * (state['progress'] or 0)):<24}] {state['status']:<9} {state['message']}"
        if line != last_line:
            print(f"{begin}{line[:width]:<{len(last_line[:width])}}", end=end, flush=True)
            last_line = line
        if state["status"] not in ("queued", "pending"):
            print()
            break
        time.sleep(0.5)
    if state["status"] != "completed":
        raise DemoError(f"The analysis is {state['status']}: {state['message']} The logs are in .local/logs/.")


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
    url = f"{settings.url}/api"
    api = Api(url, settings.token_file.read_text().strip())
    try:
        print("\nloading the demo data")
        demo_data.load_demo_data(api, lambda line: print(f"  {line}"))
        analysis = run_demo(api, RESULTS)
    except DemoError as error:
        print(f"\nerror: {error}", file=sys.stderr)
        return 1
    page = f"{settings.url}/"
    print(NEXT_STEPS.format(url=url, token_file=settings.token_file, analysis=analysis, page=page))
    return 0


if __name__ == "__main__":
    sys.exit(main())
