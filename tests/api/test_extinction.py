"""Photometry corrected for the extinction in our Galaxy, by the renderer, which alone has the map."""

import csv
import io
from pathlib import Path

import pytest

from chalicelib import blobs
from tests.api.story import make_service, make_source, start_analysis
from tests.fitter.test_deredden import write_map
from tests.gateway import Gateway


def fluxes(user: Gateway, analysis: int) -> dict[str, float]:
    inputs = user.get(f"/obj/analysis/{analysis}/inputs").data["inputs"]
    rows = csv.DictReader(io.StringIO(inputs["photometry"]))
    return {f"{row['filter']} {row['mjd']}": float(row["flux"]) for row in rows if row["flux"]}


def test_a_correction_without_the_map_is_refused(admin: Gateway, lambdas: None, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SFD_MAP_DIR", str(tmp_path))
        make_source(admin)
        body = {"analysis_parameters": {"correct_extinction": True}}
        refusal = admin.post(f"/obj/SN1/analysis/{make_service(admin)}", body)
    assert refusal.status == 400
    assert "correct_extinction" in refusal.message
    assert "map" in refusal.message
    assert admin.get("/obj/SN1/analysis").data == []
    assert blobs.read_blob("analyses/1/inputs.json") is None


def test_with_the_map_the_service_is_sent_brighter_photometry(admin: Gateway, lambdas: None, tmp_path: Path) -> None:
    write_map(tmp_path, 0.5, 0.5)
    make_source(admin)
    service = make_service(admin)
    plain = start_analysis(admin, service)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SFD_MAP_DIR", str(tmp_path))
        dereddened = start_analysis(admin, service, {"analysis_parameters": {"correct_extinction": "True"}})
    before, after = fluxes(admin, plain), fluxes(admin, dereddened)
    assert before.keys() == after.keys()
    assert all(after[point] > 2 * before[point] for point in before if point.startswith("ztfg"))
    record = admin.get(f"/obj/analysis/{dereddened}").data
    assert record["analysis_parameters"] == {"correct_extinction": True}
    assert admin.get(f"/obj/analysis/{plain}").data["analysis_parameters"] == {}
