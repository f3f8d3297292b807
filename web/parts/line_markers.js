// Lines of ions to mark in spectra: which are ticked, at which redshift and velocity.
import { html, useMemo, useState } from "../vendor/htm-preact.js";
import { useKeptState } from "../core/form_memory.js";
import { formatNumber } from "../core/format.js";
import { describeNumberFault } from "../core/numbers.js";
import { useWidePage } from "../core/page_width.js";
import { IONS, LIGHT_SPEED, TELLURIC } from "../core/spectral_lines.js";
import { Field, NumberField } from "./form_fields.js";
import { LineSwatch } from "./line_swatch.js";

// The slider ends at the first of these that leaves room beyond the redshift.
const SLIDER_ENDS = [0.1, 0.3, 1, 3, 10];
const SLIDER_ROOM = 1.5;
const SLIDER_STEP = 0.0001;
const UNKNOWN_END = 0.3;

const findSliderEnd = (redshift) => SLIDER_ENDS.find((end) => end >= SLIDER_ROOM * redshift) ?? redshift;

// What a text says; undefined if it is no number in the range.
function parseWithin(text, low, high) {
  if (describeNumberFault(text) || !String(text).trim()) return undefined;
  const value = Number(text);
  return value > low && value < high ? value : undefined;
}

// `key` names the form; `startRedshift` is that of the source or of a fit, null if unknown. Until another is chosen,
// the lines follow it.
export function useLineMarkers(key, startRedshift) {
  const [form, setForm] = useKeptState(
    `lines.${key}`,
    () => ({ ions: [], redshift: null, velocity: "0" }),
    (state) => state,
  );
  const start = startRedshift ?? 0;
  const redshift = form.redshift === null ? start : (parseWithin(form.redshift, -1, 1000) ?? start);
  const velocity = parseWithin(form.velocity, -LIGHT_SPEED, LIGHT_SPEED) ?? 0;
  const marks = useMemo(
    () => ({
      ions: IONS.filter(({ name }) => form.ions.includes(name)),
      hasTelluric: form.ions.includes(TELLURIC),
      redshift,
      velocity,
    }),
    [form.ions.join(), redshift, velocity],
  );
  return { form, setForm, marks, startRedshift };
}

const TELLURIC_CHIP = { name: TELLURIC, colour: "#8a93a3", dash: "band" };

function IonChips({ ions, onToggle }) {
  return html`<div class="row ions">${[...IONS, TELLURIC_CHIP].map(
    ({ name, colour, dash }) => html`<label class="chip">
      <input type="checkbox" checked=${ions.includes(name)} onChange=${() => onToggle(name)} />
      <${LineSwatch} colour=${colour} dash=${dash} /> ${name}</label>`,
  )}</div>`;
}

const describeFault = (text, low, high, sentence) =>
  text !== null && !describeNumberFault(text) && String(text).trim() && parseWithin(text, low, high) === undefined
    ? sentence
    : undefined;

// `lines` is the result of useLineMarkers.
export function LineControls({ lines: { form, setForm, marks, startRedshift } }) {
  const hasStart = Number.isFinite(startRedshift);
  const [end, setEnd] = useState(() => findSliderEnd(hasStart || marks.redshift ? marks.redshift : UNKNOWN_END / 2));
  const isWide = useWidePage();
  // On a phone they would push the spectra off the page.
  const [isOpen] = useState(isWide || form.ions.length > 0);
  const change = (changes) => setForm((previous) => ({ ...previous, ...changes }));
  const toggleIon = (name) =>
    change({ ions: form.ions.includes(name) ? form.ions.filter((other) => other !== name) : [...form.ions, name] });
  const typeRedshift = (text) => {
    const value = parseWithin(text, -1, 1000);
    if (value > end) setEnd(findSliderEnd(value));
    change({ redshift: text });
  };
  return html`<details class="lines" open=${isOpen}><summary>Lines</summary><div role="group" aria-label="Lines">
    <${IonChips} ions=${form.ions} onToggle=${toggleIon} />
    <div class="fields">
      <${NumberField} label="Redshift of the lines" value=${form.redshift ?? formatNumber(marks.redshift)}
        onChange=${typeRedshift} error=${describeFault(form.redshift, -1, 1000, "A redshift is above -1 and below 1000.")} />
      <${Field} label="Slide the redshift">${(attributes) => html`<input ...${attributes} type="range" min="0"
        max=${end} step=${SLIDER_STEP} value=${Math.min(Math.max(marks.redshift, 0), end)}
        aria-valuetext=${`z = ${formatNumber(marks.redshift)}`}
        onInput=${(event) => change({ redshift: Number(event.target.value).toFixed(4) })} />`}<//>
      <${NumberField} label="Velocity (km/s)" value=${form.velocity} onChange=${(velocity) => change({ velocity })}
        hint="Blueshift of absorption. Forbidden lines, in brackets, stay."
        error=${describeFault(form.velocity, -LIGHT_SPEED, LIGHT_SPEED, "A velocity is below that of light: 299792 km/s.")} />
    </div>
    ${
      hasStart &&
      form.redshift !== null &&
      html`<div class="row end"><button type="button" class="plain"
        onClick=${() => change({ redshift: null })}>Back to z = ${formatNumber(startRedshift)}</button></div>`
    }
  </div></details>`;
}
