"""Code that numba compiles, kept with the image: ``python -m fitter_lambda.entry.compiled_code``, at its build.

It fits made-up light curves and a spectrum, so that all that a fit needs is compiled into ``NUMBA_CACHE_DIR``. In
Lambda only /tmp is writable, so `provide_compiled_code` copies it there; a container that compiled for itself would
start seconds later.
"""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

#: Folder of the image with the compiled code.
COMPILED_DIR = "FITTER_COMPILED_DIR"
#: SALT has two linear parameters, a template has one; both sources come with the fitter.
_SOURCES = ("salt3", "hsiao-subsampled")
_BANDS = ("ztfg", "ztfr")


def provide_compiled_code() -> None:
    """Copy the image's compiled code to where numba looks for it, unless something is there already."""
    source = os.environ.get(COMPILED_DIR)
    target = os.environ.get("NUMBA_CACHE_DIR")
    if source and target and not Path(target).exists():
        shutil.copytree(source, target)


def main() -> int:
    """Fit light curves of every kind that leads to other types of arrays, and a spectrum."""
    from fitter_lambda.entry.fitting import fit
    from fitter_lambda.entry.spectrum_fitting import fit_spectrum

    for source in _SOURCES:
        for z in (0.05, None):
            for has_limits in (True, False):
                fit(_make_light_curve(has_limits), source=source, z=z, z_max=0.2, n_draws=100)
    wave = [4000.0 + 10 * i for i in range(400)]
    fit_spectrum({"wavelength": wave, "flux": [1 + (i % 7) / 100 for i in range(400)]}, _SOURCES[0], n_draws=100)
    print("the compiled code is in place", file=sys.stderr)
    return 0


def _make_light_curve(has_limits: bool) -> dict[str, list[Any]]:
    """Return a light curve that rises and falls; with limits, its first rows have no flux."""
    import numpy as np

    time = np.repeat(np.arange(58590.0, 58640.0, 5.0), len(_BANDS))
    flux = 250 * np.exp(-0.5 * ((time - 58607) / 11) ** 2)
    if has_limits:
        flux[:4] = np.nan
    return {
        "time": time.tolist(), "band": list(_BANDS) * (len(time) // len(_BANDS)), "flux": flux.tolist(),
        "fluxerr": [15.0] * len(time),
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
