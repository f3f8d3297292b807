"""Upload results of analyses, as a service of any kind would send them."""

from typing import Any

from infra.client import Api

UPLOADER = "uploader"


def _get_upload_service(api: Api) -> int:
    for service in api.get("/analysis_service"):
        if service["name"] == UPLOADER:
            return int(service["id"])
    fields = {
        "name": UPLOADER, "upload_only": True, "analysis_type": "meta_analysis", "input_data_types": [],
        "url": "https://example.org", "authentication_type": "none",
    }  # fmt: skip
    return int(api.post("/analysis_service", fields)["id"])


def upload_analysis(api: Api, source: str, analysis: dict[str, Any], **fields: Any) -> int:
    """Upload the document of an analysis; return its id."""
    body = {"analysis": analysis, "show_corner": False, **fields}
    return int(api.post(f"/obj/{source}/analysis_upload/{_get_upload_service(api)}", body)["id"])


def add_light_curve(api: Api, source: str, mags: dict[float, float], filter: str = "ztfg") -> None:
    """Add a source with detections: magnitudes by MJD."""
    api.post("/sources", {"id": source, "ra": 10.0, "dec": 20.0, "redshift": 0.05})
    (ztf,) = [entry["id"] for entry in api.get("/instrument") if entry["name"] == "ZTF"]
    rows = {
        "obj_id": source, "instrument_id": ztf, "mjd": list(mags), "mag": list(mags.values()),
        "magerr": [0.05] * len(mags), "limiting_mag": [22.0] * len(mags), "filter": filter, "magsys": "ab",
    }  # fmt: skip
    api.post("/photometry", {**rows, "group_ids": "all"})
