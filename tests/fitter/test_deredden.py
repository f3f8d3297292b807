"""Dereddening: the map is read where it should be, the law is Fitzpatrick's, the columns go together."""

import csv
import io
import json
import math
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sncosmo
from astropy.coordinates import SkyCoord
from astropy.io import fits
from hypothesis import given, settings, strategies as st

from fitter_lambda.errors import NoMapError, RenderError
from fitter_lambda.input import dust_map
from fitter_lambda.input.templates import load_bandpasses
from fitter_lambda.renderer.dereddening import compute_band_extinction, deredden_inputs
from tests.fitter.conftest import Server
from tests.fitter.light_curves import COLUMNS
from tests.fitter.rendering import json_product, render

#: The real files have 4096 pixels a side.
SIDE = 128
POSITION = {"ra": 190.0, "dec": 20.0}


def write_map(directory: Path, north: Any = 0.1, south: Any = 0.2) -> None:
    """Both files in the layout of the real ones: zenithal equal-area, poles in the middle."""
    directory.mkdir(exist_ok=True)
    for name, sign, value in (("ngp", 1, north), ("sgp", -1, south)):
        hdu = fits.PrimaryHDU(np.broadcast_to(np.asarray(value, dtype=">f4"), (SIDE, SIDE)))
        hdu.header.update(CRPIX1=SIDE / 2 + 0.5, CRPIX2=SIDE / 2 + 0.5, LAM_NSGP=sign, LAM_SCAL=SIDE // 2)
        hdu.writeto(directory / f"SFD_dust_4096_{name}.fits", overwrite=True)


@pytest.fixture(autouse=True)
def sfd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "sfd"
    write_map(directory)
    monkeypatch.setenv("SFD_MAP_DIR", str(directory))
    return directory


def document(*rows: dict[str, Any], **resource: Any) -> dict[str, Any]:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return {
        "inputs": {"photometry": text.getvalue(), "redshift": "redshift\n0.1\n", "analysis_parameters": {"a": 1}},
        "analysis_parameters": {"a": 1},
        "resource_id": "SN",
        "resource": {**POSITION, **resource},
    }


DETECTED = {
    "mjd": "59000.25", "flux": "100.0", "fluxerr": "5.0", "mag": "18.9", "magerr": "0.05", "filter": "ztfr",
    "magsys": "ab", "limiting_mag": "20.96", "zp": "23.9", "instrument_name": "ZTF, really",
    "predicted_mag": "19.1",
}  # fmt: skip
LIMIT = {"mjd": "58999.5", "fluxerr": "8.0", "filter": "ztfg", "magsys": "ab", "limiting_mag": "20.4", "zp": "23.9"}


def rows_of(answer: dict[str, Any]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer["inputs"]["photometry"])))


def test_flux_and_magnitudes_are_corrected_alike(server: Server) -> None:
    source = document(DETECTED, LIMIT)
    assert render(server, json.dumps(source).encode(), "deredden") == {"ok": True}
    answer = json_product(server)
    extinction = answer["extinction"]
    assert extinction["ebv"] == pytest.approx(0.86 * 0.1)
    assert "SFD" in extinction["map"] and "0.86" in extinction["map"] and "Fitzpatrick" in extinction["law"]
    red, green = extinction["a"]["ztfr"], extinction["a"]["ztfg"]
    assert 0.15 < red < green < 0.35
    detected, limit = rows_of(answer)
    assert float(detected["flux"]) == pytest.approx(100 * 10 ** (0.4 * red))
    assert float(detected["fluxerr"]) == pytest.approx(5 * 10 ** (0.4 * red))
    assert float(detected["mag"]) == pytest.approx(18.9 - red)
    assert float(detected["mag"]) == pytest.approx(23.9 - 2.5 * math.log10(float(detected["flux"])), abs=1e-6)
    assert float(detected["limiting_mag"]) == pytest.approx(20.96 - red)
    assert float(detected["predicted_mag"]) == pytest.approx(19.1 - red)
    assert float(limit["fluxerr"]) == pytest.approx(8 * 10 ** (0.4 * green))
    assert float(limit["limiting_mag"]) == pytest.approx(20.4 - green)
    assert (limit["flux"], limit["mag"], limit["predicted_mag"]) == ("", "", "")
    for name in ("mjd", "magerr", "filter", "magsys", "zp", "instrument_name"):
        assert detected[name] == DETECTED[name]
    del answer["extinction"]
    answer["inputs"]["photometry"] = source["inputs"]["photometry"]
    assert answer == source


@pytest.mark.parametrize(
    ("l", "b"), [(10, 80), (100, 45), (200.5, 12), (300, 0.5), (33, -0.5), (123, -33), (250, -85), (0, 90)]
)
def test_the_map_is_read_at_the_projected_position(sfd: Path, l: float, b: float) -> None:  # noqa: E741
    """SFD98, appendix C: x = √(1 − n sin b) cos l, y = −n √(1 − n sin b) sin l, n = ±1 at the poles."""
    y, x = np.mgrid[:SIDE, :SIDE]
    write_map(sfd, 1e-3 * (x + 200.0 * y), 1e-3 * (3.0 * x + 100.0 * y))
    place = SkyCoord(l, b, unit="deg", frame="galactic").icrs
    n, l, b = (1 if b > 0 else -1), math.radians(l), math.radians(b)  # noqa: E741
    radius = SIDE / 2 * math.sqrt(1 - n * math.sin(b))
    x, y = (SIDE - 1) / 2 + radius * math.cos(l), (SIDE - 1) / 2 - n * radius * math.sin(l)
    expected = 0.86e-3 * ((x + 200 * y) if n > 0 else (3 * x + 100 * y))
    assert dust_map.reddening(place.ra.deg, place.dec.deg) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("wavelength", "per_ebv"), [(6000, 2.688), (5470, 3.055), (4670, 3.806), (4110, 4.315)])
def test_the_law_is_fitzpatricks_in_the_optical(wavelength: float, per_ebv: float) -> None:
    """The anchors of his spline, table 3 of the paper, as A(λ) / E(B−V) for R_V = 3.1."""
    narrow = sncosmo.Bandpass(wavelength + np.array([-2.0, 0.0, 2.0]), [0.0, 1.0, 0.0])
    assert compute_band_extinction(narrow, 0.5) == pytest.approx(0.5 * per_ebv, rel=1e-3)


def test_the_law_is_fitzpatricks_in_the_ultraviolet() -> None:
    """His formula (after Fitzpatrick & Massa 1990), by hand at 2000 Å, x = 5 per micron."""
    x, r_v = 5.0, 3.1
    c2 = -0.824 + 4.717 / r_v
    c1 = 2.030 - 3.007 * c2
    bump = x**2 / ((x**2 - 4.596**2) ** 2 + (x * 0.99) ** 2)
    expected = r_v + c1 + c2 * x + 3.23 * bump  # the far-ultraviolet term begins at 5.9
    narrow = sncosmo.Bandpass([1998.0, 2000.0, 2002.0], [0.0, 1.0, 0.0])
    assert compute_band_extinction(narrow, 0.1) == pytest.approx(0.1 * expected, rel=1e-3)


@pytest.mark.parametrize(("name", "per_sfd"), [("sdssg", 3.303), ("sdssr", 2.285), ("sdssi", 1.698)])
def test_bands_are_reddened_as_schlafly_and_finkbeiner_found(name: str, per_sfd: float) -> None:
    """Their table 6, A / E(B−V)_SFD at R_V = 3.1; they took the spectrum of a star of 7000 K."""
    bands, missing = load_bandpasses([name])
    if missing:
        pytest.skip(f"the bandpass {name} is not here")
    assert compute_band_extinction(bands[name], 0.86 * 0.1) == pytest.approx(0.1 * per_sfd, rel=0.04)


def test_a_wide_band_is_integrated() -> None:
    """Blue light goes first: more dust makes a band redder, and its extinction grows by less."""
    wide = sncosmo.Bandpass([3000.0, 3001.0, 9999.0, 10000.0], [0.0, 1.0, 1.0, 0.0])
    assert compute_band_extinction(wide, 1.0) < 0.97 * 10 * compute_band_extinction(wide, 0.1)
    assert compute_band_extinction(wide, 0.0) == 0


def test_without_a_map_an_error_is_raised(server: Server, sfd: Path) -> None:
    (sfd / "SFD_dust_4096_sgp.fits").unlink()
    answer = render(server, json.dumps(document(DETECTED)).encode(), "deredden")
    assert answer["reason"] == "no_map" and "no dust map" in answer["error"] and not server.bodies("PUT")
    assert str(sfd) not in answer["error"]


@pytest.mark.filterwarnings("ignore:File may have been truncated")
@pytest.mark.parametrize("content", [b"", b"SIMPLE", fits.PrimaryHDU(np.zeros((4, 4))).header.tostring().encode()])
def test_a_broken_map_is_refused(sfd: Path, content: bytes) -> None:
    (sfd / "SFD_dust_4096_ngp.fits").write_bytes(content)
    with pytest.raises(NoMapError, match="cannot be read"):
        deredden_inputs(document(DETECTED))


@pytest.mark.parametrize("value", [np.nan, -1.0, 1e6])
def test_a_map_of_impossible_values_is_refused(sfd: Path, value: float) -> None:
    write_map(sfd, north=value)
    with pytest.raises(NoMapError, match="damaged"):
        deredden_inputs(document(DETECTED))


def test_the_image_sets_the_maps_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SFD_MAP_DIR")
    if Path("/opt/sfd").is_dir():
        pytest.skip("this machine has a map at the default place")
    with pytest.raises(NoMapError):
        dust_map.reddening(0, 0)


def test_no_photometry_rows_are_no_error() -> None:
    answer = deredden_inputs(document())
    assert answer["inputs"]["photometry"] == ",".join(COLUMNS) + "\n"
    assert answer["extinction"]["a"] == {} and answer["extinction"]["ebv"] == pytest.approx(0.086)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (None, "not an object"),
        ([], "not an object"),
        ({}, "no photometry"),
        ({"inputs": {"photometry": None}}, "photometry is missing"),
        ({"inputs": {"photometry": "mjd,flux\n1,2\n"}}, "with filter"),
        ({"inputs": {"photometry": "filter,mjd,mjd\n"}}, "once each"),
        ({"inputs": {"photometry": "filter,mjd\nztfr\n"}}, "row 1: 1 values for 2 columns"),
        ({"inputs": {"photometry": "filter,flux\n" + "x" * 200_000}}, "not CSV"),
        (document(DETECTED, ra=None), "no position"),
        (document(DETECTED, dec=None), "no position"),
        (document(DETECTED) | {"resource": None}, "no position"),
        (document(DETECTED, ra=361), "not a position; expected degrees"),
        (document(DETECTED, dec="1"), "expected degrees"),
        (document(DETECTED, dec=10**400), "expected degrees"),
        (document(DETECTED, {**DETECTED, "filter": "swordfish::q"}), "'swordfish::q'"),
        (document({**DETECTED, "filter": ""}), "''"),
        (document({**DETECTED, "flux": "1e400"}), "row 1: flux is '1e400'"),
        (document(DETECTED, {**LIMIT, "fluxerr": "much", "filter": "ztfr"}), "row 2: fluxerr is 'much'"),
        (document({**DETECTED, "flux": "243,5"}), "row 1: flux is '243,5'"),
        (document({**DETECTED, "mag": "99.0"}), "row 1: mag: 99 stands for a missing value"),
        (document({**DETECTED, "limiting_mag": "-999"}), "row 1: limiting_mag: -999 stands for a missing value"),
        (document({**DETECTED, "mjd": "8456.7"}), "row 1: mjd: 8456.7 looks like JD - 2450000"),
        (document(DETECTED, {**DETECTED, "fluxerr": "0"}), "row 2: fluxerr: 0 is not positive"),
        (document({**DETECTED, "flux": "", "magerr": "99"}), "row 1: magerr: 99 stands"),
        (document({**DETECTED, "zp": "1e9"}), "row 1: zp: 1000000000 is not a zero point"),
        ({"inputs": {"photometry": "filter,flux, FLUX\n"}}, "once each"),
        (document(*({**DETECTED, "filter": f"f{i}"} for i in range(100))), "100 filters"),
        (document() | {"extinction": {}}, "not corrected twice"),
    ],
)  # fmt: skip
def test_errors_are_described_in_a_sentence(source: Any, words: str) -> None:
    with pytest.raises(RenderError) as caught:
        deredden_inputs(source)
    assert words in str(caught.value) and len(str(caught.value)) < 400


@pytest.mark.parametrize("header", ["filter, flux , MAG", "\ufeffFilter,flux,mag", ' filter,"flux", Mag'])
def test_a_column_is_corrected_however_its_name_is_written(header: str) -> None:
    source = document(DETECTED)
    source["inputs"]["photometry"] = f"{header}\nztfr, 100.0,18.9\n ztfr,nan,--\n"
    answer = deredden_inputs(source)
    extinction = answer["extinction"]["a"]["ztfr"]
    detected, blank = rows_of(answer)
    assert list(detected) == ["filter", "flux", "mag"] and extinction > 0.15
    assert float(detected["flux"]) == pytest.approx(100 * 10 ** (0.4 * extinction))
    assert float(detected["mag"]) == pytest.approx(18.9 - extinction)
    assert (blank["flux"], blank["mag"]) == ("nan", "--")


def test_a_magnitudes_error_has_no_bound_beside_a_flux_near_zero() -> None:
    (row,) = rows_of(deredden_inputs(document({**DETECTED, "flux": "0.001", "magerr": "10857.0"})))
    assert row["magerr"] == "10857.0"


def test_a_band_beyond_the_law_is_refused() -> None:
    with pytest.raises(RenderError, match="the law ends"):
        compute_band_extinction(sncosmo.Bandpass([2e5, 2.1e5], [1.0, 1.0], name="f2100w"), 0.1)


def test_numbers_that_are_not_finite_are_refused(server: Server) -> None:
    source = json.dumps(document(DETECTED)).replace('"a": 1', '"a": 1e999')
    answer = render(server, source.encode(), "deredden")
    assert "not finite" in answer["error"] and not server.bodies("PUT")


CELLS = st.text(max_size=8) | st.floats().map(repr) | st.sampled_from(["ztfr", "", "ztfg", "20.5"])


@given(
    st.lists(st.dictionaries(st.sampled_from(COLUMNS), CELLS)) | st.text(),
    st.none() | st.floats() | st.integers(-100, 400),
    st.none() | st.floats() | st.text() | st.integers(-100, 100),
)
@settings(deadline=None)
def test_any_document_gets_an_answer(rows: Any, ra: Any, dec: Any) -> None:
    source = document(*(rows if isinstance(rows, list) else []), ra=ra, dec=dec)
    if isinstance(rows, str):
        source["inputs"]["photometry"] = rows
    try:
        answer = deredden_inputs(source)
    except RenderError as error:
        assert str(error)
    else:
        assert json.dumps(answer, allow_nan=False)
        assert len(rows_of(answer)) == len(rows_of(source))


def archive(sfd: Path, **others: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        tar.add(sfd, "sfddata-master")
        for name, content in others.items():
            info = tarfile.TarInfo(f"../{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def pin_map(sfd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the files of a folder as the map; git itself says their ids."""
    for path in sfd.iterdir():
        command = ["git", "hash-object", str(path)]
        git_id = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        monkeypatch.setitem(dust_map.FILES, path.name, git_id)


def test_the_images_map_comes_from_an_archive(
    server: Server, sfd: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_map(sfd, south=0.0318148 / 0.86)
    pin_map(sfd, monkeypatch)
    content = archive(sfd, README=b"not the map")
    server.files["/map.tar.gz"] = content
    target, url = tmp_path / "target", f"{server.url}/map.tar.gz"
    assert dust_map.main([str(target), url]) == 0
    assert sorted(path.name for path in target.iterdir()) == sorted(dust_map.FILES)
    assert not (tmp_path / "README").exists()


def test_another_version_of_the_map_ends_the_build(
    server: Server, sfd: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would pass the look at two positions."""
    write_map(sfd, south=0.0318148 / 0.86)
    server.files["/map.tar.gz"] = archive(sfd)
    pin_map(sfd, monkeypatch)
    monkeypatch.setitem(dust_map.FILES, "SFD_dust_4096_sgp.fits", "0" * 40)
    assert dust_map.main([str(tmp_path / "target"), f"{server.url}/map.tar.gz"]) == 1
    assert "SFD_dust_4096_sgp.fits has the git id" in capsys.readouterr().err


def test_an_image_is_not_built_without_the_map(server: Server, tmp_path: Path) -> None:
    server.statuses = [404]
    for url in ("", "http://127.0.0.1:1/map.tar.gz", f"{server.url}/map.tar.gz"):
        assert dust_map.main([str(tmp_path / "target"), url]) == 1
    assert list((tmp_path / "target").iterdir()) == []
    assert dust_map.main([]) == 2


def test_a_wrong_archive_ends_the_build(
    server: Server, sfd: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one is whole, but its map says something else than the documentation of sfdmap2."""
    pin_map(sfd, monkeypatch)
    whole = archive(sfd)
    for content in (whole, b"no archive", whole[: len(whole) // 2], archive(next(sfd.iterdir()))):
        server.files["/map.tar.gz"] = content
        assert dust_map.main([str(tmp_path / "target"), f"{server.url}/map.tar.gz"]) == 1
