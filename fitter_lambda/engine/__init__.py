"""The mathematics of the fit, a step a module; docs/fitter.md states the whole.

::

    sampler, nested        independent draws, and the evidence
    weights                what weighted draws are worth
    search                 every mode
    posterior              the density, with the linear parameters solved for
    linear                 their mode, given all others
    likelihood, priors     what its factors are
    scatter                SALT's own covariance
    bandflux, general      fluxes of rows: by matrix products, or by sncosmo
    peak                   peak magnitudes and decline rates
    grid                   a source on a grid
    interpolation          between its knots
"""
