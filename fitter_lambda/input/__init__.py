"""What a fit starts from.

- fit_request: what one fit starts from
- fit_parameters: all parameters, with defaults and checks
- light_curve: usable rows, in microjansky
- light_curve_rows: rows as they were sent, from CSV or a table
- row_cells: what a cell means, blank or a number, and names of columns
- templates: where sncosmo finds its files
- scratch_folder: a folder that lasts as long as its process
- sncosmo_registries: sncosmo's lists of sources, bandpasses, magnitude systems, column names
- dust_map: reddening by the Milky Way
"""
