"""What is known of a source.

::

    catalogue.py         the sources themselves: saving, changing, showing them
    listing.py           lists of sources, a page at a time; sky.py finds those near a position
    removal.py           taking a source out of a group, or away
    photometry.py        light curves: rows.py reads what is posted
    spectra.py           spectra
    remarks.py           what annotations.py, comments.py and classifications.py have in common
    taxonomies.py        the classes that there are
    summaries.py         what analyses say of a source in words
    instruments.py       telescopes and instruments
"""
