"""The fit as a function and as a service.

- fitting: `fit` for notebooks, `fit_payload` for payloads
- spectrum_fitting: `fit_spectrum` for notebooks
- spectrum_service: the spectrum fitter as a service of the kit
- egress: outgoing HTTP to public addresses only
- compiled_code: what numba compiles, kept with the image
- image_templates: fills the image's directory of templates, at its build
"""
