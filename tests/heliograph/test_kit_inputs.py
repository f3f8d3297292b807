"""Inputs of an analysis, parsed from what portals send; hostile texts are refused with a sentence."""

import csv
import io
import math
import time
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from chalicelib.analysis.service_inputs import COLUMNS as SENT_COLUMNS
from heliograph.errors import AnalysisError, InputError
from heliograph.service import Annotations, Classifications, Comments, Photometry, Redshift, Spectra, Target
from heliograph.service.local_trial import COLUMNS as TRIED_COLUMNS
from heliograph.service.python_literals import parse_literal
from heliograph.testing.sample_payloads import make_photometry

HEADER = "mjd,flux,fluxerr,mag,magerr,filter,magsys,limiting_mag,zp,instrument_name,predicted_mag\n"


def write_csv(frame: pd.DataFrame) -> str:
    """Write rows as SkyPortal does."""
    text = io.StringIO()
    frame.to_csv(text, index=False)
    return text.getvalue()


def test_photometry_has_a_column_each() -> None:
    photometry = Photometry.from_csv(make_photometry())
    assert len(photometry) == 41 and photometry.filters == ["ztfg", "ztfr"]
    assert photometry.mjd.dtype == float and photometry.filter[0] == "ztfg"
    assert math.isnan(photometry.flux[0]) and photometry.fluxerr[0] == 6.0
    assert photometry.limiting_mag[0] == 20.76 and photometry.instrument_name[0] == "ZTF"
    assert np.all(np.diff(photometry.mjd) >= 0)
    assert repr(photometry) == "Photometry(41 points in ztfg, ztfr)"


def test_detections_are_significant() -> None:
    text = HEADER + "1,10,5,,,ztfg,ab,,23.9,,\n2,20,5,,,ztfg,ab,,23.9,,\n3,,5,,,ztfg,ab,,23.9,,\n4,-50,5,,,ztfg,,,,,\n"
    photometry = Photometry.from_csv(text)
    assert photometry.detections().mjd.tolist() == [2]
    assert photometry.detections(2).mjd.tolist() == [1, 2]
    assert photometry[photometry.mjd > 2].mjd.tolist() == [3, 4]


def test_a_table_has_units_and_masks() -> None:
    photometry = Photometry.from_csv(make_photometry())
    columns = photometry.to_table()
    assert str(columns["flux"].unit) == "uJy" and columns["flux"].mask[0] and not columns["flux"].mask[1]
    assert columns["predicted_mag"].mask.all() and "flux" in columns["flux"].description
    frame = photometry.to_pandas()
    assert list(frame["filter"]) == photometry.filter.tolist() and frame["flux"].isna().sum() == 1


def test_fluxes_of_another_zero_point_become_microjansky() -> None:
    photometry = Photometry.from_csv(HEADER + "1,100,10,,,ztfg,ab,,26.4,,\n2,100,10,,,ztfg,AB,,,,\n")
    assert photometry.flux == pytest.approx([10, 100]) and photometry.fluxerr == pytest.approx([1, 10])
    assert photometry.zp.tolist() == [23.9, 23.9]


def test_skyportal_writes_blanks_in_its_way() -> None:
    frame = pd.DataFrame({"mjd": [2.0, 1.0], "flux": [np.nan, 3.5], "fluxerr": [1.0, 0.5], "filter": ["ztfg", "ztfr"]})
    photometry = Photometry.from_csv(write_csv(frame))
    assert photometry.mjd.tolist() == [1, 2] and math.isnan(photometry.flux[1])
    assert len(Photometry.from_csv(write_csv(pd.DataFrame([])))) == 0
    assert len(Photometry.from_csv("")) == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "inputs.photometry is missing"),
        (["a"], "inputs.photometry is missing"),
        ("mjd,flux\n1,2\n", "has no column filter, fluxerr; its columns are: mjd, flux"),
        ("mjd,mjd,flux,fluxerr,filter\n1,1,2,3,g\n", "two columns 'mjd'"),
        (HEADER + "1,2,3\n", "row 1: 3 values for 11 columns"),
        (HEADER + "x,2,3,,,ztfg,ab,,23.9,,\n", "row 1: mjd is 'x'; expected a number"),
        (HEADER + "1,2,3,,,ztfg,ab,,23.9,,\n,2,3,,,ztfg,ab,,23.9,,\n", "row 2: mjd or filter is blank"),
        (HEADER + "1,2,3,,,,ab,,23.9,,\n", "row 1: mjd or filter is blank"),
        (HEADER + "1,2,0,,,ztfg,ab,,23.9,,\n", "fluxerr is 0; expected more than 0"),
        (HEADER + "1,2,,,,ztfg,ab,,23.9,,\n", "flux has no fluxerr"),
        (HEADER + "1,2,3,,,ztfg,vega,,23.9,,\n", "magsys is 'vega'; expected ab"),
        (HEADER + "1,inf,3,,,ztfg,ab,,23.9,,\n", "flux is 'inf'; expected a number"),
        (HEADER + "1,1e999,3,,,ztfg,ab,,23.9,,\n", "flux is '1e999'; expected a number"),
        (HEADER + "1,1_0,3,,,ztfg,ab,,23.9,,\n", "flux is '1_0'; expected a number"),
        (HEADER + "1,2,3,,,ztfg,ab,,2390,,\n", "a zero point is beyond 100 mag"),
        (HEADER + '1,"2', "11 columns"),
        ("," * 5000, "columns; expected at most 1000"),
        ("," * 5_000_001, "a line with more than 5,000,000 commas"),
        (HEADER + "1,\x002,3,,,ztfg,ab,,23.9,,\n", "row 1: flux is"),
    ],
)
def test_photometry_that_cannot_be_used_is_refused(text: Any, words: str) -> None:
    with pytest.raises(InputError) as caught:
        Photometry.from_csv(text)
    assert words in str(caught.value) and len(str(caught.value)) < 700


def test_too_many_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heliograph.service.csv_rows.MAX_ROWS", 3)
    with pytest.raises(InputError, match="more than 3 rows"):
        Photometry.from_csv(make_photometry())


@given(st.text(alphabet=st.sampled_from('mjdfluxer,\n\r"\0 1.e-nafb[]{}'), max_size=200))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    for kind in (Photometry, Spectra, Redshift, Annotations, Comments, Classifications):
        for prefix in ("", "data,text,classification\n", "wavelengths,fluxes\n", HEADER):
            try:
                kind.from_csv(prefix + text)
            except InputError as error:
                assert len(str(error)) < 1000


def test_spectra_are_arrays_in_order_of_time() -> None:
    frame = pd.DataFrame(
        {
            "observed_at": ["2021-05-02T00:00:00", "2021-05-01T00:00:00"],
            "wavelengths": [[4000.0, 5000.0], [3000.0, 4000.0, 5000.0]],
            "fluxes": [[1.0, float("nan")], [1e-16, 2e-16, -1e-17]],
            "errors": [None, [0.1, 0.1, 0.2]],
            "units": [None, "Jy"],
            "altdata": [None, {"exposure": 30, "seeing": float("nan"), "note": "nan inf"}],
            "origin": ["SEDM", None],
            "type": ["source", "host"],
        }
    )
    first, second = Spectra.from_csv(write_csv(frame))
    assert first.wavelengths.tolist() == [3000, 4000, 5000] and first.errors is not None and first.units == "Jy"
    assert first.altdata == {"exposure": 30, "seeing": None, "note": "nan inf"}
    assert second.errors is None and second.origin == "SEDM" and math.isnan(second.fluxes[1])
    assert len(Spectra.from_csv("\n")) == 0


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ('"[1, 2]","[1]",', "different lengths"),
        ('"[1, x]","[1, 2]",', "wavelengths is not a list of numbers"),
        ('"[1, [2]]","[1, 2]",', "wavelengths is not a list of numbers"),
        ('"[1, nan]","[1, 2]",', "a wavelength is unknown"),
        ('"[1, 1e999]","[1, 2]",', "not finite"),
        ('1,"[1, 2]",', "wavelengths is not a list of numbers"),
        ('"[1]","[1]",__import__(\'os\')', "altdata is not a Python literal"),
        ('"[1]","[1]",' + "[" * 5000 + "]" * 5000, "nested too deeply"),
        ('"[1]","[1]",' + "-" * 5000 + "1", "nested too deeply"),
        ('"[1]","[1]",' + "9" * 5000, "is not a Python literal"),
        ('"[1]","[1]","' + "(" * 50 + '1"', "is not a Python literal"),
    ],
)
def test_spectra_that_cannot_be_used_are_refused(row: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        Spectra.from_csv(f"wavelengths,fluxes,altdata\n{row}\n")
    assert words in str(caught.value)


@pytest.mark.parametrize(("cell", "number"), [("12", 12), ("", None), ("x", None), ("-1", None), ("9" * 5000, None)])
def test_a_spectrum_has_the_id_that_its_portal_sends(cell: str, number: int | None) -> None:
    (spectrum,) = Spectra.from_csv(f'wavelengths,fluxes,id\n"[4000, 4010]","[1, 2]",{cell}\n')
    assert spectrum.id == number
    assert Spectra.from_csv('wavelengths,fluxes\n"[4000]","[1]"\n')[0].id is None


@pytest.mark.parametrize("cell", ["'" + "\\'" * 300_000, '"' * 300_001, "'" + "a" * 600_000, "nan," * 20_000])
def test_a_strange_literal_takes_no_time(cell: str) -> None:
    started = time.monotonic()
    with suppress(InputError):
        parse_literal("data", cell)
    assert time.monotonic() - started < 10


def test_a_redshift_is_known_or_not() -> None:
    redshift = Redshift.from_csv("redshift,redshift_error,redshift_origin\n0.046,0.001,host\n")
    assert (redshift.value, redshift.error, redshift.origin, redshift.require()) == (0.046, 0.001, "host", 0.046)
    for text in ("redshift,redshift_error,redshift_origin\n,,\n", "\n", "redshift\n\n", "redshift\nnan\n"):
        unknown = Redshift.from_csv(text)
        assert (unknown.value, unknown.error) == (None, None)
        with pytest.raises(AnalysisError, match="has no redshift"):
            unknown.require()
    for text in ("redshift\n0.1\n0.2\n", "redshift\nabout 0.1\n", "redshift\n-2\n", "redshift,redshift_error\n1,-1\n"):
        with pytest.raises(InputError):
            Redshift.from_csv(text)


def test_remarks_are_sequences() -> None:
    annotations = Annotations.from_csv(
        "data,modified,origin,created_at\n\"{'period': 0.54, 'x': nan}\",2021-01-01,rrl,2020-01-01\n"
    )
    assert annotations[0].data == {"period": 0.54, "x": None} and annotations[0].origin == "rrl"
    comments = Comments.from_csv('text,bot,modified,origin,created_at\nNone,True,,,\n"a, b",False,,,\n')
    assert [(comment.text, comment.bot) for comment in comments] == [("None", True), ("a, b", False)]
    classes = Classifications.from_csv("classification,probability,modified,created_at\nIa,0.9,,\nII,,,\n")
    assert [(entry.classification, entry.probability) for entry in classes] == [("Ia", 0.9), ("II", None)]
    assert len(Comments.from_csv("text,bot,modified,origin,created_at\n")) == 0
    with pytest.raises(InputError, match="data is not an object"):
        Annotations.from_csv("data\n1\n")


def test_a_target_has_its_position_and_extinction() -> None:
    body: dict[str, Any] = {"resource_id": "2019dwz", "resource": {"ra": 184.5, "dec": 31}, "extinction": {"ebv": 0.01}}
    target = Target.from_payload(body)
    assert (target.name, target.ra, target.dec, target.extinction["ebv"]) == ("2019dwz", 184.5, 31.0, 0.01)
    for resource in (None, {}, {"ra": 184.5}, {"ra": True, "dec": 1}, {"ra": 1, "dec": 91}, {"ra": "1", "dec": 1}):
        unknown = Target.from_payload({**body, "resource": resource})
        assert (unknown.ra, unknown.dec) == (None, None)


def test_reading_a_long_cell_changes_no_setting_of_the_process() -> None:
    limit = csv.field_size_limit()
    wavelengths = str([4000.0 + number for number in range(20_000)])
    header = "observed_at,wavelengths,fluxes,errors,units,altdata,created_at,origin,modified,type"
    text = f'{header}\n2026-01-01T00:00:00,"{wavelengths}","{wavelengths}",,,,,,,source\n'
    assert len(wavelengths) > limit
    assert len(Spectra.from_csv(text)) == 1
    with pytest.raises(InputError):
        Photometry.from_csv("mjd,flux\n" + "x" * 200_000)
    assert csv.field_size_limit() == limit


def test_a_trial_has_the_columns_that_heliograph_sends() -> None:
    assert TRIED_COLUMNS == SENT_COLUMNS
