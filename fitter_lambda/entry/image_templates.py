"""What the image holds of templates: ``python -m fitter_lambda.entry.image_templates DIR``, at its build.

Every source of sncosmo that can be had, in sncosmo's layout, and its grid; every bandpass, every magnitude
system.
"""

import shutil
import sys
from pathlib import Path

from fitter_lambda.engine.source_grid import GRIDS_FOLDER, load_source_grid, save_source_grid
from fitter_lambda.errors import TemplateError
from fitter_lambda.input.templates import (
    build_overlay,
    get_source_versions,
    iterate_files,
    list_bandpasses,
    list_local_sources,
    list_magnitude_systems,
    load_bandpasses,
    load_magnitude_systems,
)

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """Fill a directory; 1 when something could not be had, which is named."""
    if len(arguments) != 1:
        print("usage: python -m fitter_lambda.entry.image_templates DIR", file=sys.stderr)
        return 2
    target = Path(arguments[0])
    target.mkdir(parents=True, exist_ok=True)
    failed = _save_grids(target / GRIDS_FOLDER)
    failed.extend(sorted(load_bandpasses(list_bandpasses())[1].values()))
    systems = list_magnitude_systems()
    absent = set(systems) - set(load_magnitude_systems(systems))
    failed.extend(f"The magnitude system {name} could not be fetched." for name in sorted(absent))
    overlay = build_overlay()
    for path in iterate_files(overlay):
        copy = target / path.relative_to(overlay)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    print("\n" + ("\n".join(failed) or "all templates are in place"), file=sys.stderr)
    return 1 if failed else 0


def _save_grids(folder: Path) -> list[str]:
    """Lay out every source; returns what failed."""
    # those that are here first: where there is no network, the rest need not be tried
    names, failed = list(dict.fromkeys([*list_local_sources(), *get_source_versions()])), []
    for done, name in enumerate(names, start=1):
        print(f"\r{done} of {len(names)} sources", end="", file=sys.stderr, flush=True)
        try:
            save_source_grid(load_source_grid(name), folder)
        except TemplateError as error:
            failed.append(str(error))
            if "URLError" in str(error):
                break
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
