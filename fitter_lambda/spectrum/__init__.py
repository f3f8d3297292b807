"""Spectra: redshift, type and phase with a posterior, see docs/spectrum.md. Imports run downwards.

- __main__: ``python -m fitter_lambda.spectrum payload.json > document.json``
- finished_spectrum: a finished fit, as a notebook uses it
- spectrum_figure: the figure
- model_spectrum: the model beside the spectrum, for pages to draw
- spectrum_results: all numbers, netCDF
- spectrum_verdict: the verdict, one word and a sentence
- template_discrepancy: what templates lack, measured: ``python -m fitter_lambda.spectrum.template_discrepancy``
- error_scale: errors that are too small
- spectrum_inference: all models jointly
- spectrum_sampler: draws and evidence of one model
- mode_climbing: from the scan's maxima to the modes
- redshift_scan: all redshifts at once
- narrow_lines: redshifts of the host's narrow features
- marginal_likelihood: the density of spectra, linear parameters integrated out
- positive_coefficients: coefficients that are never negative
- linear_columns, host_components, stellar_features: what is added to a transient's light
- spectrum_models, spectrum_priors: the models and their priors
- phase_prior: what a light curve says of the phase
- light_maximum: the date of a light curve's maximum
- log_templates: templates in ln(wavelength)
- spectrum_masks, spectrum_table: a spectrum as it was sent, made ready
- spectrum_data: one spectrum, ready to be fitted
- column_kernels: loops over points and pixels, compiled
- log_grid: pixels in ln(wavelength)
- host_galaxies.csv: galaxies, with their source and licence
"""
