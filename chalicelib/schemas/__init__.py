"""What requests and answers may hold: one module per resource.

- ``base``: parse requests, with messages that name the field
- ``expectations``: what was wrong with a value and what was expected, in plain words
- ``favorites``: favourite sources
- ``fields``: describe fields; types of fields that several modules use
- ``analyses``: starting, calling back, uploading, listing and reading analyses
- ``batches``: the same analysis for many sources
- ``credentials``: the credentials of a service by authentication type
- ``dead_letters``: messages whose processing failed too often
- ``default_analyses``: analyses that start automatically
- ``failure``: the envelope of an error
- ``figures``: the pictures that are drawn of an analysis
- ``health``: whether a deployment does its work
- ``instruments``: telescopes and instruments
- ``payload``: the request that an analysis service receives
- ``people``: users, groups and tokens
- ``periodogram``: periodograms
- ``phot_stat``: the statistics of a light curve
- ``photometry``: points of photometry
- ``photometry_files``: files of light curves, and what was understood of them
- ``remarks``: annotations, comments and classifications
- ``services``: analysis services
- ``sharing``: sharing photometry and spectra with more groups
- ``sources``: sources and their lists
- ``spectra``: spectra
- ``taxonomies``: the classes that sources are classified by
"""
