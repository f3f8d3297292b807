// The statistics of a source's photometry, by filter.
import { html } from "../vendor/htm-preact.js";
import { FactList, ScrollArea } from "./layout.js";
import { EmptyMessage } from "./messages.js";

const STATISTICS = [
  ["num_obs", "Observations"],
  ["num_det", "Detections"],
  ["peak_mag", "Brightest (mag)"],
  ["peak_mjd", "at MJD"],
  ["mean_mag", "Mean (mag)"],
  ["faintest_mag", "Faintest (mag)"],
  ["mag_rms", "Scatter (mag)"],
  ["deepest_limit", "Deepest limit (mag)"],
];

const roundValue = (value) => (typeof value === "number" ? String(Number(value.toFixed(3))) : "–");

const formatEvent = (mjd, text) => (mjd ? `MJD ${mjd.toFixed(3)}, ${text}` : "–");

const formatDetection = (stats, event) =>
  formatEvent(stats[`${event}_mjd`], `${roundValue(stats[`${event}_mag`])} mag in ${stats[`${event}_filter`]}`);

export function PhotometrySummary({ stats }) {
  if (!stats) return html`<${EmptyMessage}>No photometry yet.<//>`;
  const filters = Object.keys(stats.num_obs_per_filter).sort();
  return html`<${ScrollArea} label="Statistics by filter"><table>
    <thead><tr><th scope="col"></th><th scope="col" class="number">all</th>${filters.map(
      (name) => html`<th scope="col" class="number">${name}</th>`,
    )}</tr></thead>
    <tbody>${STATISTICS.map(
      ([key, label]) => html`<tr><th scope="row">${label}</th>
      <td class="number">${roundValue(stats[`${key}_global`])}</td>
      ${filters.map((name) => html`<td class="number">${roundValue(stats[`${key}_per_filter`]?.[name])}</td>`)}</tr>`,
    )}</tbody></table><//>
    <${FactList} facts=${[
      ["First detection", formatDetection(stats, "first_detected")],
      ["Last detection", formatDetection(stats, "last_detected")],
      [
        "Last limit before",
        formatEvent(
          stats.last_non_detection_mjd,
          `${roundValue(stats.time_to_non_detection)} days before the first detection`,
        ),
      ],
      ["Rise, decay", `${roundValue(stats.rise_rate)}, ${roundValue(stats.decay_rate)} mag/day`],
    ]} />`;
}
