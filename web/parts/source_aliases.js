// The other names of a source: add and remove them.
import { html, useState } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { useAction } from "../core/request_hooks.js";
import { hasPermission } from "../core/session.js";
import { TextField, handleSubmit } from "./form_fields.js";
import { ErrorMessage } from "./messages.js";

export function SourceAliases({ source, onChange }) {
  const [name, setName] = useState("");
  const [isAdding, setIsAdding] = useState(false);
  const path = `/sources/${encodeURIComponent(source.id)}`;
  // From the names as they are now: another page may have changed them since this one was loaded.
  const changeNames = async (change) => {
    const { alias } = await api.get(path);
    const names = change(alias ?? []);
    await api.patch(path, { alias: names.length ? names : null });
    await onChange();
  };
  const addAction = useAction(async () => {
    const alias = name.trim();
    if (!alias) throw new Error("alias: Type another name of the source first.");
    await changeNames((names) => [...names.filter((other) => other !== alias), alias]);
    setName("");
    setIsAdding(false);
  });
  const removeAction = useAction((alias) => changeNames((names) => names.filter((other) => other !== alias)));
  const canChange = hasPermission("Upload data");
  return html`<div class="row">${(source.alias ?? []).map(
    (alias) => html`<span class="chip" key=${alias}>${alias}${
      canChange &&
      html`<button type="button" class="plain" aria-label=${`Remove the alias ${alias}`} disabled=${removeAction.busy}
        onClick=${() => removeAction.run(alias)}><span aria-hidden="true">×</span></button>`
    }</span>`,
  )}${
    canChange
      ? html`<button type="button" class="plain" aria-expanded=${isAdding}
          onClick=${() => setIsAdding(!isAdding)}>Add an alias</button>`
      : (source.alias ?? []).length === 0 && "none"
  }</div>
  <${ErrorMessage} error=${removeAction.error} />
  ${
    isAdding &&
    html`<form class="row low" onSubmit=${handleSubmit(addAction.run)}>
      <${TextField} label="Alias" value=${name} onChange=${setName} />
      <button disabled=${addAction.busy}>Save alias</button></form>
      <${ErrorMessage} error=${addAction.error} />`
  }`;
}
