// Results as a person reads them: parameters with their errors, everything else by name.
import { html } from "../vendor/htm-preact.js";
import { number, withError } from "../core/words.js";
import { Scroll } from "./basics.js";

// Units of parameters by the names that supernova models have; others' are not known here.
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

const isEstimate = (value) => value !== null && typeof value === "object" && typeof value.median === "number";
const isPlain = (value) => value === null || typeof value !== "object";

function Estimates({ of }) {
  return html`<${Scroll}><table>
    <thead><tr><th scope="col">Parameter</th><th scope="col" class="number">Median</th><th scope="col"
      class="number">−</th><th scope="col" class="number">+</th>
      <th scope="col" class="number">Best fit</th><th scope="col">Unit</th></tr></thead>
    <tbody>${Object.entries(of).map(([name, entry]) => html`<${Estimate} name=${name} entry=${entry} />`)}</tbody>
  </table><//>`;
}

function Estimate({ name, entry }) {
  const errors = [entry.err_minus, entry.err_plus, entry.std].filter((error) => Number.isFinite(error) && error > 0);
  const error = errors.length ? Math.min(...errors) : NaN;
  const { value, digits } = withError(entry.median, error);
  const same = (given) =>
    given === undefined || given === null
      ? "–"
      : digits === null
        ? number(Number(given.toPrecision(3)), 3)
        : given.toFixed(digits);
  const best = entry.best_fit === undefined ? "–" : withError(entry.best_fit, error).value;
  return html`<tr><th scope="row">${name}</th><td class="number">${value}</td><td
    class="number">${same(entry.err_minus ?? entry.std)}</td>
    <td class="number">${same(entry.err_plus ?? entry.std)}</td><td class="number">${best}</td>
      <td>${UNITS[name] ?? ""}</td></tr>`;
}

function Value({ name, value }) {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (isPlain(value))
    return html`<span class="number">${typeof value === "number" ? number(value) : (value ?? "–")}</span>${UNITS[name] ? ` ${UNITS[name]}` : ""}`;
  if (Array.isArray(value)) return html`<${List} values=${value} />`;
  return html`<${Tree} of=${value} />`;
}

function List({ values }) {
  if (!values.length) return "none";
  if (values.length <= 12 && values.every(isPlain))
    return values.map((value) => (typeof value === "number" ? number(value) : String(value))).join(", ");
  return html`<details><summary>${values.length} entries</summary>
    <pre>${JSON.stringify(values, null, 1)}</pre></details>`;
}

// A value and its error stand together where they are named so: peak, peak_std.
function Tree({ of }) {
  const errorOf = (name) =>
    [`${name}_std`, `${name}_error`, `${name}_err`].find((other) => typeof of[other] === "number");
  const errors = new Set(Object.keys(of).map(errorOf).filter(Boolean));
  return html`<table class="nested"><tbody>${Object.entries(of)
    .filter(([name]) => !errors.has(name))
    .map(([name, value]) => {
      const error = typeof value === "number" && errorOf(name);
      return html`<tr><th scope="row">${name}</th><td>${
        error
          ? html`<span class="number">${withError(value, of[error]).value} ± ${Number(of[error].toPrecision(2))}</span>${UNITS[name] ? ` ${UNITS[name]}` : ""}`
          : html`<${Value} name=${name} value=${value} />`
      }</td></tr>`;
    })}</tbody></table>`;
}

function split(results) {
  const estimates = { ...(results.parameters ?? {}), ...results };
  const some = Object.fromEntries(Object.entries(estimates).filter(([, value]) => isEstimate(value)));
  const rest = Object.fromEntries(
    Object.entries(results).filter(
      ([name, value]) =>
        !isEstimate(value) &&
        !(name === "parameters" && isPlain(value) === false && Object.values(value).every(isEstimate)),
    ),
  );
  return [some, rest];
}

export function Results({ results }) {
  if (isPlain(results)) return html`<p>${results === null ? "There are no results." : String(results)}</p>`;
  if (Array.isArray(results)) return html`<${List} values=${results} />`;
  const [estimates, rest] = split(results);
  return html`${Object.keys(estimates).length > 0 && html`<${Estimates} of=${estimates} />`}<${Scroll}><${Tree}
    of=${rest} /><//>
    <details><summary>As JSON</summary><pre>${JSON.stringify(results, null, 2)}</pre></details>`;
}
