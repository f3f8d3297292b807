"""What a fit gives.

- supernova_fit: a finished fit, as notebooks use it
- callback_document: what a service posts back
- results: all numbers
- result_caveats: what to beware of in them
- netcdf: the draws as InferenceData
- light_curve_figure, predicted_light_curves: data, model and residuals
- corner_figure: the posterior
- png_images: figures as PNG
"""
