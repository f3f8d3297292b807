// The power spectrum of a periodogram, over frequency or period, with the sampling window below it.
import { html, useMemo, useState } from "../vendor/htm-preact.js";
import { formatNumber } from "../core/format.js";
import { LABEL_HEIGHT, stackLabels } from "../core/label_rows.js";
import { useWidePage } from "../core/page_width.js";
import { Checkbox } from "./form_fields.js";
import { ErrorMessage, LoadingMessage } from "./messages.js";
import { formatWithError } from "./period_text.js";
import { Plot } from "./plot.js";

const HARMONICS = [
  [0.5, "f/2"],
  [1, "f"],
  [2, "2f"],
  [3, "3f"],
];
const MIN_DAILY_BASELINE = 1;
const LINE_COLOUR = "#3b78d8";
const WINDOW_COLOUR = "#8a8f99";
const HARMONIC_COLOUR = "#d8432f";
const ALIAS_COLOUR = "#9a6be0";
const WINDOW_HINT =
  "Below: the power that the times of observation alone give to a signal, at this distance from it. Each peak there makes aliases.";
// Pixels of the plot at the least, on wide and narrow pages.
const PLOT_WIDTHS = { wide: 780, narrow: 190 };

// The highest power within about two widths of a peak from the frequency; a peak of the table, if it is there.
function findNearestPeak({ frequencies, power, oversampling, baseline, best_periods: peaks }, frequency) {
  const width = Math.max(3, Math.round(oversampling * 2));
  let middle = frequencies.findIndex((value) => value >= frequency);
  if (middle < 0) middle = frequencies.length - 1;
  let best = middle;
  for (let i = Math.max(0, middle - width); i <= Math.min(power.length - 1, middle + width); i += 1)
    if (power[i] > power[best]) best = i;
  const listed = peaks.find((peak) => Math.abs(peak.frequency - frequencies[best]) < 0.5 / baseline);
  return listed ?? { period: 1 / frequencies[best] };
}

function listMarks(result, period) {
  if (!period) return [];
  const frequency = 1 / period;
  const harmonics = HARMONICS.map(([factor, label]) => ({
    frequency: factor * frequency,
    label,
    line: { color: HARMONIC_COLOUR, width: factor === 1 ? 1.6 : 1, dash: factor === 1 ? "solid" : "dot" },
  }));
  return [...harmonics, ...listAliasMarks(result, frequency)].filter(
    (mark) => mark.frequency >= result.fmin && mark.frequency <= result.fmax,
  );
}

// The aliases of one cycle per day, and those of two that are among the highest peaks.
function listAliasMarks({ baseline, best_periods: peaks }, frequency) {
  if (baseline < MIN_DAILY_BASELINE) return [];
  const isPeak = (value) => peaks.some((peak) => Math.abs(peak.frequency - value) < 1 / baseline);
  return [1, 2].flatMap((number) =>
    [
      [Math.abs(frequency - number), frequency < number ? `${number} − f` : `f − ${number}`],
      [frequency + number, `f + ${number}`],
    ]
      .filter(([value]) => number === 1 || isPeak(value))
      .map(([value, label]) => ({ frequency: value, label, line: { color: ALIAS_COLOUR, width: 1.2, dash: "dash" } })),
  );
}

function buildAxis(result, isPeriod) {
  const convert = isPeriod ? (frequency) => 1 / frequency : (frequency) => frequency;
  const scale = isPeriod ? (frequency) => -Math.log10(frequency) : convert;
  const [low, high] = [scale(result.fmin), scale(result.fmax)].sort((a, b) => a - b);
  const axis = {
    title: { text: isPeriod ? "Period (days)" : "Frequency (1/day)" },
    type: isPeriod ? "log" : "linear",
    range: [low, high],
    anchor: result.window_power ? "y2" : "y",
    ...(isPeriod ? { dtick: high - low < 2 ? undefined : 1 } : {}),
  };
  return { axis, convert, scale, getPixel: (frequency, width) => (width * (scale(frequency) - low)) / (high - low) };
}

function buildPowerTraces(result, convert) {
  const x = result.frequencies.map(convert);
  const text = result.frequencies.map((frequency) => `${frequency.toFixed(6)} /day, ${(1 / frequency).toPrecision(7)} d`);
  const line = { type: "scatter", mode: "lines", x, text };
  const power = {
    ...line,
    y: result.power,
    line: { color: LINE_COLOUR, width: 1 },
    hovertemplate: "%{text}<br>power %{y:.3f}<extra></extra>",
  };
  const peaks = {
    type: "scatter",
    mode: "markers",
    x: result.best_periods.map((peak) => convert(peak.frequency)),
    y: result.best_periods.map((peak) => peak.power),
    marker: {
      color: HARMONIC_COLOUR,
      size: 8,
      symbol: result.best_periods.map(({ role }) => (role === "candidate" ? "circle" : "circle-open")),
    },
    text: result.best_periods.map(
      (peak) => `${formatWithError(peak.period, peak.period_error)} d<br>${peak.description}`,
    ),
    hovertemplate: "%{text}<extra></extra>",
  };
  const window = {
    ...line,
    y: result.window_power,
    yaxis: "y2",
    line: { color: WINDOW_COLOUR, width: 1 },
    hovertemplate: "%{text}<br>window %{y:.3f}<extra></extra>",
  };
  return result.window_power ? [power, peaks, window] : [power, peaks];
}

function buildLevelShapes(level) {
  const line = { color: WINDOW_COLOUR, width: 1, dash: "dash" };
  return level === null ? [] : [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: level, y1: level, line }];
}

function buildPowerFigure(result, period, isPeriod, isWide) {
  const { axis, convert, scale, getPixel } = buildAxis(result, isPeriod);
  const width = isWide ? PLOT_WIDTHS.wide : PLOT_WIDTHS.narrow;
  const marks = stackLabels(listMarks(result, period), ({ frequency }) => getPixel(frequency, width));
  const numRows = 1 + Math.max(0, ...marks.map(({ row }) => row));
  const layout = {
    xaxis: axis,
    yaxis: { title: { text: "Power" }, rangemode: "tozero", domain: result.window_power ? [0.32, 1] : [0, 1] },
    ...(result.window_power ? { yaxis2: { title: { text: "Window" }, range: [0, 1], domain: [0, 0.24] } } : {}),
    shapes: [
      ...buildLevelShapes(result.false_alarm_level),
      ...marks.map(({ frequency, line }) => {
        const x = convert(frequency);
        return { type: "line", x0: x, x1: x, yref: "paper", y0: 0, y1: 1, line };
      }),
    ],
    // on a logarithmic axis, annotations are placed by the logarithm
    annotations: marks.map(({ frequency, label, row }) => ({
      x: isPeriod ? scale(frequency) : frequency,
      y: 1,
      yref: "paper",
      yshift: row * LABEL_HEIGHT,
      text: label,
      showarrow: false,
      yanchor: "bottom",
      font: { size: 12 },
    })),
    margin: { l: 60, r: 18, t: 12 + numRows * LABEL_HEIGHT, b: 46 },
    hovermode: "x",
  };
  return [buildPowerTraces(result, convert), layout];
}

const describeSpectrum = (result) => [
  "Click a peak to fold the light curve with its period.",
  "Lines: the folded period's frequency f, its harmonics (dotted) and its 1-day aliases (dashed).",
  "Filled circles are periods of their own, open ones are not.",
  ...(result.false_alarm_level === null ? [] : ["Noise alone reaches the horizontal line in 1 % of such data."]),
  ...(result.window_power === null ? [] : [WINDOW_HINT]),
  `${result.num_points} points of ${result.filters.join(", ")} over ${formatNumber(result.baseline, 5)} days.`,
  ...result.notes,
];

// `windowAction` loads the sampling window, or removes it. `onPick` is called with a peak.
export function PowerSpectrum({ result, period, source, windowAction, onPick }) {
  const [isPeriod, setIsPeriod] = useState(false);
  const isWide = useWidePage();
  const hasWindow = result.window_power !== null;
  const [traces, layout] = useMemo(
    () => buildPowerFigure(result, period, isPeriod, isWide),
    [result, period, isPeriod, isWide],
  );
  return html`<div>
    <h3>Power spectrum</h3>
    <div class="row">
      <span class="label" id="spectrum-axis">Axis</span>
      <div class="row" role="group" aria-labelledby="spectrum-axis">
        <button type="button" aria-pressed=${!isPeriod} onClick=${() => setIsPeriod(false)}>Frequency</button>
        <button type="button" aria-pressed=${isPeriod} onClick=${() => setIsPeriod(true)}>Period</button>
      </div>
      <${Checkbox} label="Sampling window" value=${hasWindow !== windowAction.busy} onChange=${windowAction.run} />
      ${windowAction.busy && html`<${LoadingMessage} text="Computing the sampling window" />`}
    </div>
    <${ErrorMessage} error=${windowAction.error} />
    <${Plot} key=${`${isPeriod} ${hasWindow}`} size=${hasWindow ? "" : "low"} traces=${traces} layout=${layout}
      name=${`${source}-periodogram`} label=${`Periodogram of ${source}, ${result.filters.join(", ")}`}
      onPick=${(point) => onPick(findNearestPeak(result, isPeriod ? 1 / point.x : point.x))} />
    <p class="hint">${describeSpectrum(result).join(" ")}</p>
  </div>`;
}
