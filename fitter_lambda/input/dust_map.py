"""The dust map: reddening by our Galaxy, from Schlegel, Finkbeiner & Davis (1998, ApJ 500, 525).

The map is two files, north and south of the Galactic plane, in the directory that ``SFD_MAP_DIR`` names
(``/opt/sfd`` in the image). ``python -m fitter_lambda.input.dust_map DIR URL [SHA256]`` fills it from
an archive, at image build.
"""

import hashlib
import os
import shutil
import sys
import tarfile
import tempfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO

import requests
from sfdmap2.sfdmap import SFDMap

from fitter_lambda.errors import NoMapError

__all__ = ["MAP_NAME", "fill", "main", "reddening"]

MAP_NAME = (
    "SFD (Schlegel, Finkbeiner & Davis 1998), recalibrated by 0.86 (Schlafly & Finkbeiner 2011, ApJ 737, 103)"
)
FILES = ("SFD_dust_4096_ngp.fits", "SFD_dust_4096_sgp.fits")
_RECALIBRATION = 0.86
_DEFAULT_DIRECTORY = "/opt/sfd"
#: Nothing in the map is nearly as red.
_REDDEST = 200.0
_ORIGIN, _NORTH_POLE = (0.0, 0.0), (192.86, 27.13)
#: What the map says at the first of them, by the documentation of `sfdmap2`.
_AT_ORIGIN = 0.0318
_TIMEOUT = (20.0, 60.0)


def reddening(ra: float, dec: float) -> float:
    """E(B−V) towards a position (mag), interpolated in the map and recalibrated.

    Parameters
    ----------
    ra, dec : float
        Degrees (ICRS).

    Raises
    ------
    NoMapError
        There is no map here, or one that cannot be read.
    """
    return _look_up(Path(os.environ.get("SFD_MAP_DIR") or _DEFAULT_DIRECTORY), ra, dec)


def _look_up(directory: Path, ra: float, dec: float) -> float:
    if not all((directory / name).is_file() for name in FILES):
        raise NoMapError(
            "This deployment has no dust map, so the extinction is not known here; "
            "send the photometry as it is, or have the operators set SFD_MAP_DIR."
        )
    try:
        value = float(SFDMap(str(directory), scaling=_RECALIBRATION).ebv(ra, dec))
    except Exception as error:  # astropy raises whatever a broken file makes it stumble over
        raise NoMapError(f"The dust map here cannot be read ({type(error).__name__}).") from None
    if not 0 <= value < _REDDEST:
        raise NoMapError(f"The dust map here is damaged: it says E(B-V) = {value:.4g} mag.")
    return value


def fill(directory: Path, url: str, sha256: str = "") -> None:
    """Fetch an archive of the map, unpack it, and look whether it is one.

    Parameters
    ----------
    directory : Path
        Where the map's two files go; made if it is not there.
    url : str
        A tar archive that holds them, in whatever folder.
    sha256 : str, optional
        The archive's digest, in hexadecimal; not checked by default.

    Raises
    ------
    requests.RequestException
        The archive cannot be had.
    NoMapError
        It is another than expected, or does not hold the map.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile() as archive:
        actual = _download(url, archive)
        if sha256 and actual != sha256.lower():
            raise NoMapError(f"The archive's SHA-256 is {actual}, expected {sha256}.")
        _unpack(archive, directory)
    # both hemispheres, and a place where the answer is known
    known, _ = _look_up(directory, *_ORIGIN), _look_up(directory, *_NORTH_POLE)
    if abs(known - _AT_ORIGIN) > 1e-4:
        raise NoMapError(f"The map says E(B-V) = {known:.4f} at RA = Dec = 0, expected {_AT_ORIGIN}.")


def _download(url: str, archive: IO[bytes]) -> str:
    """Write what is at the URL into a file; returns its SHA-256."""
    digest = hashlib.sha256()
    with requests.get(url, stream=True, timeout=_TIMEOUT) as answer:
        answer.raise_for_status()
        for chunk in answer.iter_content(1024 * 1024):
            digest.update(chunk)
            archive.write(chunk)
    archive.seek(0)
    return digest.hexdigest()


def _unpack(archive: IO[bytes], directory: Path) -> None:
    try:
        with tarfile.open(fileobj=archive) as members:
            for member in members:
                name = PurePosixPath(member.name).name
                content = members.extractfile(member) if name in FILES else None
                if content is not None:
                    with content, (directory / name).open("wb") as file:
                        shutil.copyfileobj(content, file)
    except (tarfile.TarError, zlib.error, EOFError) as error:
        raise NoMapError(f"The archive cannot be unpacked ({type(error).__name__}).") from None


def main(arguments: list[str]) -> int:
    """Fill a directory: 0 also where the archive cannot be had, for builds far from it; 1 if it is wrong."""
    if not 2 <= len(arguments) <= 3:
        print("usage: python -m fitter_lambda.input.dust_map DIR URL [SHA256]", file=sys.stderr)
        return 2
    try:
        fill(Path(arguments[0]), *arguments[1:])
    except requests.RequestException as error:
        print(f"no dust map: the archive could not be fetched ({type(error).__name__})", file=sys.stderr)
        return 0
    except NoMapError as error:
        print(error, file=sys.stderr)
        return 1
    print("the dust map is in place", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
