"""Files of light curves: how they are read, and what was understood of them."""

from typing import Annotated

from msgspec import UNSET, UnsetType

from chalicelib.schemas.base import Query, View
from chalicelib.schemas.fields import Id, describe
from chalicelib.schemas.photometry import Number, RowIds

_DRY_RUN = "Save nothing: answer what was understood of the file."
_INSTRUMENT = "The instrument of rows that name none."
_MAGSYS = "The magnitude system of rows that name none, ab or vega."
_ZP = "The magnitude of a flux of 1, for rows that name none."
_SKIP = "Leave rows with problems out. Otherwise a problem stops the upload, and nothing is written."
_GROUPS = 'Who can see the points: ids of groups separated by commas, or "all". If left out, you alone.'
_COLUMNS = (
    "Which column holds a field, where its name does not say so: JSON. An empty text means that the field is not used."
)
_ROW = "The row, counted from 1 over the rows of data."


class FileQuery(Query):
    """How a file is read."""

    dry_run: Annotated[bool, describe(_DRY_RUN, True)] = False
    instrument_id: Annotated[Id | None, describe(_INSTRUMENT, 1)] = None
    magsys: Annotated[str, describe(_MAGSYS, "ab", max_length=20)] | None = None
    zp: Annotated[float | None, describe(_ZP, 23.9)] = None
    skip_problems: Annotated[bool, describe(_SKIP, False)] = False
    group_ids: Annotated[str, describe(_GROUPS, "1,4", max_length=1000)] | None = None
    columns: Annotated[str, describe(_COLUMNS, '{"mjd": "when"}', max_length=4000)] | None = None


class FileRow(View):
    """A row as it would be stored."""

    mjd: Annotated[float, describe("When it was observed, as modified Julian date.", 59303.3575)]
    filter: Annotated[str, describe("The bandpass, by sncosmo's name.", "ztfg")]
    instrument_id: Annotated[int, describe("The id of the instrument.", 1)]
    mag: Annotated[Number, describe("The magnitude (AB); null for a limit and for a negative flux.", 18.1)]
    magerr: Annotated[Number, describe("The standard error of the magnitude.", 0.05)]
    limiting_mag: Annotated[float, describe("The limiting magnitude (AB).", 20.3)]
    flux: Annotated[Number, describe("The flux, in µJy (AB); null for a limit.", 208.9)]
    fluxerr: Annotated[float, describe("The standard error of the flux, in µJy.", 9.6)]


class FileProblem(View):
    """A row that cannot be stored."""

    row: Annotated[int, describe(_ROW, 3)]
    message: Annotated[str, describe("What is wrong with it.", "mag: “18,4” has a decimal comma; write a point")]


class FileContent(View):
    """What was understood of a file."""

    format: Annotated[str, describe("The name of the format.", "ZTF forced photometry")]
    columns: Annotated[dict[str, str], describe("The column of each field, as written.", {"mjd": "jd"})]
    n_rows: Annotated[int, describe("The rows of data in the file.", 120)]
    rows: Annotated[list[FileRow], describe("The rows that can be stored, as they would be.")]
    problems: Annotated[list[FileProblem], describe("All other rows.")]
    ids: Annotated[RowIds | UnsetType, describe("The id of each saved row; absent in a dry run.", [17])] = UNSET
    upload_id: Annotated[str | UnsetType, describe("The id of this upload; absent in a dry run.", "upload-17")] = UNSET
