"""Sources and their data.

::

    source_records.py     sources: whether one is visible; saving, changing, showing them
    source_views.py       sources with the parts that a query asks for
    source_lists.py       lists of sources, a page at a time
    source_search.py      searches that no index answers, up to a limit
    source_filters.py     their conditions
    source_order.py       their orders
    source_parts.py       what the requester may see of a source besides its record
    source_distances.py   distances of sources, galactic coordinates
    cone_search.py        sources near a position
    source_existence.py   whether a source exists, by name or near a position
    favorites.py          the sources that a user marked as favourites
    source_deletion.py    removing a source from a group, deleting a source
    photometry.py         reading light curves and points
    photometry_range.py   points between two dates
    light_curve_files/    reading files of light curves, of any format
    photometry_files.py   files of light curves: what was understood of them, and saving it
    photometry_writing.py uploading, changing and deleting points
    photometry_sharing.py sharing points with more groups
    photometry_origins.py the origins of points
    photometry_rows.py    rows of photometry, and parsing them from a request
    photometry_blocks.py  rows to and from the blocks that store them
    magnitudes.py         magnitudes and fluxes, AB and Vega
    times.py              times in requests, as UTC and MJD
    phot_stat.py          PhotStats: a light curve in a few numbers
    periodogram.py        periodograms, made by the renderer
    spectra.py            spectra
    spectrum_bulk.py      spectra of many sources at once
    spectrum_files.py     spectra in ASCII files
    spectrum_search.py    lists of the spectra of all sources
    remarks.py            annotations, comments and classifications
    attachments.py        files of comments
    votes.py              votes on classifications
    classification_lists.py classifications of all sources, a page at a time
    taxonomies.py         taxonomies: the classes that a classification may name
    summaries.py          summaries that analyses write
    instruments.py        telescopes and instruments
"""
