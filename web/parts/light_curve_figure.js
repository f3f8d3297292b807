// The Plotly figure of a light curve: detections, limits, models with their 68 % bands, residuals.
import { formatMjd } from "../core/format.js";
import { getLimit, interpolateModel, magnitudeToFlux, measurePoint } from "../core/light_curve_data.js";
import { showPlotText } from "../core/service_values.js";
import { DOT_SHAPES } from "./plot.js";

const MAX_MARKERS = 1500;
const PADDING = 0.05;
const LEFT_OUT_COLOUR = "#9097a3";
export const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];

const formatHoverText = (point, text) =>
  `${text}<br>MJD ${point.mjd.toFixed(4)}<br>${formatMjd(point.mjd)} UTC<br>${showPlotText(`${point.filter}, ${point.instrument_name}`)}`;

// The measured points of a series as {point, x, value, error}.
function measureSeries(series, { scale, time }) {
  return series.points.flatMap((point) => {
    const measure = measurePoint(point, scale);
    return measure ? [{ point, x: time.convert(point.mjd), ...measure }] : [];
  });
}

function buildSeriesFigure(series, options) {
  const measures = measureSeries(series, options).filter(({ point }) => !options.leftOut.has(point.id));
  const trace = {
    type: "scatter",
    name: showPlotText(series.key),
    mode: "none",
    x: measures.map(({ x }) => x),
    y: measures.map(({ value }) => value),
    marker: { color: series.colour, size: 7, symbol: series.symbol, line: { width: 0 } },
    hoverinfo: "text",
    hovertext: measures.map(({ point, value, error }) =>
      formatHoverText(point, `<b>${value.toPrecision(5)} ± ${error?.toPrecision(2)} ${options.scale.unit}</b>`),
    ),
  };
  const markers = {
    mode: "markers",
    error_y: { type: "data", array: measures.map(({ error }) => error), color: series.colour, thickness: 1, width: 0 },
  };
  return {
    traces: [options.hasMany ? trace : { ...trace, ...markers }, buildLimitTrace(series, options)],
    shapes: options.hasMany && measures.length ? buildPointShapes(measures, series.colour) : [],
  };
}

// Many points are drawn as two paths instead of thousands of elements: error bars, and lines without length
// whose round ends are the dots. The trace without markers remains for the pointer.
function buildPointShapes(measures, colour) {
  const buildPath = (name, sigma, width) => ({
    type: "path",
    layer: "between",
    name,
    line: { color: colour, width },
    path: measures
      .map(({ x, value, error }) => `M${x},${value - sigma * error}L${x},${value + sigma * error}`)
      .join(""),
  });
  return [buildPath("errors", 1, 1), buildPath(DOT_SHAPES, 0, 5)];
}

function buildLimitTrace(series, { scale, time, leftOut }) {
  const limits = series.points
    .map((point) => ({ point, limit: getLimit(point, scale) }))
    .filter(({ point, limit }) => limit !== null && !leftOut.has(point.id));
  return {
    type: "scatter",
    mode: "markers",
    name: showPlotText(`${series.key}, limits`),
    x: limits.map(({ point }) => time.convert(point.mjd)),
    y: limits.map(({ limit }) => limit),
    marker: { color: series.colour, size: 8, symbol: "triangle-down-open", opacity: 0.65 },
    hoverinfo: "text",
    hovertext: limits.map(({ point, limit }) => {
      const relation = scale.isFlux ? "<" : ">";
      return formatHoverText(point, `<b>${relation} ${limit.toPrecision(4)} ${scale.unit}</b> (limit)`);
    }),
  };
}

function buildLeftOutTrace(series, { scale, time, leftOut }) {
  const points = series
    .flatMap((group) => group.points)
    .filter((point) => leftOut.has(point.id))
    .map((point) => ({ point, value: measurePoint(point, scale)?.value ?? getLimit(point, scale) }))
    .filter(({ value }) => value !== null);
  return {
    type: "scatter",
    mode: "markers",
    name: "left out",
    x: points.map(({ point }) => time.convert(point.mjd)),
    y: points.map(({ value }) => value),
    marker: { color: LEFT_OUT_COLOUR, size: 9, symbol: "x-thin-open" },
    hoverinfo: "text",
    hovertext: points.map(({ point }) => formatHoverText(point, "<b>left out of the next fit</b>")),
  };
}

export const formatModelName = (analysis) => `${analysis.model_name} (analysis ${analysis.id})`;

function buildModelTraces({ analysis, dash }, colours, { scale, time }) {
  const convert = (magnitude) => (scale.isFlux ? magnitudeToFlux(magnitude) : magnitude - scale.shift);
  return Object.entries(analysis.model_lightcurve)
    .filter(([band]) => colours.has(band))
    .flatMap(([band, rows]) => {
      const colour = colours.get(band);
      const buildLine = (column, style) => ({
        type: "scatter",
        mode: "lines",
        x: rows.map((row) => time.convert(row[0])),
        y: rows.map((row) => convert(row[column])),
        ...style,
      });
      const median = buildLine(1, {
        name: showPlotText(`${formatModelName(analysis)}, ${band}`),
        hoverinfo: "name",
        line: { color: colour, width: 1.6, dash },
      });
      if (rows.some((row) => row.length < 4)) return [median];
      const edge = { hoverinfo: "skip", line: { width: 0 } };
      return [buildLine(2, edge), buildLine(3, { ...edge, fill: "tonexty", fillcolor: `${colour}2e` }), median];
    });
}

// (data − model) / error, against the median of a model.
function buildResidualTraces(series, { analysis }, options) {
  const { scale, leftOut } = options;
  return series.flatMap((group) => {
    const rows = analysis.model_lightcurve[group.band];
    if (!rows) return [];
    const residuals = measureSeries(group, options)
      .filter(({ point }) => !leftOut.has(point.id))
      .map((measure) => ({ ...measure, magnitude: interpolateModel(rows, measure.point.mjd) }))
      .filter(({ magnitude, error }) => magnitude !== null && error > 0)
      .map(({ magnitude, ...measure }) => {
        const model = scale.isFlux ? magnitudeToFlux(magnitude) : magnitude - scale.shift;
        return { ...measure, pull: (measure.value - model) / measure.error };
      });
    return [
      {
        type: "scatter",
        mode: "markers",
        name: showPlotText(`${group.key}, residuals`),
        yaxis: "y2",
        x: residuals.map(({ x }) => x),
        y: residuals.map(({ pull }) => pull),
        marker: { color: group.colour, size: 6, symbol: group.symbol },
        hoverinfo: "text",
        hovertext: residuals.map(({ point, pull }) => formatHoverText(point, `<b>${pull.toFixed(2)} σ</b>`)),
      },
    ];
  });
}

// The range that holds the data, whatever the models do outside of it.
function findRange(values) {
  if (!values.length) return undefined;
  const low = values.reduce((least, value) => Math.min(least, value), Infinity);
  const high = values.reduce((most, value) => Math.max(most, value), -Infinity);
  const padding = PADDING * (high - low) || 0.5;
  return [low - padding, high + padding];
}

function findDataRanges(series, options) {
  const measures = series.flatMap((group) => measureSeries(group, options));
  const limits = series
    .flatMap((group) => group.points)
    .map((point) => ({ x: options.time.convert(point.mjd), value: getLimit(point, options.scale) }))
    .filter(({ value }) => value !== null);
  const edges = measures.flatMap(({ value, error }) => [value - (error ?? 0), value + (error ?? 0)]);
  return {
    x: findRange([...measures, ...limits].map(({ x }) => x)),
    y: findRange([...edges, ...limits.map(({ value }) => value)]),
  };
}

// `options` are {scale, time, leftOut: ids of points, hasResiduals}; `models` are {analysis, dash}, the best first.
// Returns traces and layout of the visible series and models.
export function buildLightCurveFigure(series, models, options) {
  const hasMany = series.reduce((count, { points }) => count + points.length, 0) > MAX_MARKERS;
  const figures = series.map((group) => buildSeriesFigure(group, { ...options, hasMany }));
  const colours = new Map(series.map(({ band, colour }) => [band, colour]));
  const ranges = findDataRanges(series, options);
  const hasResiduals = options.hasResiduals && models.length > 0;
  const traces = [
    ...models.flatMap((model) => buildModelTraces(model, colours, options)),
    ...figures.flatMap((figure) => figure.traces),
    buildLeftOutTrace(series, options),
    ...(hasResiduals ? buildResidualTraces(series, models[0], options) : []),
  ].filter(({ x }) => x.length);
  const { scale, time } = options;
  const layout = {
    xaxis: { title: { text: time.label }, range: ranges.x, anchor: hasResiduals ? "y2" : "y" },
    yaxis: {
      title: { text: scale.label },
      range: scale.isFlux ? ranges.y : ranges.y && [...ranges.y].reverse(),
      domain: hasResiduals ? [0.3, 1] : [0, 1],
    },
    uirevision: `${scale.label}${time.label}`,
    shapes: figures.flatMap((figure) => figure.shapes),
  };
  if (!hasResiduals) return [traces, layout];
  const residualAxis = { title: { text: "(Data − model) / σ" }, domain: [0, 0.24], zeroline: true };
  return [traces, { ...layout, yaxis2: residualAxis }];
}
