"""Files of light curves, as they lie on disk."""

from typing import Any

from chalicelib.errors import BusyError, InvalidError, TooLargeError, UnavailableError
from chalicelib.routes.operations import Call, Routes
from chalicelib.routes.path_parameters import SourceId
from chalicelib.schemas.people import Acl
from chalicelib.schemas.photometry_files import FileContent, FileQuery
from chalicelib.sources import photometry_files

routes = Routes("photometry", "Photometry: upload and read light curves, change and delete points.")

FILE_ERRORS = (InvalidError, BusyError, TooLargeError, UnavailableError)


@routes.post(
    "/sources/{source_id}/photometry/file",
    Acl.UPLOAD_DATA,
    answers=FileContent,
    raises=FILE_ERRORS,
    is_remembered=False,
)
def upload_light_curve_file(call: Call, source_id: SourceId, query: FileQuery, body: bytes) -> dict[str, Any]:
    """Upload photometry of a source from a file.

    The body is the file as it lies on disk, or a form with one file, of at most 4 MB. Recognized are forced
    photometry of ZTF and ATLAS, Lasair, ALeRCE, ANTARES, Fink, ASAS-SN, AAVSO, TNS, the Open Supernova
    Catalog, SNANA, SALT2, sncosmo, ECSV, VOTable, FITS, IPAC, JSON, and tables with any separator. Send
    `dry_run=true` first: the answer shows each row as it would be stored. Observations that exist are
    accepted and keep their ids.
    """
    return photometry_files.upload_light_curve_file(call.requester, source_id, body, query)
