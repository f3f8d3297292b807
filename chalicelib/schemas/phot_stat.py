"""PhotStats: the statistics of a light curve."""

from typing import Annotated

from msgspec import Meta

from chalicelib.schemas.base import View
from chalicelib.schemas.fields import SourceId, Time, describe

Count = Annotated[int, Meta(examples=[42])]
Counts = Annotated[dict[str, int], Meta(examples=[{"ztfg": 20, "ztfr": 22}])]
Mag = Annotated[float | None, Meta(examples=[18.2])]
Mags = Annotated[dict[str, float], Meta(examples=[{"ztfg": 18.2}])]
Day = Annotated[float | None, Meta(examples=[59303.3575])]
Days = Annotated[dict[str, float], Meta(examples=[{"ztfg": 59303.3575}])]
Band = Annotated[str | None, Meta(examples=["ztfg"])]
Rate = Annotated[float | None, Meta(examples=[0.12])]

_MEAN_COLOR = "Mean magnitude in one filter minus that in another, for each pair in either order."
_DECAY_RATE = "Brightening from the peak in its filter to the last detection, in mag/day."
_PREDETECTIONS = "Times of the non-detections before the first detection."
_FIRST = "Time of the first detection without forced photometry."
_LAST = "Time of the last detection without forced photometry."


class PhotStat(View):
    """The statistics of the points that you can see, with SkyPortal's keys.

    Magnitudes are AB, times are modified Julian dates (days). A detection is a point whose flux is more
    than 3 times its error. Forced photometry is a point whose origin contains `fp` or `forced`, as in
    `alert_fp`. Values per filter are given for the filters that have any.
    """

    id: Annotated[int, describe("A number that follows from the id of the source.", 71776119061217)]
    obj_id: SourceId
    num_obs_global: Annotated[Count, describe("Number of points.")]
    num_obs_per_filter: Annotated[Counts, describe("Number of points, per filter.")]
    num_det_global: Annotated[Count, describe("Number of detections.")]
    num_det_per_filter: Annotated[Counts, describe("Number of detections, per filter.")]
    num_det_no_forced_phot_global: Annotated[Count, describe("Detections without forced photometry.")]
    mean_mag_global: Annotated[Mag, describe("Mean magnitude of the detections.")]
    mean_mag_per_filter: Annotated[Mags, describe("Mean magnitude of the detections, per filter.")]
    mean_color: Annotated[dict[str, float], describe(_MEAN_COLOR, {"ztfg-ztfr": 0.3, "ztfr-ztfg": -0.3})]
    mag_rms_global: Annotated[Mag, describe("Standard deviation of the detections' magnitudes.")]
    mag_rms_per_filter: Annotated[Mags, describe("Standard deviation of the magnitudes, per filter.")]
    peak_mjd_global: Annotated[Day, describe("Time of the brightest detection.")]
    peak_mjd_per_filter: Annotated[Days, describe("Time of the brightest detection, per filter.")]
    peak_mag_global: Annotated[Mag, describe("Magnitude of the brightest detection.")]
    peak_mag_per_filter: Annotated[Mags, describe("Magnitude of the brightest detection, per filter.")]
    faintest_mag_global: Annotated[Mag, describe("Magnitude of the faintest detection.")]
    faintest_mag_per_filter: Annotated[Mags, describe("Magnitude of the faintest detection, per filter.")]
    deepest_limit_global: Annotated[Mag, describe("Faintest limiting magnitude of the non-detections.")]
    deepest_limit_per_filter: Annotated[Mags, describe("Faintest limiting magnitude, per filter.")]
    first_detected_mjd: Annotated[Day, describe("Time of the first detection.")]
    first_detected_mag: Annotated[Mag, describe("Magnitude of the first detection.")]
    first_detected_filter: Annotated[Band, describe("Filter of the first detection.")]
    last_detected_mjd: Annotated[Day, describe("Time of the last detection.")]
    last_detected_mag: Annotated[Mag, describe("Magnitude of the last detection.")]
    last_detected_filter: Annotated[Band, describe("Filter of the last detection.")]
    first_detected_no_forced_phot_mjd: Annotated[Day, describe(_FIRST)]
    first_detected_no_forced_phot_mag: Annotated[Mag, describe("Its magnitude.")]
    first_detected_no_forced_phot_filter: Annotated[Band, describe("Its filter.")]
    last_detected_no_forced_phot_mjd: Annotated[Day, describe(_LAST)]
    last_detected_no_forced_phot_mag: Annotated[Mag, describe("Its magnitude.")]
    last_detected_no_forced_phot_filter: Annotated[Band, describe("Its filter.")]
    recent_obs_mjd: Annotated[Day, describe("Time of the last point.")]
    predetection_mjds: Annotated[list[float], describe(_PREDETECTIONS, [59300.4])]
    last_non_detection_mjd: Annotated[Day, describe("The last of these times.")]
    time_to_non_detection: Annotated[float | None, describe("Days from there to the first detection.", 2.9)]
    rise_rate: Annotated[Rate, describe("Brightening from the first detection to the peak in its filter, in mag/day.")]
    decay_rate: Annotated[Rate, describe(_DECAY_RATE)]
    last_update: Annotated[Time, describe("When the photometry that you can see last changed.")]
    last_full_update: Annotated[Time | None, describe("When a request last created the PhotStats.")]
