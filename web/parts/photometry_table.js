// The points of a light curve as a table: downloads, and a switch that leaves a point out of the next analysis.
import { html, useState } from "../vendor/htm-preact.js";
import { formatMjd } from "../core/format.js";
import { buildCsv, buildEcsv } from "../core/point_files.js";
import { saveFile } from "../core/save_file.js";
import { ScrollArea } from "./layout.js";

const ROW_STEP = 100;

const formatValue = (value, digits) => (typeof value === "number" ? value.toFixed(digits) : "–");

const formatMeasure = (value, error, digits) =>
  value === null ? "–" : `${formatValue(value, digits)} ± ${formatValue(error, digits)}`;

const PointRow = ({ point, isLeftOut, onToggle }) => html`<tr class=${isLeftOut ? "left-out" : ""}>
  <td><input type="checkbox" checked=${!isLeftOut} onChange=${onToggle}
    aria-label=${`Send the ${point.filter} point of MJD ${point.mjd.toFixed(4)}`} /></td>
  <th scope="row" class="number" title=${`${formatMjd(point.mjd)} UTC`}>${point.mjd.toFixed(4)}</th>
  <td>${point.filter}</td><td>${point.instrument_name}</td>
  <td class="number">${formatMeasure(point.mag, point.magerr, 3)}</td>
  <td class="number">${formatValue(point.limiting_mag, 2)}</td>
  <td class="number">${formatMeasure(point.flux, point.fluxerr, 2)}</td></tr>`;

// `leftOut` is the set of ids of points that are left out; `setLeftOut` takes a new one.
export function PhotometryTable({ points, leftOut, setLeftOut, name }) {
  const [rowCount, setRowCount] = useState(ROW_STEP);
  const togglePoint = (id) =>
    setLeftOut(new Set(leftOut.has(id) ? [...leftOut].filter((other) => other !== id) : [...leftOut, id]));
  const saveTable = (text, type, extension) => saveFile(new Blob([text], { type }), `${name}-photometry.${extension}`);
  return html`<details class="points"><summary>Table of the ${points.length} points</summary>
    <div class="row">
      <button type="button" onClick=${() => saveTable(buildCsv(points), "text/csv", "csv")}>Save as CSV</button>
      <button type="button" onClick=${() => saveTable(buildEcsv(points), "text/plain", "ecsv")}>Save as ECSV</button>
      ${
        leftOut.size > 0 &&
        html`<button type="button" onClick=${() => setLeftOut(new Set())}>Send all points again</button>`
      }
      <span class="hint">A point without a tick is left out of the next analysis that you start in this tab. It is not deleted.</span>
    </div>
    <${ScrollArea} label=${`Points of ${name}`}><table class="wide">
      <caption class="unseen">Photometry of ${name}</caption>
      <thead><tr><th scope="col">Send</th><th scope="col" class="number">MJD</th><th scope="col">Filter</th>
        <th scope="col">Instrument</th><th scope="col" class="number">Magnitude (AB)</th>
        <th scope="col" class="number">Limit</th><th scope="col" class="number">Flux (µJy)</th></tr></thead>
      <tbody>${points.slice(0, rowCount).map(
        (point) => html`<${PointRow} key=${point.id} point=${point} isLeftOut=${leftOut.has(point.id)}
          onToggle=${() => togglePoint(point.id)} />`,
      )}</tbody></table><//>
    ${
      points.length > rowCount &&
      html`<div class="pages"><button type="button" onClick=${() => setRowCount(rowCount + ROW_STEP)}>Show ${Math.min(
        ROW_STEP,
        points.length - rowCount,
      )} more</button></div>`
    }</details>`;
}
