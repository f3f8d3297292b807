// The light curve of a source: detections, limits and models, in magnitudes or fluxes.
import { html, useMemo, useState } from "../vendor/htm-preact.js";
import { getBandColour, getInstrumentSymbol } from "../core/band_styles.js";
import { formatMjd } from "../core/format.js";
import { EmptyMessage } from "./messages.js";
import { DOT_SHAPES, Plot } from "./plot.js";

const MAX_MARKERS = 1500;
const DETECTION_SIGMA = 3;
const ZERO_POINT = 23.9;

const magnitudeToFlux = (magnitude) => 10 ** (-0.4 * (magnitude - ZERO_POINT));

// One series for each band of each instrument.
function groupSeries(points) {
  const groups = new Map();
  for (const point of points) {
    const key = `${point.filter} · ${point.instrument_name}`;
    if (!groups.has(key)) groups.set(key, { key, band: point.filter, instrument: point.instrument_name, points: [] });
    groups.get(key).points.push(point);
  }
  const series = [...groups.values()].sort((a, b) => a.key.localeCompare(b.key));
  const instruments = [...new Set(series.map(({ instrument }) => instrument))];
  return series.map((group) => ({ ...group, symbol: getInstrumentSymbol(instruments.indexOf(group.instrument)) }));
}

// A fainter magnitude has no meaning, so its limit is drawn instead.
const isDetection = (point) => point.mag !== null && point.flux >= DETECTION_SIGMA * point.fluxerr;

function findFirstDetection(points) {
  const dates = points.filter(isDetection).map((point) => point.mjd);
  return dates.length ? Math.min(...dates) : null;
}

const formatHoverText = (point, text) =>
  `${text}<br>MJD ${point.mjd.toFixed(4)}<br>${formatMjd(point.mjd)} UTC<br>${point.filter}, ${point.instrument_name}`;

// `options` of a figure are {isFlux, zero: the MJD of day 0, hasMany: more than MAX_MARKERS points}.
function buildSeriesFigure(series, options) {
  const { isFlux, zero, hasMany } = options;
  const colour = getBandColour(series.band);
  const points = series.points.filter((point) => (isFlux ? point.flux !== null : isDetection(point)));
  const getValue = (point) => (isFlux ? point.flux : point.mag);
  const getError = (point) => (isFlux ? point.fluxerr : point.magerr);
  const trace = {
    type: "scatter",
    name: series.key,
    mode: "none",
    x: points.map((point) => point.mjd - zero),
    y: points.map(getValue),
    marker: { color: colour, size: 7, symbol: series.symbol, line: { width: 0 } },
    hoverinfo: "text",
    hovertext: points.map((point) => {
      const value = `${getValue(point).toPrecision(5)} ± ${getError(point)?.toPrecision(2)}`;
      return formatHoverText(point, `<b>${value} ${isFlux ? "µJy" : "mag"}</b>`);
    }),
  };
  const markers = {
    mode: "markers",
    error_y: { type: "data", array: points.map(getError), color: colour, thickness: 1, width: 0 },
  };
  // Many points are drawn as two paths instead of thousands of elements: error bars, and lines without length
  // whose round ends are the dots. The trace without markers remains for the pointer.
  const buildPath = (name, sigma, width) => ({
    type: "path",
    layer: "between",
    name,
    line: { color: colour, width },
    path: points
      .map((point, i) => {
        const height = sigma * getError(point);
        return `M${trace.x[i]},${trace.y[i] - height}L${trace.x[i]},${trace.y[i] + height}`;
      })
      .join(""),
  });
  return {
    traces: [hasMany ? trace : { ...trace, ...markers }, buildLimitTrace(series, options)].filter(({ x }) => x.length),
    shapes: hasMany && points.length ? [buildPath("errors", 1, 1), buildPath(DOT_SHAPES, 0, 5)] : [],
  };
}

function buildLimitTrace(series, { isFlux, zero }) {
  const limits = series.points.filter(
    (point) => point.limiting_mag !== null && (isFlux ? point.flux === null : !isDetection(point)),
  );
  const getLimit = (point) => (isFlux ? magnitudeToFlux(point.limiting_mag) : point.limiting_mag);
  return {
    type: "scatter",
    mode: "markers",
    name: `${series.key}, limits`,
    x: limits.map((point) => point.mjd - zero),
    y: limits.map(getLimit),
    marker: { color: getBandColour(series.band), size: 8, symbol: "triangle-down-open", opacity: 0.65 },
    hoverinfo: "text",
    hovertext: limits.map((point) => {
      const limit = getLimit(point).toPrecision(4);
      return formatHoverText(point, isFlux ? `<b>< ${limit} µJy</b> (limit)` : `<b>> ${limit} mag</b> (limit)`);
    }),
  };
}

const formatModelName = (analysis) => `${analysis.model_name ?? "model"} (analysis ${analysis.id})`;

// Rows of a model are [MJD, magnitude], or [MJD, magnitude, lower, upper].
function buildModelTraces(analysis, bands, { isFlux, zero }) {
  return Object.entries(analysis.model_lightcurve ?? {})
    .filter(([band, rows]) => bands.has(band) && Array.isArray(rows))
    .flatMap(([band, rows]) => {
      const colour = getBandColour(band);
      const buildLine = (column, style) => ({
        type: "scatter",
        mode: "lines",
        x: rows.map((row) => row[0] - zero),
        y: rows.map((row) => (isFlux ? magnitudeToFlux(row[column]) : row[column])),
        ...style,
      });
      const median = buildLine(1, {
        name: `${formatModelName(analysis)}, ${band}`,
        hoverinfo: "name",
        line: { color: colour, width: 1.6 },
      });
      if (!rows[0] || rows[0].length < 4) return [median];
      const edge = { hoverinfo: "skip", line: { width: 0 } };
      return [buildLine(2, edge), buildLine(3, { ...edge, fill: "tonexty", fillcolor: `${colour}2e` }), median];
    });
}

const LegendMark = ({ colour }) => html`<svg viewBox="0 0 12 12" aria-hidden="true">
  ${
    colour
      ? html`<circle cx="6" cy="6" r="5" fill=${colour} />`
      : html`<path d="M0 9 Q4 -3 12 7" fill="none" stroke="currentColor" stroke-width="2" />`
  }
</svg>`;

// An item without a colour is a model.
function LegendCheckboxes({ legend, items, hiddenKeys, onToggle }) {
  return html`<fieldset><legend>${legend}</legend><div class="row">
    ${items.map(
      ({ key, label, colour }) => html`<label class="chip">
      <input type="checkbox" checked=${!hiddenKeys.has(key)} onChange=${() => onToggle(key)} />
      <${LegendMark} colour=${colour} /> ${label}
    </label>`,
    )}
  </div></fieldset>`;
}

export function LightCurve({ points, fits, name }) {
  const [isFlux, setIsFlux] = useState(false);
  const [isInDays, setIsInDays] = useState(true);
  const [hiddenKeys, setHiddenKeys] = useState(new Set());
  const series = useMemo(() => groupSeries(points), [points]);
  const models = useMemo(() => fits.filter((fit) => fit.model_lightcurve), [fits]);
  const firstDetection = findFirstDetection(points);
  const toggleKey = (key) =>
    setHiddenKeys((keys) => new Set(keys.has(key) ? [...keys].filter((other) => other !== key) : [...keys, key]));
  const [traces, layout] = useMemo(() => {
    const hasDays = isInDays && firstDetection !== null;
    const options = { isFlux, zero: hasDays ? firstDetection : 0, hasMany: points.length > MAX_MARKERS };
    const visibleSeries = series.filter(({ key }) => !hiddenKeys.has(key));
    const bands = new Set(visibleSeries.map(({ band }) => band));
    const visibleModels = models.filter((fit) => !hiddenKeys.has(fit.id));
    const figures = visibleSeries.map((group) => buildSeriesFigure(group, options));
    return [
      [
        ...visibleModels.flatMap((fit) => buildModelTraces(fit, bands, options)),
        ...figures.flatMap((figure) => figure.traces),
      ],
      {
        xaxis: { title: { text: hasDays ? "Days since first detection" : "MJD" } },
        yaxis: isFlux
          ? { title: { text: "Flux (µJy, AB)" } }
          : { title: { text: "Magnitude (AB)" }, autorange: "reversed" },
        uirevision: `${isFlux}${isInDays}`,
        shapes: figures.flatMap((figure) => figure.shapes),
      },
    ];
  }, [series, models, hiddenKeys, isFlux, isInDays]);
  if (!points.length) return html`<${EmptyMessage}>No photometry visible to you. Upload some below.<//>`;
  return html`<div>
    <div class="row">
      <button type="button" aria-pressed=${!isFlux} onClick=${() => setIsFlux(false)}>Magnitude</button>
      <button type="button" aria-pressed=${isFlux} onClick=${() => setIsFlux(true)}>Flux</button>
      <button type="button" aria-pressed=${isInDays} onClick=${() => setIsInDays(true)}>Days</button>
      <button type="button" aria-pressed=${!isInDays} onClick=${() => setIsInDays(false)}>MJD</button>
      <span class="hint">${points.length} points. Triangles are limits. Magnitudes below ${DETECTION_SIGMA}σ are shown as limits.${
        firstDetection === null ? "" : ` First detection: MJD ${firstDetection.toFixed(3)}.`
      }</span>
    </div>
    <${Plot} traces=${traces} layout=${layout} name=${`${name}-light-curve`}
      label=${`Light curve of ${name}: ${points.length} points in ${series.length} series`} />
    <${LegendCheckboxes} legend="Bands and instruments" hiddenKeys=${hiddenKeys} onToggle=${toggleKey}
      items=${series.map(({ key, band }) => ({ key, label: key, colour: getBandColour(band) }))} />
    ${
      models.length > 0 &&
      html`<${LegendCheckboxes} legend="Models of completed fits" hiddenKeys=${hiddenKeys} onToggle=${toggleKey}
      items=${models.map((fit) => ({ key: fit.id, label: formatModelName(fit) }))} />`
    }
  </div>`;
}
