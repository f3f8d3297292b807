"""What is known of a source.

``catalogue`` has the sources themselves, ``photometry`` their light curves (``rows`` reads what
was posted), ``spectra`` their spectra, ``instruments`` what they were observed with.
"""
