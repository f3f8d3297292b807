// The fields of a position: any usual way to write it, and what was understood before anything is saved.
import { html } from "../vendor/htm-preact.js";
import { formatDec, formatRa, readDec, readPair, readRa, splitFields } from "../core/coordinates.js";
import { Field, afterClick, getFieldError, useFieldCheck } from "./form_fields.js";

const KINDS = {
  ra: { label: "Right ascension", example: "00:02:15.3 or 0.56375", read: readRa, format: formatRa },
  dec: { label: "Declination", example: "-00:00:45.0 or -0.0125", read: readDec, format: formatDec },
};

// Returns {understood} or {fault}; neither for a blank.
function interpretText(text, kind) {
  if (!text.trim()) return {};
  const pair = readPair(text);
  if (pair) return { understood: `RA ${formatRa(pair.ra)}, Dec ${formatDec(pair.dec)}` };
  try {
    return { understood: KINDS[kind].format(KINDS[kind].read(text)) };
  } catch (error) {
    return { fault: error.message };
  }
}

function CoordinateField({ kind, value, onChange, onLeave, error }) {
  const { label, example } = KINDS[kind];
  const { understood, fault } = interpretText(value, kind);
  const { shownFault, attributes: check } = useFieldCheck(fault);
  const leaveField = (event) => {
    check.onBlur(event);
    afterClick(onLeave);
  };
  return html`<${Field} label=${label} error=${shownFault ?? error}
      hint=${understood ? `Understood: ${understood}` : `Such as ${example}; or paste a pair.`}>${(attributes) => html`
    <input ...${attributes} ...${check} onBlur=${leaveField} type="text" value=${value} autocomplete="off"
      spellcheck=${false} onInput=${(event) => onChange(event.target.value)} />`}
  <//>`;
}

// `value` holds the texts ra and dec, which `readFields` of core/coordinates.js reads; `onChange` is a setter of state.
// A pair in one field fills both.
export function CoordinateFields({ value, onChange, error }) {
  return Object.keys(KINDS).map(
    (kind) => html`<${CoordinateField} key=${kind} kind=${kind} value=${value[kind]}
      onChange=${(text) => onChange((previous) => ({ ...previous, [kind]: text }))}
      onLeave=${() => onChange((previous) => ({ ...previous, ...splitFields(previous) }))}
      error=${getFieldError(error, kind)} />`,
  );
}
