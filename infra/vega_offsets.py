"""Compute the AB − Vega offsets that ``chalicelib/sources/vega.json`` holds.

::

    pip install --no-deps pyphot==2.1.1 astro-sedpy==0.4.1
    SNCOSMO_DATA_DIR=… python -m infra.vega_offsets

The offset of a bandpass is the AB magnitude of Vega in it, for a detector that counts photons. Vega is
CALSPEC's alpha_lyr_stis_011 (Bohlin, Hubeny & Rauch 2020, AJ 160, 21), which is part of pyphot. The
bandpasses are sncosmo's own where they can be loaded (its package, ``SNCOSMO_DATA_DIR``, the wheel
jax-bandflux, or its download); otherwise those of the same instrument in pyphot or sedpy, or a published
offset. Bandpasses without any of these are left out, and listed. Only data are read from the wheels.
"""

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fitter_lambda.input.templates import load_bandpasses

__all__ = ["main", "vega_offset"]

Array = npt.NDArray[np.float64]
Curve = tuple[Array, Array]
"""Wavelengths in Å, and the values at these."""

TABLE = Path(__file__).resolve().parents[1] / "chalicelib" / "sources" / "vega.json"
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
    "gaia::g": "gaia_g",
    "gaia::gbp": "gaia_bp",
    "gaia::grp": "gaia_rp",
}
"""sncosmo's names of bandpasses, and the names of the curves used instead."""

PUBLISHED = {"uvot::v": -0.01, "uvot::b": -0.13, "uvot::u": 1.02, "uvot::white": 0.80}
"""Breeveld et al. 2011, AIP Conf. Proc. 1358, 373, table 1."""


def vega_offset(bandpass: Curve, vega: Curve) -> float:
    """Return the AB magnitude of Vega in a bandpass.

    Parameters
    ----------
    bandpass : tuple of ndarray
        Wavelengths (Å), and the fraction of photons that the detector counts.
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


def load_identities() -> dict[str, Any]:
    """Return all names of bandpasses that sncosmo knows, with what identifies the bandpass."""
    from sncosmo.bandpasses import _BANDPASSES

    loaders = _BANDPASSES._loaders.items()
    return {name: (loader, tuple(args)) for (name, _), (loader, args, _) in loaders}


def load_curves(identities: dict[str, Any]) -> dict[str, Curve]:
    """Return the curves of the bandpasses that can be loaded; aliases share theirs."""
    loaded, _ = load_bandpasses(identities)
    curves = {name: (band.wave, band.trans) for name, band in loaded.items()}
    curves |= _load_pyphot({name: curve for name, curve in PYPHOT.items() if name not in curves})
    curves |= _load_sedpy({name: curve for name, curve in SEDPY.items() if name not in curves})
    names = {identity: name for name, identity in identities.items() if name in curves}
    return {name: curves[names[identity]] for name, identity in identities.items() if identity in names}


def _locate_data(package: str, folder: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        sys.exit(f"The package {package} is missing; the docstring of this module says how to install it.")
    return Path(spec.submodule_search_locations[0]) / folder


def _load_pyphot(curves: dict[str, str]) -> dict[str, Curve]:
    import h5py

    scale = {b"AA": 1.0, b"Angstrom": 1.0, b"angstrom": 1.0, b"nm": 10.0, b"um": 1e4}
    with h5py.File(_locate_data("pyphot", "libs") / "new_filters.hd5") as library:
        data = {name: library["filters"][curve] for name, curve in curves.items()}
        return {
            name: (columns["WAVELENGTH"] * scale[columns.attrs["WAVELENGTH_UNIT"]], columns["THROUGHPUT"])
            for name, columns in data.items()
        }


def _load_sedpy(curves: dict[str, str]) -> dict[str, Curve]:
    folder = _locate_data("sedpy", "data") / "filters"
    data = {name: np.genfromtxt(folder / f"{curve}.par") for name, curve in curves.items()}
    return {name: (columns[:, 0], columns[:, 1]) for name, columns in data.items()}


def main() -> int:
    """Write the table."""
    from astropy.io import fits

    spectrum = fits.getdata(_locate_data("pyphot", "libs") / "alpha_lyr_stis_011.fits", 1)
    vega = np.array(spectrum["WAVELENGTH"], dtype=float), np.array(spectrum["FLUX"], dtype=float)
    identities = load_identities()
    curves = load_curves(identities)
    offsets = PUBLISHED | {name: round(vega_offset(curve, vega), 4) for name, curve in curves.items()}
    TABLE.write_text(json.dumps(offsets, sort_keys=True, indent=1) + "\n")
    missing = ", ".join(sorted(identities.keys() - offsets.keys()))
    print(f"{len(offsets)} bandpasses; not available: {missing}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
