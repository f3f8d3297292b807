// Two or more analyses side by side: verdicts, parameters, evidence, curves and posteriors overlaid.
import { html, useMemo } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { buildDensity, chooseBins } from "../core/density.js";
import { formatNumber, roundToError } from "../core/format.js";
import { useLoad } from "../core/request_hooks.js";
import { buildAddress } from "../core/router.js";
import { buildRecord, isRecord, listEntries, showPlotText, showText } from "../core/service_values.js";
import { selectEstimates } from "../parts/analysis_results.js";
import { StateBadge, VerdictBadge } from "../parts/indicators.js";
import { Card, ScrollArea } from "../parts/layout.js";
import { LightCurve } from "../parts/light_curve.js";
import { EmptyMessage, LoadedContent } from "../parts/messages.js";
import { Plot } from "../parts/plot.js";

const COLOURS = ["#1f6fd6", "#d1632a", "#2a9a58", "#9a4fc0", "#b8871a", "#3aa0a8"];
const MAX_ANALYSES = COLOURS.length;
const MAX_PARAMETERS = 100;
const MAX_POSTERIORS = 30;

// A service can send anything: lists of numbers, flat or by chain, are kept of it.
function readSamples(samples) {
  const entries = listEntries(samples)
    .map(([name, values]) => [name, Array.isArray(values) ? values.flat().filter(Number.isFinite) : []])
    .filter(([, values]) => values.length);
  return buildRecord(entries);
}

async function loadAnalysis(id, signal) {
  const path = `/obj/analysis/${encodeURIComponent(id)}`;
  const ignoreMissing = (error) => {
    if (error.status === 404) return null;
    throw error;
  };
  const [analysis, results] = await Promise.all([
    api.get(path, { includeAnalysisData: true, includeDetails: true }, signal),
    api.get(`${path}/results`, {}, signal).catch(ignoreMissing),
  ]);
  const { data, ...record } = analysis;
  return { analysis: record, results: isRecord(results) ? results : {}, samples: readSamples(data?.posterior_samples) };
}

async function loadComparison(ids, signal) {
  const entries = await Promise.all(ids.map((id) => loadAnalysis(id, signal)));
  const sources = [...new Set(entries.map(({ analysis }) => analysis.obj_id))];
  if (sources.length > 1) return { entries, source: null, points: [] };
  const path = `/sources/${encodeURIComponent(sources[0])}`;
  const [source, points] = await Promise.all([
    api.get(path, {}, signal),
    api.get(`${path}/photometry`, { format: "both" }, signal),
  ]);
  return { entries, source, points };
}

const listParameters = (entries) => [
  ...new Set(
    entries.flatMap(({ results }) =>
      Object.keys(selectEstimates(results.parameters)),
    ),
  ),
];

function formatEstimate(estimate) {
  if (!estimate) return "–";
  const { median, err_minus: minus, err_plus: plus, std } = estimate;
  const errors = [minus ?? std, plus ?? std].map((error) => (Number.isFinite(error) ? error : null));
  const { text, digits } = roundToError(median, Math.min(...errors.filter((error) => error > 0)));
  const formatError = (error) => {
    if (error === null) return "?";
    return digits === null ? error.toExponential(1) : error.toFixed(digits);
  };
  return html`${text} <span class="errors"><sup>+${formatError(errors[1])}</sup><sub>−${formatError(errors[0])}</sub></span>`;
}

const formatNumberCell = (value, format) => (Number.isFinite(value) ? format(value) : "–");

// Evidences compare models of the same data only.
const haveSameData = (entries) =>
  new Set(
    entries.map(({ analysis, results }) => JSON.stringify([analysis.obj_id, results.n_rows, analysis.input_filters ?? {}])),
  ).size === 1;

function ComparisonTable({ entries }) {
  const evidences = entries.map(({ results }) => results.log_evidence).filter(Number.isFinite);
  const best = evidences.length ? Math.max(...evidences) : null;
  const isComparable = haveSameData(entries);
  const parameters = listParameters(entries);
  const formatEvidence = (value) => (isComparable ? (value - best).toFixed(1) : "other data");
  const rows = [
    ["Model", ({ analysis, results }) => showText(results.source ?? analysis.model_name), ""],
    ["State", ({ analysis }) => html`<${StateBadge} state=${analysis.status} verdict=${analysis.verdict} />
      <${VerdictBadge} verdict=${analysis.verdict} />`, ""],
    ["Δ ln evidence", ({ results }) => formatNumberCell(results.log_evidence, formatEvidence), "number"],
    ["χ² / dof", ({ results }) => formatNumberCell(results.chi2, (chi2) => `${chi2.toFixed(1)} / ${showText(results.ndof)}`), "number"],
    ["Misfit p", ({ results }) => formatNumberCell(results.misfit_p_value, (value) => value.toPrecision(2)), "number"],
    ["Points", ({ results }) => formatNumberCell(results.n_rows, String), "number"],
    ...parameters.slice(0, MAX_PARAMETERS).map((name) => [
      showText(name),
      ({ results }) => formatEstimate(selectEstimates(results.parameters)[name]),
      "number",
    ]),
  ];
  return html`<${ScrollArea} label="Comparison"><table class="compare">
    <caption class="unseen">Analyses side by side</caption>
    <thead><tr><td></td>${entries.map(
      ({ analysis }, index) => html`<th scope="col"><${Swatch} index=${index} />
        <a href=${buildAddress(["analysis", analysis.id])}>Analysis ${analysis.id}</a> of ${analysis.obj_id}</th>`,
    )}</tr></thead>
    <tbody>${rows.map(
      ([name, format, kind]) => html`<tr><th scope="row">${name}</th>${entries.map(
        (entry) => html`<td class=${kind}>${format(entry)}</td>`,
      )}</tr>`,
    )}</tbody></table><//>
    ${
      parameters.length > MAX_PARAMETERS &&
      html`<p class="hint">The first ${MAX_PARAMETERS} of ${parameters.length} parameters are shown.</p>`
    }
    ${!isComparable && html`<p class="hint">Evidences compare models of the same data only; these analyses were sent different data.</p>`}`;
}

const Swatch = ({ index }) => html`<svg class="swatch" viewBox="0 0 12 12" aria-hidden="true">
  <rect width="12" height="12" rx="2" fill=${COLOURS[index]} /></svg>`;

function PosteriorOverlay({ entries, name }) {
  const [traces, layout] = useMemo(() => {
    const lists = entries.map(({ samples }) => samples[name] ?? []);
    const bins = chooseBins(lists);
    const lines = lists.map((samples, index) => ({
      type: "scatter",
      mode: "lines",
      name: `analysis ${entries[index].analysis.id}`,
      ...buildDensity(samples, bins),
      line: { color: COLOURS[index], width: 1.6 },
      fill: "tozeroy",
      fillcolor: `${COLOURS[index]}22`,
      hoverinfo: "name",
    }));
    return [
      lines.filter((_, index) => lists[index].length),
      { xaxis: { title: { text: showPlotText(name) }, exponentformat: bins.start > 1000 ? "none" : "e" }, yaxis: { title: { text: "Density" }, rangemode: "tozero", showticklabels: false } },
    ];
  }, [entries, name]);
  return html`<${Plot} size="low" traces=${traces} layout=${layout} name=${`posterior-${name}`}
    label=${`Posteriors of ${showText(name)}`} />`;
}

function Comparison({ entries, source, points }) {
  const analyses = useMemo(() => entries.map(({ analysis }) => analysis), [entries]);
  const sampled = listParameters(entries)
    .filter((name) => entries.some(({ samples }) => samples[name]?.length))
    .slice(0, MAX_POSTERIORS);
  return html`<${Card}><${ComparisonTable} entries=${entries} /><//>
    ${
      source &&
      html`<${Card} title="Light curve"><${LightCurve} points=${points} source=${source} analyses=${analyses}
        isCompact=${true} hasAllModels=${true} /><//>`
    }
    ${
      sampled.length > 0 &&
      html`<${Card} title="Posteriors"><div class="columns">${sampled.map(
        (name) => html`<${PosteriorOverlay} key=${name} entries=${entries} name=${name} />`,
      )}</div><//>`
    }`;
}

export function ComparePage({ path: [list = ""] }) {
  const ids = [...new Set(list.split(",").filter(Boolean))].slice(0, MAX_ANALYSES);
  const load = useLoad((signal) => loadComparison(ids, signal), [ids.join()]);
  if (ids.length < 2)
    return html`<h1>Compare analyses</h1><${Card}><${EmptyMessage}>Select two or more analyses on the page of a source,
      then “Compare”.<//><//>`;
  return html`<h1>Compare analyses ${ids.join(", ")}</h1>
    <${LoadedContent} load=${load} text="Loading the analyses">${(data) => html`<${Comparison} ...${data} />`}<//>`;
}
