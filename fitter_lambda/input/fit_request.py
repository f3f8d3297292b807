"""What one fit starts from: rows of photometry, redshift, position, parameters."""

from dataclasses import dataclass, field

from fitter_lambda.errors import PayloadError
from fitter_lambda.input.fit_parameters import Parameters
from fitter_lambda.input.light_curve_rows import Row

_MAX_REDSHIFT = 5.0


@dataclass(frozen=True)
class FitRequest:
    """What one fit starts from, whether it came as a payload or as a table.

    Attributes
    ----------
    rows : list of Row
        Photometry as it was sent.
    parameters : Parameters
    redshift, redshift_error : float or None
        None where unknown.
    position : tuple of float, or None
        Right ascension and declination (degrees).
    resource_id : str
        The source's id, for titles.
    dereddened : bool
        Whether the sender has corrected the photometry for extinction by the Milky Way.
    unused_columns : list of str
        Columns of the photometry that mean nothing to the fitter.

    Raises
    ------
    PayloadError
        The redshift, its error or the position is out of range, or `fix_z` is True without a redshift.
    """

    rows: list[Row]
    parameters: Parameters
    redshift: float | None = None
    redshift_error: float | None = None
    position: tuple[float, float] | None = None
    resource_id: str = ""
    dereddened: bool = False
    unused_columns: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Check ranges."""
        z, error = self.redshift, self.redshift_error
        if z is not None and not 0 < z <= _MAX_REDSHIFT:
            raise PayloadError(f"The redshift is {z:g}; expected one above 0 and up to {_MAX_REDSHIFT:g}.")
        if error is not None and not 0 <= error <= _MAX_REDSHIFT:
            raise PayloadError(f"The redshift error is {error:g}; expected one from 0 to {_MAX_REDSHIFT:g}.")
        if self.position is not None and not (abs(self.position[0]) <= 360 and abs(self.position[1]) <= 90):
            raise PayloadError("The position is out of range; expected ra and dec in degrees.")
        if self.parameters.fix_z and z is None:
            raise PayloadError("fix_z is True but the source has no redshift; set one, or use fix_z=False.")
