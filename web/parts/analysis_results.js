// The results of an analysis: a table of parameters with errors, then everything else by name.
import { html } from "../vendor/htm-preact.js";
import { findErrorName, formatNumber, formatQuantity, roundToError } from "../core/format.js";
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

// What a service says to beware of, beside the number that it is about.
const isCaveat = (value) => value !== null && typeof value === "object" && typeof value.message === "string";
const isCaveatList = (name, value) => name === "caveats" && Array.isArray(value) && value.every(isCaveat);

export const listCaveats = (value) => (isCaveatList("caveats", value?.caveats) ? value.caveats : []);

export const CaveatList = ({ caveats }) =>
  caveats.length > 0 && html`<ul>${caveats.map(({ message }) => html`<li>${message}</li>`)}</ul>`;

const isScalar = (value) => value === null || typeof value !== "object";
const isEstimate = (value) => !isScalar(value) && Number.isFinite(value.median);

// Of an object of results, those that are estimates: a median with errors.
export const selectEstimates = (results) =>
  Object.fromEntries(Object.entries(Object(results)).filter(([, value]) => isEstimate(value)));

export const EstimateTable = ({ estimates }) => html`<${ScrollArea} label="Parameters"><table>
    <caption class="unseen">Parameters with their errors</caption>
    <thead><tr><th scope="col">Parameter</th><th scope="col" class="number">Median</th>
      <th scope="col" class="number">−</th><th scope="col" class="number">+</th>
      <th scope="col" class="number">Best fit</th><th scope="col">Unit</th></tr></thead>
    <tbody>${Object.entries(estimates).map(
      ([name, estimate]) => html`<${EstimateRow} name=${name} estimate=${estimate} />`,
    )}</tbody>
  </table>
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
  return html`<tr><th scope="row">${name}</th><td class="number">${text}</td>
    <td class="number">${formatError(lower ?? std)}</td><td class="number">${formatError(upper ?? std)}</td>
    <td class="number">${!Number.isFinite(bestFit) ? "–" : roundToError(bestFit, smallestError).text}</td>
    <td>${UNITS[name] ?? ""}</td></tr>`;
}

const Quantity = ({ name, text }) => html`<span class="number">${text}</span>${UNITS[name] ? ` ${UNITS[name]}` : ""}`;

function ResultValue({ name, value }) {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (isCaveatList(name, value)) return value.length ? html`<${CaveatList} caveats=${value} />` : "none";
  if (isScalar(value))
    return html`<${Quantity} name=${name} text=${typeof value === "number" ? formatQuantity(value) : formatNumber(value)} />`;
  return Array.isArray(value) ? html`<${ResultList} values=${value} />` : html`<${ResultTable} results=${value} />`;
}

function ResultList({ values }) {
  if (!values.length) return "none";
  if (values.length <= 12 && values.every(isScalar))
    return values.map((value) => (value === null ? "null" : formatNumber(value))).join(", ");
  return html`<details><summary>${values.length} entries</summary>
    <pre>${JSON.stringify(values, null, 1)}</pre></details>`;
}

// A value and its error are shown in one row where their names match: peak, peak_std.
function ResultTable({ results }) {
  const errorNames = new Set(Object.keys(results).map((name) => findErrorName(results, name)));
  const entries = Object.entries(results).filter(([name]) => !errorNames.has(name));
  return html`<table class="nested"><tbody>${entries.map(([name, value]) => {
    const error = typeof value === "number" ? results[findErrorName(results, name)] : undefined;
    return html`<tr><th scope="row">${name}</th><td>${
      error === undefined
        ? html`<${ResultValue} name=${name} value=${value} />`
        : html`<${Quantity} name=${name}
          text=${formatQuantity(value, error)} />`
    }</td></tr>`;
  })}</tbody></table>`;
}

// Estimates are found at the top and under `parameters`.
function splitEstimates(results) {
  const estimates = Object.entries({ ...(results.parameters ?? {}), ...results }).filter(([, value]) =>
    isEstimate(value),
  );
  const isInTable = (name, value) =>
    isEstimate(value) || (name === "parameters" && !isScalar(value) && Object.values(value).every(isEstimate));
  const others = Object.entries(results).filter(([name, value]) => !isInTable(name, value));
  return [Object.fromEntries(estimates), Object.fromEntries(others)];
}

export function AnalysisResults({ results }) {
  if (results === null) return html`<p>No results.</p>`;
  if (isScalar(results)) return html`<p>${String(results)}</p>`;
  if (Array.isArray(results)) return html`<${ResultList} values=${results} />`;
  const [estimates, others] = splitEstimates(results);
  return html`${Object.keys(estimates).length > 0 && html`<${EstimateTable} estimates=${estimates} />`}
    <${ScrollArea} label="All results"><${ResultTable} results=${others} /><//>
    <details><summary>As JSON</summary><pre>${JSON.stringify(results, null, 2)}</pre></details>`;
}
