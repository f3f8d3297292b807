// Form fields for the parameters of a service, by what buildParameterFields returns.
import { html } from "../vendor/htm-preact.js";
import { splitFields } from "../core/service_parameters.js";
import { Checkbox, FileField, SelectField, TextField, getFieldError } from "./form_fields.js";

const OTHER = "\u0000other";

function ListField({ field, value, onChange, error }) {
  const isOther = !field.choices.includes(value);
  return html`<div>
    <${SelectField} label=${field.label} hint=${field.hint} value=${isOther ? OTHER : value} error=${error}
      onChange=${(choice) => onChange(choice === OTHER ? "" : choice)}
      choices=${[...field.choices, [OTHER, "other …"]]} />
    ${isOther && html`<${TextField} label=${`${field.label}, other value`} value=${value} onChange=${onChange} />`}
  </div>`;
}

function SwitchField({ field, value, onChange, error }) {
  const trueChoice = field.choices.find((choice) => choice.toLowerCase() === "true");
  const falseChoice = field.choices.find((choice) => choice.toLowerCase() === "false");
  return html`<div class="field"><span class="label"></span><${Checkbox} label=${field.label}
    value=${value === trueChoice} onChange=${(isOn) => onChange(isOn ? trueChoice : falseChoice)} />
    ${error && html`<span class="error">${error}</span>`}</div>`;
}

function ParameterField({ field, ...rest }) {
  if (field.kind === "switch") return html`<${SwitchField} field=${field} ...${rest} />`;
  if (field.kind === "list") return html`<${ListField} field=${field} ...${rest} />`;
  const { label, hint, required, kind } = field;
  if (kind === "file") return html`<${FileField} label=${label} hint=${hint} required=${required} ...${rest} />`;
  return html`<${TextField} label=${label} hint=${hint} required=${required} type=${kind} ...${rest} />`;
}

const FieldGrid = ({ fields, values, onChange, error }) => html`<div class="fields">${fields.map(
  (field) => html`<${ParameterField} key=${field.name} field=${field} value=${values[field.name]}
    onChange=${(value) => onChange({ ...values, [field.name]: value })} error=${getFieldError(error, field.name)} />`,
)}</div>`;

// The parameters that matter most are in view; the rest is folded, unless one of them has a value of its own.
export function ParameterFields({ fields, ...rest }) {
  if (!fields.length) return html`<p class="empty">This service takes no parameters.</p>`;
  const [main, advanced] = splitFields(fields);
  const isOpen = advanced.some(
    ({ name, value }) => rest.values[name] !== value || getFieldError(rest.error, name) !== undefined,
  );
  return html`<${FieldGrid} fields=${main} ...${rest} />
    ${
      advanced.length > 0 &&
      html`<details class="advanced" open=${isOpen}><summary>Advanced (${advanced.length})</summary>
        <${FieldGrid} fields=${advanced} ...${rest} /></details>`
    }`;
}
