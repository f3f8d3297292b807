// The points of a light curve: series, limits, axes of time and brightness, the models to draw over them.
import { assignBandStyles } from "./band_styles.js";
import { buildRecord, listEntries, showText } from "./service_values.js";

export const DETECTION_SIGMA = 3;
const ZERO_POINT = 23.9;

export const magnitudeToFlux = (magnitude) => 10 ** (-0.4 * (magnitude - ZERO_POINT));

// A fainter magnitude has no meaning, so its limit is drawn instead.
export const isDetection = (point) => point.mag !== null && point.flux >= DETECTION_SIGMA * point.fluxerr;

// A second instrument of a band has the same symbol with a dot.
const VARIANTS = ["", "-dot", "-open-dot"];

// One series for each band of each instrument: {key, band, instrument, colour, symbol, points}.
export function groupSeries(points) {
  const groups = new Map();
  for (const point of points) {
    const key = `${point.filter} · ${point.instrument_name}`;
    if (!groups.has(key)) groups.set(key, { key, band: point.filter, instrument: point.instrument_name, points: [] });
    groups.get(key).points.push(point);
  }
  const series = [...groups.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  const styles = assignBandStyles(series.map(({ band }) => band));
  const counts = new Map();
  return series.map((group) => {
    const count = counts.get(group.band) ?? 0;
    counts.set(group.band, count + 1);
    const { colour, symbol } = styles.get(group.band);
    return { ...group, colour, symbol: symbol + VARIANTS[Math.min(count, VARIANTS.length - 1)] };
  });
}

const findExtreme = (points, getValue) =>
  points.reduce((best, point) => (best === null || getValue(point) < getValue(best) ? point : best), null);

const isRow = (row) => Array.isArray(row) && row.length >= 2 && row.slice(0, 4).every(Number.isFinite);

// A service can send anything: {band: rows of numbers} is kept of it. Null if that is nothing.
function readCurves(curves) {
  const entries = listEntries(curves)
    .map(([band, rows]) => [band, Array.isArray(rows) ? rows.filter(isRow) : []])
    .filter(([, rows]) => rows.length);
  return entries.length ? buildRecord(entries) : null;
}

// Ranges outside of which a number of a model has no meaning: axes of it would hold nothing.
const MODEL_RANGES = { peak_mjd: [-1e6, 1e6], redshift: [-0.99, 1000], distance_modulus: [-100, 100] };

function isModelNumber([name, value]) {
  const [low, high] = Object.hasOwn(MODEL_RANGES, name) ? MODEL_RANGES[name] : [-Infinity, Infinity];
  return Number.isFinite(value) && value >= low && value <= high;
}

const readNumbers = (values) => buildRecord(listEntries(values).filter(isModelNumber));

function readModel(analysis) {
  const { model_name: name } = analysis;
  return {
    ...analysis,
    model_name: typeof name === "string" ? showText(name) : "model",
    model_summary: readNumbers(analysis.model_summary),
    model_lightcurve: readCurves(analysis.model_lightcurve),
  };
}

// The completed fits that have a light curve, best first: those that describe the data, by their evidence.
export function rankModels(analyses) {
  const getRank = ({ verdict, model_summary: summary }) => [
    verdict?.describes_data === false ? 1 : 0,
    -(summary.log_evidence ?? -Infinity),
  ];
  const models = analyses
    .filter(({ status }) => status === "completed")
    .map(readModel)
    .filter(({ model_lightcurve: curves }) => curves);
  return models.sort((a, b) => {
    const [refutedA, costA] = getRank(a);
    const [refutedB, costB] = getRank(b);
    return refutedA - refutedB || (costA === costB ? b.id - a.id : costA - costB);
  });
}

// Days of the light curve: {label, convert: MJD to x}. Without a redshift or a detection there is no such axis: null.
export function buildTimeAxes(points, model, redshift) {
  const detections = points.filter(isDetection);
  const first = findExtreme(detections, (point) => point.mjd);
  const brightest = findExtreme(detections, (point) => point.mag);
  const peak = model?.model_summary.peak_mjd ?? brightest?.mjd ?? null;
  const z = model?.model_summary.redshift ?? redshift;
  const peakName = model?.model_summary.peak_mjd !== undefined ? `peak of ${model.model_name}` : "the brightest point";
  return {
    days: first && { label: "Days since first detection", convert: (mjd) => mjd - first.mjd },
    rest: peak !== null &&
      Number.isFinite(z) && {
        label: `Rest-frame days since ${peakName} (z = ${Number(z.toPrecision(4))})`,
        convert: (mjd) => (mjd - peak) / (1 + z),
      },
    mjd: { label: "MJD", convert: (mjd) => mjd },
  };
}

// Brightness: {label, unit, isFlux, shift: what is subtracted from magnitudes}.
export function buildScales(model, distanceModulus) {
  const modulus = model?.model_summary.distance_modulus ?? distanceModulus;
  return {
    magnitude: { label: "Magnitude (AB)", unit: "mag", isFlux: false, shift: 0 },
    flux: { label: "Flux (µJy, AB)", unit: "µJy", isFlux: true, shift: 0 },
    absolute: Number.isFinite(modulus) && {
      label: `Absolute magnitude (AB, μ = ${modulus.toFixed(2)}, no K or dust correction)`,
      unit: "mag",
      isFlux: false,
      shift: modulus,
    },
  };
}

// {value, error} of a detection, or of a measured flux, on a scale; null for others.
export function measurePoint(point, { isFlux, shift }) {
  if (isFlux) return point.flux === null ? null : { value: point.flux, error: point.fluxerr };
  return isDetection(point) ? { value: point.mag - shift, error: point.magerr } : null;
}

// The limit of a point that is no detection, on a scale; null for others.
export function getLimit(point, { isFlux, shift }) {
  if (point.limiting_mag === null || (isFlux ? point.flux !== null : isDetection(point))) return null;
  return isFlux ? magnitudeToFlux(point.limiting_mag) : point.limiting_mag - shift;
}

// Rows of a model are [MJD, magnitude], or [MJD, magnitude, lower, upper]. Returns the value at a time, or null outside.
export function interpolateModel(rows, mjd) {
  const next = rows.findIndex((row) => row[0] >= mjd);
  if (next < 0 || (next === 0 && rows[0][0] > mjd)) return null;
  const [after, before] = [rows[next], rows[Math.max(0, next - 1)]];
  const fraction = after[0] === before[0] ? 0 : (mjd - before[0]) / (after[0] - before[0]);
  return before[1] + fraction * (after[1] - before[1]);
}
