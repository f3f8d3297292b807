// The results of an analysis: a table of parameters with errors, then everything else by name.
import { html, useState } from "../vendor/htm-preact.js";
import { findErrorName, formatNumber, formatQuantity, roundToError } from "../core/format.js";
import { MOST_ROWS, buildRecord, getOwn, isRecord, listEntries, showJson, showText } from "../core/service_values.js";
import { ScrollArea } from "./layout.js";

// Results have no units: these are for the names that supernova models use.
const UNITS = {
  t0: "MJD",
  mjd: "MJD",
  mjd_std: "days",
  explosion_mjd: "MJD",
  explosion_mjd_std: "days",
  mwebv: "mag",
  hostebv: "mag",
  c: "mag",
  apparent: "mag",
  apparent_std: "mag",
  absolute: "mag",
  absolute_std: "mag",
  distance_modulus: "mag",
  distance_modulus_std: "mag",
  dm15: "mag",
  dm15_std: "mag",
  period: "days",
};

const getUnit = (name) => getOwn(UNITS, name) ?? "";

// Tables in tables, below which values are shown as JSON.
const DEEPEST_TABLE = 6;

// What a service says to beware of, beside the number that it is about.
const isCaveat = (value) => isRecord(value) && typeof value.message === "string";
const isCaveatList = (name, value) => name === "caveats" && Array.isArray(value) && value.every(isCaveat);

export const listCaveats = (value) => (isCaveatList("caveats", value?.caveats) ? value.caveats : []);

export const CaveatList = ({ caveats }) =>
  caveats.length > 0 &&
  html`<ul>${caveats.slice(0, MOST_ROWS).map(({ message }) => html`<li>${showText(message)}</li>`)}</ul>
    <${RowsLeftOut} count=${caveats.length} />`;

// Says that a table does not have all rows.
export const RowsLeftOut = ({ count }) =>
  count > MOST_ROWS && html`<p class="hint">The first ${MOST_ROWS} of ${count} are shown. “Downloads” has all.</p>`;

// JSON that is written when it is opened.
function JsonFold({ summary, value }) {
  const [isOpen, setIsOpen] = useState(false);
  return html`<details onToggle=${(event) => setIsOpen(event.currentTarget.open)}><summary>${summary}</summary>
    ${isOpen && html`<pre>${showJson(value, undefined, 1)}</pre>`}</details>`;
}

const isScalar = (value) => value === null || typeof value !== "object";
const isEstimate = (value) => isRecord(value) && Number.isFinite(value.median);

// Of an object of results, those that are estimates: a median with errors.
export const selectEstimates = (results) =>
  buildRecord(listEntries(results).filter(([, value]) => isEstimate(value)));

export const EstimateTable = ({ estimates }) => html`<${ScrollArea} label="Parameters"><table>
    <caption class="unseen">Parameters with their errors</caption>
    <thead><tr><th scope="col">Parameter</th><th scope="col" class="number">Median</th>
      <th scope="col" class="number">−</th><th scope="col" class="number">+</th>
      <th scope="col" class="number">Best fit</th><th scope="col">Unit</th></tr></thead>
    <tbody>${Object.entries(estimates).slice(0, MOST_ROWS).map(
      ([name, estimate]) => html`<${EstimateRow} name=${name} estimate=${estimate} />`,
    )}</tbody>
  </table>
  <${RowsLeftOut} count=${Object.keys(estimates).length} />
  <${CaveatList} caveats=${Object.values(estimates).flatMap(listCaveats)} /><//>`;

function EstimateRow({ name, estimate }) {
  const { median, err_minus: lower, err_plus: upper, std, best_fit: bestFit } = estimate;
  const errors = [lower, upper, std].filter((error) => Number.isFinite(error) && error > 0);
  const smallestError = errors.length ? Math.min(...errors) : NaN;
  const { text, digits } = roundToError(median, smallestError);
  const formatError = (error) => {
    if (!Number.isFinite(error)) return "–";
    return digits === null ? error.toExponential(1) : error.toFixed(digits);
  };
  return html`<tr><th scope="row">${showText(name)}</th><td class="number">${text}</td>
    <td class="number">${formatError(lower ?? std)}</td><td class="number">${formatError(upper ?? std)}</td>
    <td class="number">${!Number.isFinite(bestFit) ? "–" : roundToError(bestFit, smallestError).text}</td>
    <td>${getUnit(name)}</td></tr>`;
}

const Quantity = ({ name, text }) => html`<span class="number">${text}</span>${getUnit(name) && ` ${getUnit(name)}`}`;

function ResultValue({ name, value, depth }) {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (isCaveatList(name, value)) return value.length ? html`<${CaveatList} caveats=${value} />` : "none";
  if (isScalar(value))
    return html`<${Quantity} name=${name} text=${typeof value === "number" ? formatQuantity(value) : showText(value)} />`;
  if (Array.isArray(value)) return html`<${ResultList} values=${value} />`;
  return depth < DEEPEST_TABLE
    ? html`<${ResultTable} results=${value} depth=${depth + 1} />`
    : html`<${JsonFold} summary="more" value=${value} />`;
}

function ResultList({ values }) {
  if (!values.length) return "none";
  if (values.length <= 12 && values.every(isScalar))
    return values.map((value) => (typeof value === "number" ? formatNumber(value) : showText(value ?? "null"))).join(", ");
  return html`<${JsonFold} summary=${`${values.length} entries`} value=${values} />`;
}

// A value and its error are shown in one row where their names match: peak, peak_std.
function ResultTable({ results, depth = 0 }) {
  const errorNames = new Set(Object.keys(results).map((name) => findErrorName(results, name)));
  const entries = Object.entries(results).filter(([name]) => !errorNames.has(name));
  return html`<table class="nested"><tbody>${entries.slice(0, MOST_ROWS).map(([name, value]) => {
    const error = typeof value === "number" ? results[findErrorName(results, name)] : undefined;
    return html`<tr><th scope="row">${showText(name)}</th><td>${
      error === undefined
        ? html`<${ResultValue} name=${name} value=${value} depth=${depth} />`
        : html`<${Quantity} name=${name}
          text=${formatQuantity(value, error)} />`
    }</td></tr>`;
  })}</tbody></table><${RowsLeftOut} count=${entries.length} />`;
}

// Estimates are found at the top and under `parameters`.
function splitEstimates(results) {
  const estimates = [...listEntries(results.parameters), ...listEntries(results)].filter(([, value]) =>
    isEstimate(value),
  );
  const isInTable = (name, value) =>
    isEstimate(value) || (name === "parameters" && isRecord(value) && Object.values(value).every(isEstimate));
  const others = Object.entries(results).filter(([name, value]) => !isInTable(name, value));
  return [buildRecord(estimates), buildRecord(others)];
}

export function AnalysisResults({ results }) {
  if (results === null) return html`<p>No results.</p>`;
  if (isScalar(results)) return html`<p>${showText(results)}</p>`;
  if (Array.isArray(results)) return html`<${ResultList} values=${results} />`;
  const [estimates, others] = splitEstimates(results);
  return html`${Object.keys(estimates).length > 0 && html`<${EstimateTable} estimates=${estimates} />`}
    <${ScrollArea} label="All results"><${ResultTable} results=${others} /><//>
    <${JsonFold} summary="As JSON" value=${results} />`;
}
