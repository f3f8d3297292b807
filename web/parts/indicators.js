// State badges, progress bars, ages, buttons that show that they are busy.
import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { STATE_LABELS, formatAge, formatUtc } from "../core/format.js";
import { showText } from "../core/service_values.js";

// A completed analysis whose model does not describe the data is not green.
export const StateBadge = ({ state, verdict }) =>
  html`<span class="state ${verdict?.describes_data === false ? "refuted" : state}">${STATE_LABELS[state] ?? state}</span>`;

// Only a verdict against the model, or a doubt, needs a word beside "completed".
export function VerdictBadge({ verdict }) {
  if (!verdict || verdict.word === "good") return null;
  const [kind, text] = verdict.describes_data ? ["doubtful", "doubtful"] : ["failure", "does not describe the data"];
  return html`<span class="state ${kind}" title=${showText(verdict.message)}>${text}</span>`;
}

export const ProgressBar = ({ value, subject }) =>
  html`<progress max="1" value=${value ?? undefined} aria-label=${`Progress of ${subject}`}></progress>`;

export function Age({ time }) {
  const [, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTick((tick) => tick + 1), 10_000);
    return () => clearInterval(timer);
  }, []);
  return html`<time dateTime=${time} title=${formatUtc(time)}>${formatAge(time)}</time>`;
}

// `action` is the result of useAction.
export function ActionButton({ action, children, ...attributes }) {
  return html`<button type="button" ...${attributes} disabled=${action.busy} aria-busy=${action.busy}>
    ${action.busy ? "…" : ""} ${children}
  </button>`;
}
