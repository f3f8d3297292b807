// The table of the highest peaks: each period with the aliases that it makes below it.
import { html } from "../vendor/htm-preact.js";
import { ScrollArea } from "./layout.js";
import { formatProbability, formatToError, formatWithError, listFurtherCaveats } from "./period_text.js";

const INDEPENDENT_ROLES = ["candidate", "sampling", "range_end"];

// Peaks that another one makes follow it, marked by `isMade`.
function groupPeaks(peaks) {
  const makers = peaks.filter((peak) => peak.related_frequency === null);
  return makers.flatMap((maker) => [
    { peak: maker, isMade: false },
    ...peaks
      .filter((peak) => peak.related_frequency === maker.frequency)
      .map((peak) => ({ peak, isMade: true })),
  ]);
}

// The height of an alias is owed to the peak that makes it, so its own false-alarm probability says nothing.
function describeFalseAlarm(peak, strongest) {
  if (peak === strongest || peak.role === "noise") return formatProbability(peak.false_alarm_probability);
  if (INDEPENDENT_ROLES.includes(peak.role)) return formatProbability(peak.prewhitened_false_alarm_probability);
  return "none of its own";
}

function PeakRow({ peak, isMade, strongest, isChosen, onChoose }) {
  const period = formatWithError(peak.period, peak.period_error);
  return html`<tr>
    <td class="number">${isMade ? "↳ " : ""}<button type="button" class="plain" aria-pressed=${isChosen}
      onClick=${() => onChoose(peak)}>${period}</button></td>
    <td class="says">${peak.role === "candidate" ? html`<strong>${peak.description}</strong>` : peak.description}
      ${listFurtherCaveats(peak).map((message) => html`<div class="hint">${message}</div>`)}</td>
    <td class="number">${peak === strongest ? "0" : `+${peak.delta_chi2.toFixed(1)}`}</td>
    <td class="number">${describeFalseAlarm(peak, strongest)}</td>
    <td class="number">${formatToError(peak.frequency, peak.frequency_error)}</td>
    <td class="number">${peak.power.toFixed(3)}</td>
  </tr>`;
}

// `chosen` is the period that is folded, `onChoose` is called with a peak.
export function PeriodTable({ result, chosen, onChoose }) {
  const strongest = result.best_periods[0];
  return html`<div>
    <${ScrollArea} label="Peaks of the periodogram"><table>
      <caption class="hint">The highest peaks. Press a period to fold with it.</caption>
      <thead><tr><th scope="col" class="number">Period (days)</th><th scope="col">What it is</th>
        <th scope="col" class="number">Δχ²</th><th scope="col" class="number">False-alarm probability</th>
        <th scope="col" class="number">Frequency (1/day)</th><th scope="col" class="number">Power</th></tr></thead>
      <tbody>${groupPeaks(result.best_periods).map(
        ({ peak, isMade }) => html`<${PeakRow} key=${peak.frequency} peak=${peak} isMade=${isMade} strongest=${strongest}
          isChosen=${peak.period === chosen} onChoose=${onChoose} />`,
      )}</tbody>
    </table><//>
    <${TableGuide} result=${result} />
  </div>`;
}

const TableGuide = ({ result }) => html`<details>
  <summary>What the columns mean</summary>
  <p><strong>Period</strong>: with its standard deviation, from the ${result.period_error_method}. It holds if the peak is
    the right one: the error says nothing of aliases.</p>
  <p><strong>Alias</strong>: a frequency that the rhythm of the observations makes of a true one, f: its sum or difference
    with a whole number of cycles per day (or year). A peak is also one when nothing is left of it after the stronger
    periods are subtracted.</p>
  <p><strong>Δχ²</strong>: how much worse the period fits than the strongest. Below 9, the two can hardly be told apart:
    take more data, at other hours or from another longitude.</p>
  <p><strong>False-alarm probability</strong>: how often noise alone has a peak this high anywhere in the range
    (${result.false_alarm_method}). It belongs to the strongest peak, and tells that something varies, not that this period
    is the right one (VanderPlas 2018, ApJS 236, 16, section 7). Of further periods it is that of what is left after the
    stronger ones are subtracted.</p>
</details>`;
