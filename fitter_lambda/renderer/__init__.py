"""The renderer: opens files that must not be opened beside secrets, draws, and computes.

A container function without any AWS permission: it reads and writes presigned URLs in its event.

- tasks: one event, one answer
- limited_process: work in a child process with limits of memory, time and output
- byte_budget: what a document may take, counted before it is taken
- joblib_files, pickle_machine, pickle_vocabulary, json_values: joblib files of anyone as JSON
- json_documents: JSON of anyone
- figure_options: options of pictures
- netcdf_groups: groups of a netCDF file of anyone
- corner_options, corner_samples: the input of a corner plot, which output.corner_figure draws
- light_curve_group: the input of a light curve, which output.light_curve_figure draws
- posterior_plots, posterior_groups: plots of the posterior, and what they are drawn from
- periodogram, lomb_scargle, nonuniform_fft: light curves to periodograms
- period_peaks: the highest peaks, the errors of their frequencies
- period_aliases, prewhitening, period_roles: which peaks another one makes through the sampling
- period_caveats: aliases, ends of the range and chance, said beside each period
- dereddening: photometry without the extinction of our Galaxy
- library_tables: tables that astropy reads, as JSON columns
- option_checks: options as a query string or a body sends them
- presigned_urls: sources and products
"""
