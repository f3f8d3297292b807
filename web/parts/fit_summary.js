// What a reader wants first of the results of a fit: main parameters, class probabilities, the ranking of models.
import { html } from "../vendor/htm-preact.js";
import { listProbabilities } from "../core/fit_results.js";
import { formatNumber, formatQuantity, roundToError } from "../core/format.js";
import { MOST_ROWS, isRecord, listEntries, showText } from "../core/service_values.js";
import { CaveatList, EstimateTable, RowsLeftOut, listCaveats, selectEstimates } from "./analysis_results.js";
import { ScrollArea } from "./layout.js";

const formatPValue = (value) => (value < 0.001 ? value.toExponential(0) : value.toPrecision(2));

function formatPercent(value) {
  if (value >= 0.9995) return "> 99.9 %";
  return value < 1e-4 ? "< 0.01 %" : `${(100 * value).toPrecision(value < 0.01 ? 1 : 3)} %`;
}

const showNumber = (value) => (typeof value === "number" ? formatNumber(value) : showText(value));

// The numbers of a fit besides its parameters, as pairs of a name and a text.
function listFitNumbers({ chi2, ndof, misfit_p_value: pValue, log_evidence: evidence, peak }) {
  const { absolute, absolute_std: error } = isRecord(peak) ? peak : {};
  return [
    [chi2, "χ² / dof", () => `${chi2.toFixed(1)} / ${showNumber(ndof)}`],
    [pValue, "Misfit p", () => formatPValue(pValue)],
    [evidence, "ln evidence", () => evidence.toFixed(1)],
    [absolute, "Peak (absolute, rest-frame B)", () => `${formatQuantity(absolute, error)} mag`],
  ]
    .filter(([value]) => Number.isFinite(value))
    .map(([, name, format]) => [name, format()]);
}

export function MainResults({ results }) {
  const numbers = listFitNumbers(results);
  return html`<${EstimateTable} estimates=${selectEstimates(results.parameters)} />
    ${
      numbers.length > 0 &&
      html`<dl class="pairs">${numbers.map(
        ([name, text]) => html`<div><dt>${name}</dt><dd class="number">${text}</dd></div>`,
      )}</dl>`
    }
    <${CaveatList} caveats=${listCaveats(results.peak)} />`;
}

// Bars, or the reason why there are no probabilities. What they condition on is part of their meaning.
export function ClassProbabilities({ catalogue }) {
  const { class_probabilities_note: note } = catalogue;
  const entries = listProbabilities(catalogue);
  if (!entries.length) return html`<p><strong>Class probabilities:</strong> ${showText(note ?? "none")}.</p>`;
  return html`<table class="bars"><caption>Class probabilities</caption>
      <tbody>${entries.slice(0, MOST_ROWS).map(
        ([name, value]) => html`<tr><th scope="row">${showText(name)}</th>
        <td><meter min="0" max="1" value=${value} aria-label=${`Probability of class ${showText(name)}`}></meter></td>
        <td class="number">${formatPercent(value)}</td></tr>`,
      )}</tbody></table><${RowsLeftOut} count=${entries.length} />
    ${note && html`<p class="hint">Probabilities ${showText(note)}.</p>`}`;
}

// Of a text, a difference would be a number, too.
const readEvidence = (entry) => (Number.isFinite(entry?.log_evidence) ? entry.log_evidence : NaN);

function formatRedshift(value, { redshift_std: error }) {
  return Number.isFinite(error) && error > 1e-9 ? roundToError(value, error).text : formatNumber(value);
}

// Numbers of a model: a title, where the number is, and how it is written. A column without numbers is left out.
const RANKING_COLUMNS = [
  ["Misfit p", "misfit_p_value", formatPValue],
  ["z", "redshift", formatRedshift],
  ["Phase (days)", "phase", (value) => value.toFixed(1)],
  ["Peak (absolute B)", "peak_absolute", (value) => value.toFixed(2)],
];

const listColumns = (entries) =>
  RANKING_COLUMNS.filter(([, field]) => entries.some((entry) => Number.isFinite(entry[field])));

function RankingRow({ entry, best, columns }) {
  const evidence = readEvidence(entry);
  const { name, misfit_p_value: pValue, reason } = entry;
  const formatCell = (value, format) => (Number.isFinite(value) ? format(value, entry) : "–");
  return html`<tr><th scope="row">${showText(name)}</th><td>${showText(entry.class)}</td>
    <td class="number">${formatCell(evidence - best, (value) => value.toFixed(1))}</td>
    ${columns.map(([, field, format]) => html`<td class="number">${formatCell(entry[field], format)}</td>`)}
    <td class="says">${reason ? showText(reason) : (typeof pValue === "number" && pValue < 0.001 ? "does not describe the data" : "")}</td></tr>`;
}

export function ModelRanking({ catalogue }) {
  const entries = catalogue.sources.filter((entry) => isRecord(entry) && typeof entry.name === "string");
  const best = readEvidence(entries[0]);
  const columns = listColumns(entries);
  return html`<${ScrollArea} label="Ranking of models"><table>
    <caption class="unseen">Models by their evidence, the best first</caption>
    <thead><tr><th scope="col">Model</th><th scope="col">Class</th>
      <th scope="col" class="number">Δ ln evidence</th>
      ${columns.map(([title]) => html`<th scope="col" class="number">${title}</th>`)}
      <th scope="col">Beware</th></tr></thead>
    <tbody>${entries.slice(0, MOST_ROWS).map(
      (entry) => html`<${RankingRow} key=${entry.name} entry=${entry} best=${best} columns=${columns} />`,
    )}</tbody></table><${RowsLeftOut} count=${entries.length} /><//>
    <p class="hint">${catalogue.hint} ${showText(
      listEntries(catalogue.prior_rates)
        .map(([name, rate]) => `${name} ${Number.isFinite(rate) ? Number(rate.toPrecision(3)) : showText(rate)}`)
        .join(", "),
    )}.</p>`;
}
