// The user's tokens: create, copy once, delete.
import { html, useState } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { formatUtc, parseTime } from "../core/format.js";
import { useAction, useLoad } from "../core/request_hooks.js";
import { getProfile } from "../core/session.js";
import { askConfirmation } from "./confirm_dialog.js";
import { CheckboxGroup, FormError, SelectField, TextField, handleSubmit, useForm } from "./form_fields.js";
import { Age } from "./indicators.js";
import { Card, ScrollArea } from "./layout.js";
import { copyText } from "./copy_text.js";
import { ErrorMessage, LoadedContent } from "./messages.js";

const BLANK_TOKEN = { name: "", acls: [], days: "365" };
const LIFETIMES = [
  ["30", "after 30 days"],
  ["90", "after 90 days"],
  ["365", "after a year"],
  ["", "never"],
];

const isPast = (time) => time !== null && parseTime(time) <= Date.now();

// Strict clients of SkyPortal know neither expiry nor last use: they are asked for.
const loadTokens = (signal) => api.get("/internal/tokens", { includeDetails: true }, signal);

function NewTokenText({ name, text, onClose }) {
  return html`<div class="once" role="status">
    <p><strong>The token ${name} is shown only now.</strong> Copy it: the server keeps only a hash of it.</p>
    <pre tabindex="0" aria-label="Token">${text}</pre>
    <div class="row"><button type="button" class="main" onClick=${() => copyText(text, "token")}>Copy token</button>
      <button type="button" onClick=${onClose}>I have copied it</button></div>
  </div>`;
}

const LastUse = ({ token }) =>
  token.last_used_at === null
    ? "never used"
    : html`<${Age} time=${token.last_used_at} /> <code>${token.last_use}</code>`;

function Expiry({ time }) {
  if (time === null) return "never";
  return html`<time dateTime=${time} title=${formatUtc(time)}>${formatUtc(time).slice(0, 10)}</time>${
    isPast(time) && html` <span class="state failure">expired</span>`
  }`;
}

function TokenForm({ onSave }) {
  const [form, bindField, setForm] = useForm(BLANK_TOKEN);
  const { busy, error, run } = useAction(async () => {
    const name = form.name.trim();
    const { token_id: text } = await api.post("/internal/tokens", {
      name,
      acls: form.acls,
      expires_in_days: form.days ? Number(form.days) : null,
    });
    setForm(BLANK_TOKEN);
    onSave({ name, text });
  });
  return html`<form onSubmit=${handleSubmit(run)}>
    <${TextField} label="Name" required=${true} hint="What it is for, such as: my laptop" ...${bindField("name", error)} />
    <${CheckboxGroup} legend="What it allows" choices=${getProfile().permissions.map((acl) => [acl, acl])}
      value=${form.acls} onChange=${(acls) => setForm({ ...form, acls })}
      hint="None selected: it can only read what you see. It never allows more than the token that you use now." />
    <${SelectField} label="Stops working" choices=${LIFETIMES} ...${bindField("days", error)} />
    <${FormError} error=${error} fieldNames=${["name"]} />
    <div class="row end"><button class="main" disabled=${busy || !form.name.trim()}>Create token</button></div>
  </form>`;
}

export function OwnTokens() {
  const [newToken, setNewToken] = useState(null);
  const [isAdding, setIsAdding] = useState(false);
  const load = useLoad(loadTokens, []);
  const deleteAction = useAction(async (token) => {
    const isConfirmed = await askConfirmation({
      title: `Delete the token ${token.name}?`,
      text: "Scripts that use it stop working at once. If you are signed in with it, you are signed out.",
      action: "Delete token",
    });
    if (!isConfirmed) return;
    await api.delete(`/internal/tokens/${encodeURIComponent(token.id)}`);
    await load.reload();
  });
  const showToken = (token) => {
    setNewToken(token);
    setIsAdding(false);
    load.reload();
  };
  return html`<${Card} title="Tokens" actions=${html`<button type="button" aria-expanded=${isAdding}
      onClick=${() => setIsAdding(!isAdding)}>New token</button>`}>
    ${isAdding && html`<${TokenForm} onSave=${showToken} />`}
    ${newToken && html`<${NewTokenText} ...${newToken} onClose=${() => setNewToken(null)} />`}
    <${LoadedContent} load=${load} text="Loading your tokens">${(
      tokens,
    ) => html`<${ScrollArea} label="Your tokens"><table>
      <thead><tr><th scope="col">Name</th><th scope="col">Permissions</th><th scope="col">Created</th>
        <th scope="col">Last use</th><th scope="col">Stops working</th><th scope="col">Actions</th></tr></thead>
      <tbody>${tokens.map(
        (token) => html`<tr><th scope="row">${token.name}</th>
        <td class="says">${token.acls.map(({ id }) => id).join(", ") || "only reads"}</td>
        <td><${Age} time=${token.created_at} /></td>
        <td class="says"><${LastUse} token=${token} /></td>
        <td><${Expiry} time=${token.expires_at} /></td>
        <td><button type="button" class="danger" aria-label=${`Delete the token ${token.name}`}
          onClick=${() => deleteAction.run(token)}>Delete</button></td></tr>`,
      )}</tbody>
    </table><//>`}<//>
    <${ErrorMessage} error=${deleteAction.error} />
  <//>`;
}
