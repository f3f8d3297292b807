"""PhotStats."""

from typing import Annotated

from msgspec import Meta

from chalicelib.schemas.base import SourceId, Time, View

__all__ = ["PhotStat"]

Count = Annotated[int, Meta(examples=[42])]
Counts = Annotated[dict[str, int], Meta(examples=[{"ztfg": 20, "ztfr": 22}])]
Mag = Annotated[float | None, Meta(examples=[18.2])]
Mags = Annotated[dict[str, float], Meta(examples=[{"ztfg": 18.2}])]
Day = Annotated[float | None, Meta(examples=[59303.3575])]
Days = Annotated[dict[str, float], Meta(examples=[{"ztfg": 59303.3575}])]
Band = Annotated[str | None, Meta(examples=["ztfg"])]
Rate = Annotated[float | None, Meta(examples=[0.12])]

EACH = ", in each filter that has any"


class PhotStat(View):
    """What the points that you may see amount to, with SkyPortal's keys.

    Magnitudes are AB, times are modified Julian dates (days). A detection is a point whose flux is more
    than 3 times its error; forced photometry is what an origin calls `fp` or `forced`, as `alert_fp`.
    """

    obj_id: SourceId
    num_obs_global: Annotated[Count, Meta(description="Points.")]
    num_obs_per_filter: Annotated[Counts, Meta(description="Points, in each filter.")]
    num_det_global: Annotated[Count, Meta(description="Detections.")]
    num_det_per_filter: Annotated[Counts, Meta(description="Detections, in each filter.")]
    num_det_no_forced_phot_global: Annotated[Count, Meta(description="Detections without forced photometry.")]
    mean_mag_global: Annotated[Mag, Meta(description="Mean magnitude of the detections.")]
    mean_mag_per_filter: Annotated[Mags, Meta(description="Mean magnitude of the detections" + EACH + ".")]
    mean_color: Annotated[
        dict[str, float],
        Meta(
            description="Mean magnitude in one filter less that in another, of any two, in either order.",
            examples=[{"ztfg-ztfr": 0.3, "ztfr-ztfg": -0.3}],
        ),
    ]
    mag_rms_global: Annotated[
        Mag, Meta(description="Standard deviation of the detections' magnitudes, from their mean.")
    ]
    mag_rms_per_filter: Annotated[Mags, Meta(description="The same" + EACH + ".")]
    peak_mjd_global: Annotated[Day, Meta(description="Time of the brightest detection.")]
    peak_mjd_per_filter: Annotated[Days, Meta(description="Time of the brightest detection" + EACH + ".")]
    peak_mag_global: Annotated[Mag, Meta(description="Magnitude of the brightest detection.")]
    peak_mag_per_filter: Annotated[Mags, Meta(description="Magnitude of the brightest" + EACH + ".")]
    faintest_mag_global: Annotated[Mag, Meta(description="Magnitude of the faintest detection.")]
    faintest_mag_per_filter: Annotated[Mags, Meta(description="Magnitude of the faintest" + EACH + ".")]
    deepest_limit_global: Annotated[
        Mag, Meta(description="Faintest limiting magnitude of the non-detections.")
    ]
    deepest_limit_per_filter: Annotated[Mags, Meta(description="The same" + EACH + ".")]
    first_detected_mjd: Annotated[Day, Meta(description="Time of the first detection.")]
    first_detected_mag: Annotated[Mag, Meta(description="Magnitude of the first detection.")]
    first_detected_filter: Annotated[Band, Meta(description="Filter of the first detection.")]
    last_detected_mjd: Annotated[Day, Meta(description="Time of the last detection.")]
    last_detected_mag: Annotated[Mag, Meta(description="Magnitude of the last detection.")]
    last_detected_filter: Annotated[Band, Meta(description="Filter of the last detection.")]
    first_detected_no_forced_phot_mjd: Annotated[
        Day, Meta(description="Time of the first detection without forced photometry.")
    ]
    first_detected_no_forced_phot_mag: Annotated[Mag, Meta(description="Its magnitude.")]
    first_detected_no_forced_phot_filter: Annotated[Band, Meta(description="Its filter.")]
    last_detected_no_forced_phot_mjd: Annotated[
        Day, Meta(description="Time of the last detection without forced photometry.")
    ]
    last_detected_no_forced_phot_mag: Annotated[Mag, Meta(description="Its magnitude.")]
    last_detected_no_forced_phot_filter: Annotated[Band, Meta(description="Its filter.")]
    recent_obs_mjd: Annotated[Day, Meta(description="Time of the last point.")]
    predetection_mjds: Annotated[
        list[float],
        Meta(description="Times of the non-detections before the first detection.", examples=[[59300.4]]),
    ]
    last_non_detection_mjd: Annotated[Day, Meta(description="The last of these.")]
    time_to_non_detection: Annotated[
        float | None, Meta(description="Days from there to the first detection.", examples=[2.9])
    ]
    rise_rate: Annotated[
        Rate, Meta(description="Brightening from the first detection to the peak, in mag/day.")
    ]
    decay_rate: Annotated[
        Rate, Meta(description="Brightening from the peak to the last detection, in mag/day: not positive.")
    ]
    last_update: Annotated[Time, Meta(description="When what you see of the points was last changed.")]
    last_full_update: Annotated[
        Time | None, Meta(description="When it was last made, or made again, by request.")
    ]
