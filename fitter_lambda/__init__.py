"""The supernova fitter: from a payload or a table with a light curve to a posterior.

From a notebook::

    from fitter_lambda import fit
    result = fit(photometry, source="salt3", z=0.046)

`fit_many` takes many light curves.

It is a service of its own, which imports nothing of the app; both use `heliograph_guards`. Entry points:

- handler: the container functions of the two queues (`handler.fit`) and of the renderer (`handler.render`)
- __main__: ``python -m fitter_lambda payload.json > document.json``

The rooms, from top to bottom; imports run downwards:

- entry: `fit` and `fit_many` as functions, and the service: queue, callbacks, storage, the image's templates
- renderer: the other half of the image: opens joblib and netCDF files, draws, computes
- spectrum: redshift, type and phase of a spectrum, all of it but its entries (`entry.spectrum_fitting`,
  `entry.spectrum_service`), see docs/spectrum.md
- output: results, netCDF, figures, the callback document
- engine: the mathematics, see docs/fitter.md
- input: payload, light curve, parameters, templates, dust map
- errors: all exceptions; arrays: their types; version: the fitter's version
"""

from typing import TYPE_CHECKING, Any

from fitter_lambda.version import __version__

if TYPE_CHECKING:
    from fitter_lambda.entry.fitting import fit
    from fitter_lambda.entry.fitting_many import fit_many

__all__ = ["__version__", "fit", "fit_many"]


def __getattr__(name: str) -> Any:
    """Import a function when it is first used: the handlers need other parts, or none of its libraries."""
    if name == "fit":
        from fitter_lambda.entry.fitting import fit

        return fit
    if name == "fit_many":
        from fitter_lambda.entry.fitting_many import fit_many

        return fit_many
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
