"""Compute the AB − Vega offsets once; the result is committed as ``chalicelib/sources/vega.json``.

::

    pip install --no-deps pyphot==2.1.1 astro-sedpy==0.4.1
    SNCOSMO_DATA_DIR=… python -m infra.vega_offsets

The offset of a bandpass is the AB magnitude of Vega in it, for a detector that counts photons. Vega is
CALSPEC's alpha_lyr_stis_011 (Bohlin, Hubeny & Rauch 2020, AJ 160, 21), which comes with pyphot. The
bandpasses are sncosmo's own if available (in its package, ``SNCOSMO_DATA_DIR``, the wheel jax-bandflux, or
its download). The others are replaced by those of the same instrument in pyphot or sedpy, or by a published
offset. Bandpasses that are not available anywhere are left out and listed. Only data of the wheels are read.
"""

import json
import sys
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fitter_lambda.input.templates import load_bandpasses
from infra import PROJECT

SNCOSMO_VERSION = "2.13.1"
"""`get_sncosmo_bandpasses` reads a private list of this version; a test compares it with the pin."""

Array = npt.NDArray[np.float64]
Curve = tuple[Array, Array]
"""Wavelengths in Å, and transmissions or flux densities."""

OFFSETS_FILE = PROJECT / "chalicelib" / "sources" / "vega.json"
LIGHT_SPEED = 2.99792458e18
"""Å/s."""

AB_ZERO = 3631e-23
"""The flux density of AB magnitude 0, in erg/s/cm²/Hz."""

WFC3 = "f218w f225w f275w f300x f336w f350lp f390w f438w f689m f763m f845m"
WFC3_IR = "f098m f105w f110w f125w f127m f139m f140w f153m f160w"
NIRCAM = (
    "f070w f090w f115w f150w f200w f277w f356w f444w f140m f162m f182m f210m f250m f300m f335m f360m "
    "f410m f430m f460m f480m"
)
ACS = ("f435w", "f475w", "f555w", "f606w", "f625w", "f775w", "f850lp")
PYPHOT = {
    **{band: f"HST_ACS_WFC_{band.upper()}" for band in ACS},
    **{f"uv{band}": f"HST_WFC3_{band.upper()}" for band in ("f814w", *ACS[1:])},
    **{f"nic{band}": f"HST_NIC2_{band.upper()}" for band in ("f110w", "f160w")},
    **{band: f"HST_WFC3_{band.upper()}" for band in f"{WFC3} {WFC3_IR}".split()},
    **{band: f"JWST_NIRCAM_{band.upper()}" for band in NIRCAM.split()},
    **{f"skymapper{band}": f"SkyMapper_{band}" for band in "ugriz"},
    **{f"2mass{band.lower()}": f"2MASS_{band}" for band in ("J", "H", "Ks")},
    "kepler": "KEPLER_Kp", "tess": "TESS", "gaia::grvs": "Gaia_rvs", "galex::fuv": "GALEX_FUV",
    "galex::nuv": "GALEX_NUV",
}  # fmt: skip
SEDPY = {
    **{f"lsst{band}": f"lsst_baseline_{band}" for band in "ugrizy"},
    **{f"f{band}w": f"jwst_f{band}w" for band in (560, 770, 1000, 1130, 1280, 1500, 1800, 2100, 2550)},
    **{f"f{band}": f"roman_wfi_f{band}" for band in ("062", "087", "106", "129", "146", "158", "184", "213")},
    **{f"uvot::uv{band}": f"uvot_{band}" for band in ("w1", "m2", "w2")},
    **{f"hsc::{band}": f"hsc_{band}" for band in "grizy"},
    "gaia::g": "gaia_g", "gaia::gbp": "gaia_bp", "gaia::grp": "gaia_rp",
}  # fmt: skip
"""sncosmo's names of bandpasses -> names of the curves that replace them."""

PUBLISHED = {"uvot::v": -0.01, "uvot::b": -0.13, "uvot::u": 1.02, "uvot::white": 0.80}
"""Breeveld et al. 2011, AIP Conf. Proc. 1358, 373, table 1."""


def vega_offset(bandpass: Curve, vega: Curve) -> float:
    """Return the AB magnitude of Vega in a bandpass.

    Parameters
    ----------
    bandpass : tuple of ndarray
        Wavelengths (Å), and the fraction of photons that is counted there.
    vega : tuple of ndarray
        Wavelengths (Å), and flux densities in erg/s/cm²/Å.
    """
    wave, transmission = bandpass
    vega_wave, vega_flux = vega
    inside = vega_wave[(vega_wave > wave[0]) & (vega_wave < wave[-1])]
    grid = np.unique(np.concatenate([np.linspace(wave[0], wave[-1], 20_000), wave, inside]))
    photons = np.interp(grid, wave, transmission) * grid
    flux = np.interp(grid, vega_wave, vega_flux)
    ratio = np.trapezoid(flux * photons, grid) / np.trapezoid(AB_ZERO * LIGHT_SPEED / grid**2 * photons, grid)
    return float(-2.5 * np.log10(ratio))


def get_sncosmo_bandpasses() -> dict[str, Any]:
    """Return sncosmo's names of bandpasses -> how it loads each; aliases load the same."""
    from sncosmo.bandpasses import _BANDPASSES

    return {name: (loader, tuple(args)) for (name, _), (loader, args, _) in _BANDPASSES._loaders.items()}


def _load_curves(names: dict[str, Any]) -> dict[str, Curve]:
    bandpasses, _ = load_bandpasses(names)
    curves = {name: (band.wave, band.trans) for name, band in bandpasses.items()}
    curves |= _load_pyphot_curves(PYPHOT.keys() - curves.keys())
    curves |= _load_sedpy_curves(SEDPY.keys() - curves.keys())
    loaders = {names[name]: name for name in names if name in curves}
    return {name: curves[loaders[loader]] for name, loader in names.items() if loader in loaders}


def _find_file(package: str, path: str) -> Path:
    """Return a file of an installed wheel; this module's docstring says how to install them."""
    return Path(str(distribution(package).locate_file(path)))


def _load_pyphot_curves(names: Iterable[str]) -> dict[str, Curve]:
    import h5py

    scale = {b"AA": 1.0, b"Angstrom": 1.0, b"angstrom": 1.0, b"nm": 10.0, b"um": 1e4}
    with h5py.File(_find_file("pyphot", "pyphot/libs/new_filters.hd5")) as library:
        columns = {name: library["filters"][PYPHOT[name]] for name in names}
        return {
            name: (column["WAVELENGTH"] * scale[column.attrs["WAVELENGTH_UNIT"]], column["THROUGHPUT"])
            for name, column in columns.items()
        }


def _load_sedpy_curves(names: Iterable[str]) -> dict[str, Curve]:
    folder = _find_file("astro-sedpy", "sedpy/data/filters")
    return {name: tuple(np.genfromtxt(folder / f"{SEDPY[name]}.par")[:, :2].T) for name in names}


def main() -> int:
    """Write the file of offsets."""
    from astropy.io import fits

    spectrum = fits.getdata(_find_file("pyphot", "pyphot/libs/alpha_lyr_stis_011.fits"), 1)
    vega = np.array(spectrum["WAVELENGTH"], dtype=float), np.array(spectrum["FLUX"], dtype=float)
    names = get_sncosmo_bandpasses()
    curves = _load_curves(names)
    offsets = PUBLISHED | {name: round(vega_offset(curve, vega), 4) for name, curve in curves.items()}
    OFFSETS_FILE.write_text(json.dumps(offsets, sort_keys=True, indent=1) + "\n")
    missing = sorted(names.keys() - offsets.keys())
    print(f"{len(offsets)} bandpasses; not available: {', '.join(missing)}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
