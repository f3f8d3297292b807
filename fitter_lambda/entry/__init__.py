"""The fit as a function and as a service.

- fitting: `fit` for notebooks, `fit_request` for all
- fitting_many: `fit_many` for notebooks, many light curves
- spectrum_fitting: `fit_spectrum` for notebooks
- spectrum_choice: what of a source's data a fit of its spectra takes
- spectrum_service: the spectrum fitter as a service of the kit
- supernova_service: the analysis service, which is declared and served by the kit `heliograph.service`
- compiled_code: what numba compiles, kept with the image
- image_templates: fills the image's directory of templates, at its build
"""
