"""Reading files of light curves as they lie on disk: bytes in, rows as stored and a list of problems out.

::

    reader.py            a file to its points: the one entry
    file_bytes.py        bytes to text; files that are no text
    file_tables.py       a table as a file holds it: names, units and cells
    text_tables.py       tables with any separator and a header
    ipac_tables.py       tables with bars above the columns (IRSA)
    keyword_tables.py    SNANA, SALT2 lc2fit and sncosmo's ASCII: keywords, then rows
    aavso_files.py       AAVSO's extended format
    json_tables.py       JSON: Open Supernova Catalog, brokers, TNS
    surveys.py           what surveys and brokers mean by their columns
    column_names.py      which column holds which field
    column_plans.py      the columns that are read, and what qualifies their values
    cell_values.py       cells: numbers, blanks, limits, dates
    flux_units.py        units of flux, and zero points
    filter_names.py      names of filters, by survey, as sncosmo's bandpasses
    instrument_choice.py the instrument of a row, and its bandpass
    point_values.py      one row of cells as a row of photometry

A flux goes this way: its survey (`surveys`) or else its unit (`flux_units`) gives a zero point, chosen in
`column_plans`; `point_values` puts it beside the value, and `sources.photometry_rows.parse_row` makes µJy of both.

Only the standard library is used. Files for which it does not suffice (ECSV, VOTable, FITS) are opened by the
renderer; the caller passes a function for it.
"""
