// What to observe next: the measurements that are expected to tell most about the class.
import { html } from "../vendor/htm-preact.js";
import { formatMjd, formatNumber } from "../core/format.js";
import { MOST_ROWS, isRecord, listEntries, showText } from "../core/service_values.js";
import { RowsLeftOut } from "./analysis_results.js";
import { ScrollArea } from "./layout.js";

// Beyond, a date cannot be written.
const LAST_MJD = 1e6;

const formatBits = (value) => (Number.isFinite(value) ? value.toFixed(2) : "–");

const formatDate = (mjd) => (Math.abs(mjd) < LAST_MJD ? formatMjd(mjd).slice(0, 10) : "–");

// Median and 68 %: faint and bright are the ends. A class without light has none.
function formatMagnitudes(magnitudes) {
  const { median, faint, bright } = isRecord(magnitudes) ? magnitudes : {};
  if (!Number.isFinite(median)) return Number.isFinite(bright) ? `> ${bright.toFixed(1)}` : "–";
  const end = Number.isFinite(faint) ? faint.toFixed(1) : "∞";
  return Number.isFinite(bright) ? `${median.toFixed(1)} (${bright.toFixed(1)} to ${end})` : median.toFixed(1);
}

function MeasurementRow({ measurement, classes }) {
  const { mjd, filter, expected_bits: bits, magnitudes } = measurement;
  return html`<tr><th scope="row">${showText(filter)}</th><td class="number">${formatDate(mjd)}</td>
    <td class="number">${formatNumber(mjd, 7)}</td><td class="number">${formatBits(bits)}</td>
    ${classes.map((name) => html`<td class="number">${formatMagnitudes(isRecord(magnitudes) ? magnitudes[name] : null)}</td>`)}</tr>`;
}

// Of each band the best date, and what each class predicts there.
function MeasurementTable({ measurements, classes }) {
  return html`<${ScrollArea} label="Next measurements"><table>
    <caption class="unseen">The best date of each band, the best band first</caption>
    <thead><tr><th scope="col">Band</th><th scope="col" class="number">Date</th><th scope="col" class="number">MJD</th>
      <th scope="col" class="number">Bits</th>
      ${classes.map((name) => html`<th scope="col" class="number">${showText(name)} (AB mag)</th>`)}</tr></thead>
    <tbody>${measurements.slice(0, MOST_ROWS).map(
      (measurement) => html`<${MeasurementRow} measurement=${measurement} classes=${classes} />`,
    )}</tbody></table><${RowsLeftOut} count=${measurements.length} /><//>`;
}

// For whom another night, or another band, is at hand.
function BitsByDate({ grid, lastMjd }) {
  const dates = (Array.isArray(grid.mjd) ? grid.mjd : []).filter(Number.isFinite).slice(0, MOST_ROWS);
  const bands = listEntries(grid.expected_bits).filter(([, bits]) => Array.isArray(bits)).slice(0, MOST_ROWS);
  if (!dates.length || !bands.length || !Number.isFinite(lastMjd)) return null;
  return html`<details><summary>Bits by band and days after the last row</summary>
    <${ScrollArea} label="Bits by band and days after the last row"><table>
      <thead><tr><th scope="col">Band</th>${dates.map(
        (mjd) => html`<th scope="col" class="number">${Math.round(mjd - lastMjd)}</th>`,
      )}</tr></thead>
      <tbody>${bands.map(
        ([name, bits]) => html`<tr><th scope="row">${showText(name)}</th>${dates.map(
          (_, number) => html`<td class="number">${formatBits(bits[number])}</td>`,
        )}</tr>`,
      )}</tbody></table><//></details>`;
}

const countPastDates = (measurements, now) => measurements.filter(({ mjd }) => mjd < now).length;

function describePast(measurements) {
  const past = countPastDates(measurements, Date.now() / 86_400_000 + 40_587);
  if (!past) return "";
  return past === measurements.length ? " All these dates are past." : " Some of these dates are past.";
}

export function ForecastTable({ forecast }) {
  const { message, measurements, class_probabilities: probabilities, grid, last_mjd: lastMjd } = forecast;
  const rows = (Array.isArray(measurements) ? measurements : []).filter(
    (row) => isRecord(row) && Number.isFinite(row.mjd) && Number.isFinite(row.expected_bits),
  );
  const classes = listEntries(probabilities).map(([name]) => name).slice(0, 8);
  return html`<h3>What to observe next</h3><p>${showText(message)}</p>
    ${
      rows.length > 0 &&
      html`<${MeasurementTable} measurements=${rows} classes=${classes} />
        <p class="hint">Bits: what a measurement with the errors of the past ones is expected to tell about the class.
          Magnitudes: median and 68 % of what each class predicts.${describePast(rows)}</p>
        ${isRecord(grid) && html`<${BitsByDate} grid=${grid} lastMjd=${lastMjd} />`}`
    }`;
}
