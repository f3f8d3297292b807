// Fields of forms: each with its label, its hint and its own error.
import { html, useRef } from "../vendor/htm-preact.js";
import { size } from "../core/words.js";

let count = 0;

function useId() {
  const id = useRef(null);
  if (id.current === null) id.current = `field-${(count += 1)}`;
  return id.current;
}

export function Field({ label, hint, error, required, children }) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
  return html`<div class="field">
    <label for=${id}>${label}${required ? " *" : ""}</label>
    ${children({ id, "aria-describedby": described, "aria-invalid": error ? "true" : undefined, required })}
    ${hint && html`<span class="hint" id="${id}-hint">${hint}</span>`}
    ${error && html`<span class="error" id="${id}-error">${error}</span>`}
  </div>`;
}

export function TextField({ value, change, type = "text", list, placeholder, ...rest }) {
  return html`<${Field} ...${rest}>${(given) => html`
    <input ...${given} type=${type} value=${value} placeholder=${placeholder} autocomplete="off"
      step=${type === "number" ? "any" : undefined}
      list=${list ? `${given.id}-list` : undefined} onInput=${(event) => change(event.target.value)} />
    ${list && html`<datalist id="${given.id}-list">${list.map((word) => html`<option value=${word} />`)}</datalist>`}`}
  <//>`;
}

export function AreaField({ value, change, rows = 4, ...rest }) {
  return html`<${Field} ...${rest}>${(given) => html`
    <textarea ...${given} rows=${rows} spellcheck=${false} value=${value}
      onInput=${(event) => change(event.target.value)}></textarea>`}
  <//>`;
}

// Choices are words, or pairs of a value and its words.
export function ChoiceField({ value, change, choices, ...rest }) {
  const pairs = choices.map((choice) => (Array.isArray(choice) ? choice : [choice, choice]));
  return html`<${Field} ...${rest}>${(given) => html`
    <select ...${given} value=${value} onChange=${(event) => change(event.target.value)}>
      ${pairs.map(
        ([key, words]) => html`<option value=${key}
        selected=${String(key) === String(value)}>${words}</option>`,
      )}
    </select>`}
  <//>`;
}

export function Tick({ label, value, change, disabled }) {
  return html`<label class="tick">
    <input type="checkbox" checked=${value} disabled=${disabled}
      onChange=${(event) => change(event.target.checked)} /> ${label}
  </label>`;
}

export function Ticks({ legend, hint, choices, chosen, change }) {
  const flip = (key, on) => change(on ? [...chosen, key] : chosen.filter((other) => other !== key));
  return html`<fieldset>
    <legend>${legend}</legend>
    <div class="row">${choices.map(
      ([key, words]) => html`
      <${Tick} label=${words} value=${chosen.includes(key)} change=${(on) => flip(key, on)} />`,
    )}</div>
    ${hint && html`<span class="hint">${hint}</span>`}
  </fieldset>`;
}

// A file, kept as a data URL.
export function FileField({ value, change, ...rest }) {
  const read = (file) => {
    if (!file) return change(null);
    const reader = new FileReader();
    reader.onload = () =>
      change({
        name: file.name,
        size: file.size,
        url: String(reader.result).replace(";base64,", `;name=${encodeURIComponent(file.name)};base64,`),
      });
    return reader.readAsDataURL(file);
  };
  const chosen = value ? `${value.name}, ${size(value.size)}` : rest.hint;
  return html`<${Field} ...${rest} hint=${chosen}>${(given) => html`
    <input ...${given} type="file" onChange=${(event) => read(event.target.files[0])} />`}
  <//>`;
}

export function GroupTicks({ groups, chosen, change, hint }) {
  const named = groups.map((group) => [group.id, group.single_user_group ? `${group.name} (only me)` : group.name]);
  return html`<${Ticks} legend="Groups" hint=${hint} choices=${named} chosen=${chosen} change=${change} />`;
}

// The field that an error of the API is about, by the name that its message begins with.
export function errorOf(error, name) {
  const found = error && new RegExp(`^(?:[a-z_]+\\.)?${name}: (.*)$`, "s").exec(error.message);
  return found ? found[1] : undefined;
}

export const isOfField = (error, names) => names.some((name) => errorOf(error, name) !== undefined);
