"""The fit as a function and as a service.

- fitting: `fit` for notebooks, `fit_payload` for payloads
- egress: outgoing HTTP to public addresses only
- compiled_code: what numba compiles, kept with the image
- image_templates: fills the image's directory of templates, at its build
"""
