// The light curve of a source: plot with controls and legend, and the table of its points.
import { html, useMemo, useState } from "../vendor/htm-preact.js";
import { loadLeftOut, saveLeftOut } from "../core/left_out_points.js";
import { DETECTION_SIGMA, buildScales, buildTimeAxes, groupSeries, rankModels } from "../core/light_curve_data.js";
import { DASHES, buildLightCurveFigure, formatModelName } from "./light_curve_figure.js";
import { EmptyMessage } from "./messages.js";
import { PhotometryTable } from "./photometry_table.js";
import { Plot } from "./plot.js";
import { useShortcuts } from "./shortcuts.js";

const SCALE_LABELS = { magnitude: "Magnitude", flux: "Flux", absolute: "Absolute magnitude" };
const TIME_LABELS = { days: "Days", rest: "Rest-frame days", mjd: "MJD" };
const SYMBOL_PATHS = {
  circle: "M6 1a5 5 0 1 0 0 10a5 5 0 1 0 0-10z",
  square: "M1.5 1.5h9v9h-9z",
  diamond: "M6 .5L11.5 6L6 11.5L.5 6z",
  "diamond-tall": "M6 .5L9.5 6L6 11.5L2.5 6z",
  "triangle-up": "M6 1L11.5 10.5H.5z",
  "triangle-down": "M6 11L.5 1.5h11z",
  "triangle-left": "M1 6L10.5 .5v11z",
  "triangle-right": "M11 6L1.5 .5v11z",
  cross: "M4 .5h4v3.5h3.5v4H8v3.5H4V8H.5V4H4z",
  x: "M3 .5L6 3.5L9 .5L11.5 3L8.5 6L11.5 9L9 11.5L6 8.5L3 11.5L.5 9L3.5 6L.5 3z",
  star: "M6 .5L7.4 4.3L11.5 4.4L8.2 6.9L9.4 10.9L6 8.5L2.6 10.9L3.8 6.9L.5 4.4L4.6 4.3z",
  pentagon: "M6 .5L11.5 4.6L9.4 11H2.6L.5 4.6z",
  hexagon: "M6 .5L11 3.3v5.4L6 11.5L1 8.7V3.3z",
  hexagon2: "M3.3 1h5.4L11.5 6L8.7 11H3.3L.5 6z",
};

function SeriesMark({ colour, symbol }) {
  const shape = symbol.replace(/(-open)?-dot$/, "");
  const isOpen = symbol.includes("-open");
  return html`<svg viewBox="0 0 12 12" aria-hidden="true">
    <path d=${SYMBOL_PATHS[shape]} fill=${isOpen ? "none" : colour} stroke=${colour} />
    ${symbol.endsWith("-dot") && html`<circle cx="6" cy="6" r="1.6" fill=${isOpen ? colour : "#fff"} />`}</svg>`;
}

const DASH_ARRAYS = ["none", "4 2", "1 2", "4 1.5 1 1.5", "7 2", "7 1.5 1 1.5"];

const ModelMark = ({ dashIndex }) => html`<svg viewBox="0 0 24 12" class="dash" aria-hidden="true">
  <path d="M0 6H24" fill="none" stroke="currentColor" stroke-width="2" stroke-dasharray=${DASH_ARRAYS[dashIndex]} />
</svg>`;

const LegendCheckbox = ({ isOn, onToggle, children }) => html`<label class="chip">
  <input type="checkbox" checked=${isOn} onChange=${onToggle} /> ${children}</label>`;

const toggle = (keys, key) => new Set(keys.has(key) ? [...keys].filter((other) => other !== key) : [...keys, key]);

function ChoiceButtons({ labels, choices, value, onChange }) {
  return Object.entries(labels)
    .filter(([key]) => choices[key])
    .map(
      ([key, label]) => html`<button type="button" aria-pressed=${value === key}
      onClick=${() => onChange(key)}>${label}</button>`,
    );
}

// Evidences compare models of the same data only.
const getDataKey = ({ n_detections: detections, input_filters: filters }) => JSON.stringify([detections, filters ?? {}]);

// Difference in log evidence from the best model, where they compare; and a verdict against the model.
function describeRank(model, best) {
  const evidences = [model, best].map(({ model_summary: summary }) => summary.log_evidence);
  const isComparable = getDataKey(model) === getDataKey(best);
  const hasDifference = model !== best && isComparable && evidences.every(Number.isFinite);
  return [
    hasDifference ? `Δ ln evidence ${(evidences[0] - evidences[1]).toFixed(1)}` : "",
    model.verdict?.describes_data === false ? "does not describe the data" : "",
  ]
    .filter(Boolean)
    .join(", ");
}

function ModelLegend({ models, visibleIds, onToggle }) {
  return html`<fieldset><legend>Models of completed fits, best first</legend><div class="row">${models.map(
    (model, index) => html`<${LegendCheckbox} isOn=${visibleIds.has(model.id)} onToggle=${() => onToggle(model.id)}>
      <${ModelMark} dashIndex=${index % DASHES.length} /> ${formatModelName(model)}
      ${describeRank(model, models[0]) && html`<span class="hint">${describeRank(model, models[0])}</span>`}<//>`,
  )}</div></fieldset>`;
}

// What is drawn: {scaleName, timeName, hiddenKeys, visibleIds, hasResiduals} with their setters.
function useLightCurveView(models, hasAllModels) {
  const [scaleName, setScaleName] = useState("magnitude");
  const [timeName, setTimeName] = useState("days");
  const [hiddenKeys, setHiddenKeys] = useState(new Set());
  const [chosenIds, setChosenIds] = useState(null);
  const [hasResiduals, setHasResiduals] = useState(false);
  useShortcuts({ m: () => setScaleName("magnitude"), f: () => setScaleName("flux") });
  const visibleIds = chosenIds ?? new Set((hasAllModels ? models : models.slice(0, 1)).map(({ id }) => id));
  return {
    ...{ scaleName, setScaleName, timeName, setTimeName, hiddenKeys, visibleIds, hasResiduals, setHasResiduals },
    toggleSeries: (key) => setHiddenKeys(toggle(hiddenKeys, key)),
    toggleModel: (id) => setChosenIds(toggle(visibleIds, id)),
  };
}

// `source` has the redshift and the distance modulus (`dm`) for axes where no model has them.
// `isCompact` leaves out the table of points; with `hasAllModels` all models are drawn at first, not only the best.
export function LightCurve({ points, analyses, source, isCompact, hasAllModels }) {
  const models = useMemo(() => rankModels(analyses), [analyses]);
  const view = useLightCurveView(models, hasAllModels);
  const [leftOut, setLeftOut] = useState(() => loadLeftOut(source.id));
  const series = useMemo(() => groupSeries(points), [points]);
  const visibleModels = models
    .map((analysis, index) => ({ analysis, dash: DASHES[index % DASHES.length] }))
    .filter(({ analysis }) => view.visibleIds.has(analysis.id));
  const reference = visibleModels[0]?.analysis ?? models[0];
  const scales = buildScales(reference, source.dm);
  const times = buildTimeAxes(points, reference, source.redshift);
  const options = {
    scale: scales[view.scaleName] || scales.magnitude,
    time: times[view.timeName] || times.mjd,
    leftOut,
    hasResiduals: view.hasResiduals,
  };
  const [traces, layout] = useMemo(
    () => buildLightCurveFigure(series.filter(({ key }) => !view.hiddenKeys.has(key)), visibleModels, options),
    [series, models, view.hiddenKeys, view.visibleIds.size, [...view.visibleIds].join(), leftOut, view.hasResiduals,
      options.scale.label, options.time.label],
  );
  const changeLeftOut = (ids) => {
    saveLeftOut(source.id, ids);
    setLeftOut(ids);
  };
  if (!points.length) return html`<${EmptyMessage}>No photometry visible to you. Upload some below.<//>`;
  return html`<div>
    <div class="row">
      <${ChoiceButtons} labels=${SCALE_LABELS} choices=${scales} value=${view.scaleName} onChange=${view.setScaleName} />
      <span class="divider"></span>
      <${ChoiceButtons} labels=${TIME_LABELS} choices=${times} value=${view.timeName} onChange=${view.setTimeName} />
      ${
        models.length > 0 &&
        html`<span class="divider"></span><button type="button" aria-pressed=${view.hasResiduals}
          onClick=${() => view.setHasResiduals(!view.hasResiduals)}>Residuals</button>`
      }
    </div>
    <${Plot} size=${isCompact ? "" : "tall"} traces=${traces} layout=${layout} name=${`${source.id}-light-curve`}
      label=${`Light curve of ${source.id}: ${points.length} points in ${series.length} series`} />
    <fieldset><legend>Bands and instruments</legend><div class="row">${series.map(
      ({ key, colour, symbol }) => html`<${LegendCheckbox} isOn=${!view.hiddenKeys.has(key)}
        onToggle=${() => view.toggleSeries(key)}><${SeriesMark} colour=${colour} symbol=${symbol} /> ${key}<//>`,
    )}</div></fieldset>
    ${
      models.length > 0 &&
      html`<${ModelLegend} models=${models} visibleIds=${view.visibleIds} onToggle=${view.toggleModel} />`
    }
    <p class="hint">Open triangles are limits. Magnitudes below ${DETECTION_SIGMA}σ are shown as limits. Shades: 68 %.${
      leftOut.size ? ` Crosses: ${leftOut.size} of ${points.length} points left out of the next fit.` : ""
    }</p>
    ${
      !isCompact &&
      html`<${PhotometryTable} points=${points} leftOut=${leftOut} setLeftOut=${changeLeftOut} name=${source.id} />`
    }
  </div>`;
}
