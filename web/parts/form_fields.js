// Form fields with label, hint and error; the state and the errors of forms.
import { html, useLayoutEffect, useRef, useState } from "../vendor/htm-preact.js";
import { formatSize } from "../core/format.js";
import { describeNumberFault, unifyMinus } from "../core/numbers.js";
import { ErrorMessage } from "./messages.js";

// Returns the values, a function that gives a field's props by its name, and the setter of all values.
export function useForm(initialValues) {
  const [values, setValues] = useState(initialValues);
  const bindField = (name, error) => ({
    value: values[name],
    onChange: (value) => setValues((previous) => ({ ...previous, [name]: value })),
    error: getFieldError(error, name),
  });
  return [values, bindField, setValues];
}

export const handleSubmit = (submit) => (event) => {
  event.preventDefault();
  submit();
};

// An error message of the API begins with the name of the field that it is about.
export function getFieldError(error, name) {
  const match = error && new RegExp(`^(?:[a-z_]+\\.)?${name}: (.*)$`, "s").exec(error.message);
  return match ? match[1] : undefined;
}

// The error of a form, unless one of its fields shows it.
export function FormError({ error, fieldNames }) {
  if (!error || fieldNames.some((name) => getFieldError(error, name) !== undefined)) return null;
  return html`<${ErrorMessage} error=${error} />`;
}

let fieldCount = 0;

function useFieldId() {
  const id = useRef(null);
  if (id.current === null) {
    fieldCount += 1;
    id.current = `field-${fieldCount}`;
  }
  return id.current;
}

// `children` is a function of the attributes of the input.
export function Field({ label, hint, error, required, children }) {
  const id = useFieldId();
  const descriptions = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
  return html`<div class="field">
    <label for=${id}>${label}${required ? " *" : ""}</label>
    ${children({ id, "aria-describedby": descriptions, "aria-invalid": error ? "true" : undefined, required })}
    ${hint && html`<span class="hint" id="${id}-hint">${hint}</span>`}
    ${error && html`<span class="error" id="${id}-error">${error}</span>`}
  </div>`;
}

export function TextField({ value, onChange, type = "text", suggestions, ...rest }) {
  // The browser's own number field drops characters: 00:02:15.30 becomes 215.3.
  if (type === "number") return html`<${NumberField} value=${value} onChange=${onChange} ...${rest} />`;
  return html`<${Field} ...${rest}>${(attributes) => html`
    <input ...${attributes} type=${type} value=${value} autocomplete="off"
      list=${suggestions ? `${attributes.id}-list` : undefined} onInput=${(event) => onChange(event.target.value)} />
    ${
      suggestions &&
      html`<datalist id="${attributes.id}-list">${suggestions.map((text) => html`<option value=${text} />`)}</datalist>`
    }`}
  <//>`;
}

// A sentence that appears when a field is left moves what is below: not under a click that is on its way.
export const afterClick = (update) => setTimeout(update, 250);

// Keeps a form from being sent while a field holds a wrong text, which shows when the field is left.
export function useFieldCheck(fault) {
  const input = useRef(null);
  const [isLeft, setIsLeft] = useState(false);
  // Not a plain effect, which comes after the next frame: Enter right after a key would send the form.
  useLayoutEffect(() => input.current.setCustomValidity(fault ?? ""), [fault]);
  const showFault = (event) => {
    // Instead of the browser's own bubble, which is not part of the page.
    if (!event.target.validity.customError) return;
    event.preventDefault();
    setIsLeft(true);
    event.target.focus();
  };
  return {
    shownFault: isLeft ? fault : undefined,
    attributes: { ref: input, onBlur: () => afterClick(() => setIsLeft(true)), onInvalid: showFault },
  };
}

// `value` is a text, which `readNumber` reads: a number typed in another way is refused with a sentence.
export function NumberField({ value, onChange, error, ...rest }) {
  const { shownFault, attributes: check } = useFieldCheck(describeNumberFault(value ?? ""));
  return html`<${Field} ...${rest} error=${shownFault ?? error}>${(attributes) => html`
    <input ...${attributes} ...${check} type="text" inputmode="decimal" value=${value} autocomplete="off"
      onInput=${(event) => onChange(unifyMinus(event.target.value))} />`}
  <//>`;
}

export function TextAreaField({ value, onChange, rows = 4, ...rest }) {
  return html`<${Field} ...${rest}>${(attributes) => html`
    <textarea ...${attributes} rows=${rows} spellcheck=${false} value=${value}
      onInput=${(event) => onChange(event.target.value)}></textarea>`}
  <//>`;
}

// A choice is a value, or a pair of a value and its text.
export function SelectField({ value, onChange, choices, ...rest }) {
  const pairs = choices.map((choice) => (Array.isArray(choice) ? choice : [choice, choice]));
  return html`<${Field} ...${rest}>${(attributes) => html`
    <select ...${attributes} value=${value} onChange=${(event) => onChange(event.target.value)}>
      ${pairs.map(
        ([key, text]) => html`<option value=${key} selected=${String(key) === String(value)}>${text}</option>`,
      )}
    </select>`}
  <//>`;
}

export function Checkbox({ label, value, onChange }) {
  return html`<label class="tick">
    <input type="checkbox" checked=${value} onChange=${(event) => onChange(event.target.checked)} /> ${label}
  </label>`;
}

// `choices` are pairs of a value and its text, `value` is the list of those selected.
export function CheckboxGroup({ legend, hint, choices, value, onChange }) {
  const toggleChoice = (key, isSelected) =>
    onChange(isSelected ? [...value, key] : value.filter((other) => other !== key));
  return html`<fieldset>
    <legend>${legend}</legend>
    <div class="row">${choices.map(
      ([key, text]) => html`
      <${Checkbox} label=${text} value=${value.includes(key)}
        onChange=${(isSelected) => toggleChoice(key, isSelected)} />`,
    )}</div>
    ${hint && html`<span class="hint">${hint}</span>`}
  </fieldset>`;
}

export function GroupCheckboxes({ groups, ...rest }) {
  const choices = groups.map((group) => [group.id, group.single_user_group ? `${group.name} (only me)` : group.name]);
  return html`<${CheckboxGroup} legend="Groups" choices=${choices} ...${rest} />`;
}

// The value is {name, size, url}, with the content and the name of the file in a data URL.
export function FileField({ value, onChange, hint, ...rest }) {
  const readFile = (file) => {
    if (!file) {
      onChange(null);
      return;
    }
    const reader = new FileReader();
    reader.onload = () => {
      const url = String(reader.result).replace(";base64,", `;name=${encodeURIComponent(file.name)};base64,`);
      onChange({ name: file.name, size: file.size, url });
    };
    reader.readAsDataURL(file);
  };
  return html`<${Field} ...${rest} hint=${value ? `${value.name}, ${formatSize(value.size)}` : hint}>${(
    attributes,
  ) => html`
    <input ...${attributes} type="file" onChange=${(event) => readFile(event.target.files[0])} />`}
  <//>`;
}
