// The head of a source's page: name, facts, links to other archives, and what can be done with it.
import { html, useState } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { readFields } from "../core/coordinates.js";
import { listExternalLinks } from "../core/external_links.js";
import { useFavorites } from "../core/favorites.js";
import { formatNumber, formatPosition, joinGroupNames } from "../core/format.js";
import { readNumber } from "../core/numbers.js";
import { useAction } from "../core/request_hooks.js";
import { buildAddress, navigateTo } from "../core/router.js";
import { showText } from "../core/service_values.js";
import { hasPermission } from "../core/session.js";
import { askConfirmation } from "./confirm_dialog.js";
import { copyText } from "./copy_text.js";
import { CoordinateFields } from "./coordinate_fields.js";
import { FormError, NumberField, TextField, handleSubmit, useForm } from "./form_fields.js";
import { ActionButton, Age } from "./indicators.js";
import { Card, FactList } from "./layout.js";
import { ErrorMessage } from "./messages.js";
import { showNotice } from "./notices.js";
import { SourceAliases } from "./source_aliases.js";
import { StarButton } from "./star_button.js";

const FORM_FIELDS = ["ra", "dec", "redshift", "redshift_error", "redshift_origin"];

const toTexts = (source) => Object.fromEntries(FORM_FIELDS.map((name) => [name, String(source[name] ?? "")]));

function readForm(form) {
  return {
    ...readFields(form),
    redshift: readNumber(form.redshift, "redshift"),
    redshift_error: readNumber(form.redshift_error, "redshift_error"),
    redshift_origin: form.redshift_origin.trim() || null,
  };
}

// Only what was changed in the form, so that it does not undo what others changed meanwhile.
function listChanges(source, form) {
  const isSame = (name, value) => value === (source[name] ?? null);
  const changes = Object.entries(readForm(form)).filter(([name, value]) => !isSame(name, value));
  return Object.fromEntries(changes);
}

function SourceForm({ source, onSave }) {
  const [form, bindField, setForm] = useForm(toTexts(source));
  const { busy, error, run } = useAction(async () => {
    await api.patch(`/sources/${encodeURIComponent(source.id)}`, listChanges(source, form));
    await onSave();
  });
  return html`<form onSubmit=${handleSubmit(run)}>
    <div class="fields">
      <${CoordinateFields} value=${form} onChange=${setForm} error=${error} />
      <${NumberField} label="Redshift" ...${bindField("redshift", error)} />
      <${NumberField} label="Redshift error" ...${bindField("redshift_error", error)} />
      <${TextField} label="Origin of the redshift" ...${bindField("redshift_origin", error)} />
    </div>
    <${FormError} error=${error} fieldNames=${FORM_FIELDS} />
    <p class="hint">A field that you empty is cleared.</p>
    <div class="row end"><button class="main" disabled=${busy}>Save</button></div>
  </form>`;
}

function formatRedshift({ redshift, redshift_error: error, redshift_origin: origin }) {
  if (redshift === null) return "unknown";
  return `${formatNumber(redshift)}${error ? ` ± ${formatNumber(error)}` : ""}${origin ? ` (${origin})` : ""}`;
}

const formatClassification = ({ classification, probability }) =>
  `${classification}${probability === null ? "" : ` (${probability})`}`;

function Position({ ra, dec }) {
  if (ra === null) return formatPosition(ra, dec);
  const copy = () => copyText(`${ra} ${dec < 0 ? "" : "+"}${dec}`, "position");
  return html`<span class="number">${formatPosition(ra, dec)}</span> (${formatNumber(ra, 9)}°, ${formatNumber(dec, 9)}°)
    <button type="button" class="plain" onClick=${copy}>Copy position</button>`;
}

const ExternalLinks = ({ links }) =>
  html`<div class="row">${links.map(
    ([name, address]) => html`<a key=${name} href=${address} target="_blank" rel="noopener noreferrer">${name}</a>`,
  )}</div>`;

function DeleteSourceButton({ source, action }) {
  const confirmDeletion = async () => {
    const isConfirmed = await askConfirmation({
      title: `Delete ${source.id}?`,
      text: "This deletes the source with its photometry, spectra, remarks and analyses, for everyone. It cannot be undone.",
      action: "Delete source",
    });
    if (isConfirmed) await action.run();
  };
  return html`<${ActionButton} action=${action} class="danger" onClick=${confirmDeletion}>Delete<//>`;
}

function SourceFacts({ source, onChange }) {
  const links = listExternalLinks(source);
  return html`<${FactList} facts=${[
    ["Position", html`<${Position} ra=${source.ra} dec=${source.dec} />`],
    ["Redshift", formatRedshift(source)],
    ["Aliases", html`<${SourceAliases} source=${source} onChange=${onChange} />`],
    ["Elsewhere", links.length ? html`<${ExternalLinks} links=${links} />` : ""],
    ["Origin", source.origin],
    ["Classification", source.classifications.map(formatClassification).join(", ")],
    ["Saved to", joinGroupNames(source.groups)],
    ["Saved", html`<${Age} time=${source.created_at} />`],
    ["Summary", source.summary && showText(source.summary)],
  ]} />`;
}

// `children` follow the facts.
export function SourceHeader({ source, onChange, children }) {
  const [isEditing, setIsEditing] = useState(false);
  const favorites = useFavorites();
  const deleteAction = useAction(async () => {
    await api.delete(`/sources/${encodeURIComponent(source.id)}`);
    showNotice(`Deleted the source ${source.id}.`);
    navigateTo(["sources"]);
  });
  const closeForm = () => {
    setIsEditing(false);
    onChange();
  };
  const canUpload = hasPermission("Upload data");
  return html`<div class="head"><div class="row"><h1>${source.id}</h1>
      <${StarButton} source=${source.id} favorites=${favorites} /></div><div class="row">
      ${
        hasPermission("Run Analyses") &&
        html`<a class="button main" href=${buildAddress(["start", source.id])}>Start an analysis</a>`
      }
      ${
        canUpload &&
        html`<button type="button" aria-expanded=${isEditing} onClick=${() => setIsEditing(!isEditing)}>Edit</button>
        <${DeleteSourceButton} source=${source} action=${deleteAction} />`
      }</div></div>
    <${ErrorMessage} error=${deleteAction.error ?? favorites.error} />
    <${Card}>
      <${SourceFacts} source=${source} onChange=${onChange} />
      ${isEditing && html`<h3>Edit source</h3><${SourceForm} source=${source} onSave=${closeForm} />`}
      ${children}
    <//>`;
}
