"""The mathematics of the fit, one step in each module; docs/fitter.md has the whole. Imports run downwards.

- template_ranking: `auto`: rank all local sources by their evidence
- none_of_these: the evidence of a light curve of no supernova
- robust_comparison: a second fit of strange data
- model_verdict: good, doubtful or refuted
- baseline_offsets: light of the host that was not subtracted
- prior_tension: whether such a supernova is known
- misfit: how often data of the model fit no better
- fit: the whole fit of one source; the best fit
- nested_sampling: draws and evidence of slow sources
- importance_sampling: draws and evidence of all others
- student_mixture: what draws are proposed from
- importance_weights: diagnostics of weighted draws, resampling
- scatter_freezing: SALT's covariance held at the best fit
- mode_search: every mode of the posterior
- posterior_builder: the posterior of one source, from data and parameters
- fit_data: rows, dust and redshift of one supernova
- posterior: the density of theta, with the linear parameters solved for or drawn
- linear_parameters: the mode of the linear parameters at given theta
- likelihood: the density of the rows
- row_prediction: fluxes and variances that a model predicts for rows
- row_kernels: loops over points and rows, compiled
- salt_scatter: SALT's own covariance
- rows: the rows of a light curve
- sncosmo_fluxes: band fluxes by sncosmo, point by point
- bandflux: band fluxes by interpolation; peaks
- priors: priors of redshift, linear parameters and shapes; to add a prior, start here (`posterior_builder` chooses,
  `input.fit_parameters` names the choice)
- supernova_classes: magnitudes and rates of the classes
- distances: distance modulus and volume
- linear_coordinates: coordinates in which the linear parameters are nearly Gaussian
- linear_algebra: products and inverses of many small matrices
- peak_magnitudes: peaks and decline rates in rest-frame B
- band_integrals: integrals through bandpasses
- source_grid: a source on a grid of phases and wavelengths
- sncosmo_internals: sncosmo's private attributes
- interpolation: interpolation between uniform knots
"""
