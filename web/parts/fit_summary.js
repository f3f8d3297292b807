// What a reader wants first of the results of a fit: main parameters, class probabilities, the ranking of models.
import { html } from "../vendor/htm-preact.js";
import { formatNumber, formatQuantity, roundToError } from "../core/format.js";
import { CaveatList, EstimateTable, listCaveats, selectEstimates } from "./analysis_results.js";
import { ScrollArea } from "./layout.js";

const formatPValue = (value) => (value < 0.001 ? value.toExponential(0) : value.toPrecision(2));

function formatPercent(value) {
  if (value >= 0.9995) return "> 99.9 %";
  return value < 1e-4 ? "< 0.01 %" : `${(100 * value).toPrecision(value < 0.01 ? 1 : 3)} %`;
}

// The numbers of a fit besides its parameters, as pairs of a name and a text.
function listFitNumbers({ chi2, ndof, misfit_p_value: pValue, log_evidence: evidence, peak }) {
  const { absolute, absolute_std: error } = Object(peak);
  return [
    [chi2, "χ² / dof", () => `${chi2.toFixed(1)} / ${formatNumber(ndof)}`],
    [pValue, "Misfit p", () => formatPValue(pValue)],
    [evidence, "ln evidence", () => evidence.toFixed(1)],
    [absolute, "Peak (absolute, rest-frame B)", () => `${formatQuantity(absolute, error)} mag`],
  ]
    .filter(([value]) => typeof value === "number")
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
  const { class_probabilities: probabilities, class_probabilities_note: note } = catalogue;
  const entries = Object.entries(Object(probabilities)).filter(([, value]) => Number.isFinite(value));
  if (!entries.length) return html`<p><strong>Class probabilities:</strong> ${String(note ?? "none")}.</p>`;
  entries.sort(([, a], [, b]) => b - a);
  return html`<table class="bars"><caption>Class probabilities</caption>
      <tbody>${entries.map(
        ([name, value]) => html`<tr><th scope="row">${name}</th>
        <td><meter min="0" max="1" value=${value} aria-label=${`Probability of class ${name}`}></meter></td>
        <td class="number">${formatPercent(value)}</td></tr>`,
      )}</tbody></table>
    ${note && html`<p class="hint">Probabilities ${String(note)}.</p>`}`;
}

function RankingRow({ entry, best }) {
  const { name, log_evidence: evidence, misfit_p_value: pValue, redshift, peak_absolute: peak, reason } = entry;
  const formatCell = (value, format) => (typeof value === "number" ? format(value) : "–");
  return html`<tr><th scope="row">${name}</th><td>${String(entry.class ?? "–")}</td>
    <td class="number">${formatCell(evidence, (value) => (value - best).toFixed(1))}</td>
    <td class="number">${formatCell(pValue, formatPValue)}</td>
    <td class="number">${formatCell(redshift, (value) =>
      entry.redshift_std > 1e-9 ? roundToError(value, entry.redshift_std).text : formatNumber(value),
    )}</td>
    <td class="number">${formatCell(peak, (value) => value.toFixed(2))}</td>
    <td class="says">${reason ? String(reason) : (typeof pValue === "number" && pValue < 0.001 ? "does not describe the data" : "")}</td></tr>`;
}

export function ModelRanking({ catalogue }) {
  const entries = catalogue.sources.filter((entry) => typeof entry?.name === "string");
  const best = entries[0]?.log_evidence;
  return html`<${ScrollArea} label="Ranking of models"><table>
    <caption class="unseen">Models by their evidence, the best first</caption>
    <thead><tr><th scope="col">Model</th><th scope="col">Class</th>
      <th scope="col" class="number">Δ ln evidence</th><th scope="col" class="number">Misfit p</th>
      <th scope="col" class="number">z</th><th scope="col" class="number">Peak (absolute B)</th>
      <th scope="col">Beware</th></tr></thead>
    <tbody>${entries.map(
      (entry) => html`<${RankingRow} key=${entry.name} entry=${entry} best=${best} />`,
    )}</tbody></table><//>
    <p class="hint">Without p, z and peak: too far below the best model to be sampled. Rates per volume that the class
      probabilities take as given: ${Object.entries(Object(catalogue.prior_rates))
        .map(([name, rate]) => `${name} ${rate}`)
        .join(", ")}.</p>`;
}
