"""The supernova fitter: a payload of light-curve data in, a callback document with a posterior out.

It is a service of its own, which knows nothing of what calls it. What runs where::

    handler.fit      SQS record -> payload -> document -> callback      (container Lambda)
    handler.render   one of the renderer's tasks                        (container Lambda without permissions)
    python -m fitter_lambda payload.json > document.json                (shell)

and what is in it, top to bottom; imports run downwards, but for the renderer's of plot_corner::

    handler, __main__      entry points
    deliveries             one record of the queue
    service                a payload in, a document out, whatever the payload holds
    document               the answer: netCDF, plots, results
      netcdf, lightcurve, plot_lightcurve, plot_corner
    catalogue              `auto`: every source, ranked by its evidence
    report                 the results in numbers
    fit                    the whole fit of one source
    model                  a source's posterior: band fluxes, errors, priors
    engine                 the mathematics, a package of its own (see there, and docs/fitter.md)
    data                   what is fitted, whatever the source
    payload                what came in, checked
      photometry, parameters
    image                  templates and grids for the container image, at its build
    renderer               the other half of the image, a package of its own (see there)
    callback               delivery, tried again while that makes sense; progress
    inbox, egress, templates                     the edges: S3, outgoing HTTP, template files
    errors                 what can be wrong
"""

__all__ = ["__version__"]

__version__ = "2.0.0"
