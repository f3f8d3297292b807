// The parameters of a service as a form.
import { html } from "../vendor/htm-preact.js";
import { ChoiceField, FileField, TextField, Tick, errorOf } from "./fields.js";

const OTHER = "\u0000other";

function ListField({ field, value, change, error }) {
  const own = !field.choices.includes(value);
  return html`<div>
    <${ChoiceField} label=${field.label} hint=${field.hint} value=${own ? OTHER : value} error=${error}
      change=${(word) => change(word === OTHER ? "" : word)} choices=${[...field.choices, [OTHER, "other …"]]} />
    ${own && html`<${TextField} label=${`${field.label}, other value`} value=${value} change=${change} />`}
  </div>`;
}

function One({ field, value, change, error }) {
  if (field.kind === "switch") {
    const yes = field.choices.find((word) => word.toLowerCase() === "true");
    const no = field.choices.find((word) => word.toLowerCase() === "false");
    return html`<div class="field"><span class="label"></span><${Tick} label=${field.label} value=${value === yes}
      change=${(on) => change(on ? yes : no)} />
      ${error && html`<span class="error">${error}</span>`}</div>`;
  }
  if (field.kind === "list")
    return html`<${ListField} field=${field} value=${value} change=${change} error=${error} />`;
  if (field.kind === "file")
    return html`<${FileField} label=${field.label} hint=${field.hint} required=${field.required} value=${value}
      change=${change} error=${error} />`;
  return html`<${TextField} label=${field.label} hint=${field.hint} required=${field.required} value=${value}
    change=${change} error=${error}
    type=${field.kind === "number" ? "number" : "text"} />`;
}

export function ParametersForm({ fields, values, change, error }) {
  if (!fields.length) return html`<p class="empty">This service takes no parameters.</p>`;
  return html`<div class="fields">${fields.map(
    (field) => html`<${One} key=${field.name} field=${field} value=${values[field.name]}
    change=${(value) => change({ ...values, [field.name]: value })} error=${errorOf(error, field.name)} />`,
  )}</div>`;
}
