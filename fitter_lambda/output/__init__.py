"""What a fit gives.

- supernova_fit: a finished fit, as notebooks use it
- fit_collection: the fits of many light curves, and their table
- cosmology_row: a row of a Hubble diagram's table
- results: all numbers
- result_caveats: what to beware of in them
- netcdf: the draws as InferenceData
- predicted_light_curves, light_curve_contents: model, and all that the light-curve figure shows
- light_curve_figure, light_curve_header, light_curve_scales: that figure
- band_styles, parameter_labels: colours, markers and names, the same in all figures
- corner_figure: the posterior
- figure_files: figures as PNG, PDF and SVG
"""
