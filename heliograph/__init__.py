"""Heliograph for Python: a client of its portals, and a kit for analysis services.

In a notebook::

    from heliograph import Heliograph
    sky = Heliograph()
    fit = sky.source("2019dwz").analyze("Supernova fitter", source="salt3")
    fit.wait()
    fit.inference_data

Importing this package is quick: what is heavy (astropy, arviz, pandas, matplotlib) is imported where it is used.

- portal: `Heliograph` and `SkyPortal`, one portal each, as seen with one token
- copying: a source from one portal to another; publishing: an analysis that was made elsewhere
- source, analysis, batch, registered_services: what a portal has, with what can be done with it
- analysis_requests: what is checked before an analysis starts
- light_curve_tables, spectrum, sent_photometry: data as tables of astropy and pandas, and back
- pictures, posterior_files: figures of matplotlib and posteriors of arviz, and their files
- progress_bars: waiting with a bar
- lookups: groups, instruments, services by name
- records: fields as attributes, one line in a shell, HTML in a notebook; editable_records: those that can be changed
- shared_records: groups, telescopes, instruments, taxonomies and tokens of a portal
- plain_text: text of a portal, without control characters
- plain_values: values of numpy and astropy as JSON; NaN, masks and wrong units are refused
- connection: HTTP with a token; retries that start nothing twice; errors with the server's words
- credentials: where the address and the token come from
- errors: all exceptions
- service: the kit for analysis services; testing: a portal for their tests
- cli, __main__: the command `heliograph`, also as ``python -m heliograph``
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from heliograph.portal import Heliograph, SkyPortal

__version__ = "0.2.0"

__all__ = ["Heliograph", "SkyPortal", "__version__"]


def __getattr__(name: str) -> Any:
    """Import the portals when they are first used."""
    if name in ("Heliograph", "SkyPortal"):
        import heliograph.portal

        return getattr(heliograph.portal, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
