"""The fit as a function and as a service.

- fitting: `fit` for notebooks, `fit_request` for all
- supernova_service: the analysis service, which is declared and served by the kit `heliograph.service`
- compiled_code: what numba compiles, kept with the image
- image_templates: fills the image's directory of templates, at its build
"""
