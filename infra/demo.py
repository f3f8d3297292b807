"""One command, one real analysis: ``make demo``.

Starts the local stack unless it runs, loads the demo data, has SN 2019dwz fitted with salt3 over
HTTP, shows how far it is, fetches everything back and keeps it in ``demo-results/``.
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

from infra import demo_data
from infra.client import Api, DemoError
from infra.local.settings import PROJECT, Settings

__all__ = ["main", "run"]

SOURCE = "2019dwz"
RESULTS = PROJECT / "demo-results"
PATIENCE = 600.0
"""Seconds after which a demo that has not ended is said to hang."""

HOW_TO_GO_ON = """
The stack stays up. Its API is at {url}, the administrator's token in {token_file}:

  import requests
  header = {{"Authorization": "token " + open("{token_file}").read()}}
  r = requests.get("{url}/obj/analysis/{analysis}", headers=header)
  print(r.json()["data"]["status"])

In a browser: {page}, signed in with that token.
`make stop` stops the stack; `make run` starts it again with all that it holds."""


def run(api: Api, folder: Path) -> int:
    """Have the demo's supernova fitted and keep what comes back.

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
    fitter = next(s["id"] for s in api.get("/analysis_service") if s["name"] == demo_data.FITTER)
    started = time.monotonic()
    wanted = {
        "analysis_parameters": {"source": "salt3", "fix_z": "True"},
        "show_parameters": True,
        "show_plots": True,
        "show_corner": True,
    }
    analysis = int(api.post(f"/obj/{SOURCE}/analysis/{fitter}", wanted)["id"])
    print(f"\nanalysis {analysis}: SN {SOURCE} by salt3, redshift fixed")
    _watch(api, analysis)
    whole = api.whole(f"/obj/analysis/{analysis}?includeAnalysisData=True")
    results = api.get(f"/obj/analysis/{analysis}/results")
    print(f"done in {time.monotonic() - started:.1f} s\n")
    _show(results)
    names = _keep(api, analysis, whole["analysis"], results, folder)
    print(f"\nkept in {folder}/: {', '.join(names)}")
    return analysis


def _watch(api: Api, analysis: int) -> None:
    """Show how far the analysis is until it has ended."""
    # On a terminal it is one line that changes, elsewhere a line for each change.
    begin, end = ("\r", "") if sys.stdout.isatty() else ("", "\n")
    width = shutil.get_terminal_size().columns - 1 if sys.stdout.isatty() else 200
    deadline, last = time.monotonic() + PATIENCE, ""
    while time.monotonic() < deadline:
        now = api.get(f"/obj/analysis/{analysis}/status")
        line = f"  [{'#' * round(24 * (now['progress'] or 0)):<24}] {now['status']:<9} {now['message']}"
        if line != last:
            print(f"{begin}{line[:width]:<{len(last[:width])}}", end=end, flush=True)
            last = line
        if now["status"] not in ("queued", "pending"):
            print()
            break
        time.sleep(0.5)
    if now["status"] != "completed":
        raise DemoError(f"The analysis is {now['status']}: {now['message']} The logs are in .local/logs/.")


def _show(results: dict[str, Any]) -> None:
    """Print the parameters with their errors, to two digits of the smaller error."""
    print(f"  {'':<8} {'median':>12} {'-':>10} {'+':>10} {'best fit':>12}")
    for name, value in results["parameters"].items():
        numbers = [value[key] for key in ("median", "err_minus", "err_plus", "best_fit")]
        smaller = min(number for number in numbers[1:3] if number) if any(numbers[1:3]) else 1.0
        digits = max(0, 1 - math.floor(math.log10(smaller)))
        median, minus, plus, best = (f"{number:.{digits}f}" for number in numbers)
        print(f"  {name:<8} {median:>12} {minus:>10} {plus:>10} {best:>12}")
    print(f"  chi2 = {results['chi2']:.1f} for {results['ndof']} degrees of freedom")


def _keep(
    api: Api, analysis: int, document: dict[str, Any], results: dict[str, Any], folder: Path
) -> list[str]:
    """Write the files of an analysis, decoded as the mission document shows it."""
    folder.mkdir(exist_ok=True)
    files = {"inference_data.nc": base64.b64decode(document["inference_data"]["data"])}
    for number, plot in enumerate(document["plots"]):
        files[f"plot_{number}.{plot['type']}"] = base64.b64decode(plot["data"])
    files["corner.png"] = api.file(f"/obj/analysis/{analysis}/corner")
    files["results.json"] = json.dumps(results, indent=2).encode()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return list(files)


def main() -> int:
    """Run the demo; say what is missing if something is."""
    settings = Settings.from_environment()
    if subprocess.run([sys.executable, "-m", "infra.local", "start"], cwd=PROJECT, check=False).returncode:
        return 1
    url = f"{settings.url}/api"
    api = Api(url, settings.token_file.read_text().strip())
    try:
        print("\nloading the demo data")
        demo_data.load(api, lambda line: print(f"  {line}"))
        analysis = run(api, RESULTS)
    except DemoError as error:
        print(f"\nerror: {error}", file=sys.stderr)
        return 1
    page = f"{settings.url}/"
    print(HOW_TO_GO_ON.format(url=url, token_file=settings.token_file, analysis=analysis, page=page))
    return 0


if __name__ == "__main__":
    sys.exit(main())
