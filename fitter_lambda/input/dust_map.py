"""The dust map: reddening by our Galaxy, from Schlegel, Finkbeiner & Davis (1998, ApJ 500, 525).

The map is two files, north and south of the Galactic plane, in the directory that ``SFD_MAP_DIR`` names
(``/opt/sfd`` in the image). ``python -m fitter_lambda.input.dust_map DIR [URL]`` fills it from an archive when the
image is built. The files are known by their ids in git, which are SHA-1 digests.
"""

import functools
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

MAP_NAME = "SFD (Schlegel, Finkbeiner & Davis 1998), recalibrated by 0.86 (Schlafly & Finkbeiner 2011, ApJ 737, 103)"
#: The files, with their git ids in `ARCHIVE_URL`'s commit.
FILES = {
    "SFD_dust_4096_ngp.fits": "df94534e1e2b92ff308295ee364d4682a23e64ae",
    "SFD_dust_4096_sgp.fits": "d783f46849d793b479b4962135c7ff520115d914",
}
ARCHIVE_URL = "https://github.com/kbarbary/sfddata/archive/7a5fe7fadf086561ba4748756e59a4c51d0ec632.tar.gz"
_RECALIBRATION = 0.86
_DEFAULT_DIRECTORY = "/opt/sfd"
#: Larger values are not in the map.
_MAX_REDDENING = 200.0
#: RA and Dec of the test positions, one for each file.
_ORIGIN = (0.0, 0.0)
_NORTH_POLE = (192.86, 27.13)
#: E(B-V) at the origin, by the documentation of `sfdmap2`.
_REDDENING_AT_ORIGIN = 0.0318
_TIMEOUT = (20.0, 60.0)


def reddening(ra: float, dec: float) -> float:
    """Return E(B−V) towards a position (mag), interpolated in the map and recalibrated.

    Parameters
    ----------
    ra, dec : float
        Degrees (ICRS).

    Raises
    ------
    NoMapError
        There is no readable map here.
    """
    return _look_up(Path(os.environ.get("SFD_MAP_DIR") or _DEFAULT_DIRECTORY), ra, dec)


def _look_up(directory: Path, ra: float, dec: float) -> float:
    if not all((directory / name).is_file() for name in FILES):
        raise NoMapError(
            "This deployment has no dust map, so the extinction is not known here; "
            "send the photometry as it is, or have the operators set SFD_MAP_DIR."
        )
    try:
        written_at = tuple((directory / name).stat().st_mtime_ns for name in FILES)
        value = float(_open_map(directory, written_at).ebv(ra, dec))
    except Exception as error:  # astropy raises anything on a broken file
        raise NoMapError(f"The dust map here cannot be read ({type(error).__name__}).") from None
    if not 0 <= value < _MAX_REDDENING:
        raise NoMapError(f"The dust map here is damaged: it says E(B-V) = {value:.4g} mag.")
    return value


@functools.lru_cache(maxsize=1)
def _open_map(directory: Path, written_at: tuple[int, ...]) -> SFDMap:
    """Open the map; each hemisphere (64 MB) is read once, and again only after its file was written anew."""
    return SFDMap(str(directory), scaling=_RECALIBRATION)


def fill_directory(directory: Path, url: str = ARCHIVE_URL) -> None:
    """Fetch an archive of the map, unpack it, and check it.

    Parameters
    ----------
    directory : Path
        Where the map's two files go; created if missing.
    url : str, optional
        A tar archive that holds them, in any folder.

    Raises
    ------
    requests.RequestException
        The archive cannot be fetched.
    NoMapError
        The archive does not hold the map, or another version of it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile() as archive:
        _download(url, archive)
        _unpack(archive, directory)
    for name, git_id in FILES.items():
        _check_file(directory / name, git_id)
    _look_up(directory, *_NORTH_POLE)
    at_origin = _look_up(directory, *_ORIGIN)
    if abs(at_origin - _REDDENING_AT_ORIGIN) > 1e-4:
        raise NoMapError(f"E(B-V) = {at_origin:.4f} at RA = Dec = 0, expected {_REDDENING_AT_ORIGIN}.")


def _download(url: str, archive: IO[bytes]) -> None:
    with requests.get(url, stream=True, timeout=_TIMEOUT) as response:
        response.raise_for_status()
        for chunk in response.iter_content(1024 * 1024):
            archive.write(chunk)
    archive.seek(0)


def _check_file(path: Path, git_id: str) -> None:
    if not path.is_file():
        raise NoMapError(f"The archive does not hold {path.name}.")
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(1024 * 1024):
            digest.update(chunk)
    if digest.hexdigest() != git_id:
        raise NoMapError(f"{path.name} has the git id {digest.hexdigest()}, expected {git_id}: it is another file.")


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
    """Fill a directory; return 1 if the archive is wrong or cannot be fetched."""
    if not 1 <= len(arguments) <= 2:
        print("usage: python -m fitter_lambda.input.dust_map DIR [URL]", file=sys.stderr)
        return 2
    try:
        fill_directory(Path(arguments[0]), *arguments[1:])
    except requests.RequestException as error:
        print(f"no dust map: the archive could not be fetched ({type(error).__name__})", file=sys.stderr)
        return 1
    except NoMapError as error:
        print(error, file=sys.stderr)
        return 1
    print("the dust map is in place", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
