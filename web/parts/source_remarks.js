// Classifications, comments and annotations of a source.
import { html } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { findErrorName, formatQuantity } from "../core/format.js";
import { useAction } from "../core/request_hooks.js";
import { MOST_ROWS, isRecord, showText } from "../core/service_values.js";
import { buildAddress } from "../core/router.js";
import { hasPermission, isOwner } from "../core/session.js";
import { askConfirmation } from "./confirm_dialog.js";
import { FormError, TextField, handleSubmit, useForm } from "./form_fields.js";
import { Age } from "./indicators.js";
import { EmptyMessage, ErrorMessage } from "./messages.js";

const CLASSES = ["Ia", "Ib", "Ic", "II", "IIn", "IIb", "RR Lyrae", "AGN"];

function useDeleteAction(kind, onChange) {
  return useAction(async (path) => {
    const isConfirmed = await askConfirmation({
      title: `Delete this ${kind}?`,
      text: "This cannot be undone.",
      action: `Delete ${kind}`,
    });
    if (!isConfirmed) return;
    await api.delete(path);
    await onChange();
  });
}

const DeleteButton = ({ remark, label, onClick }) =>
  isOwner(remark) && html`<button type="button" class="plain" aria-label=${label} onClick=${onClick}>Delete</button>`;

const BLANK_CLASSIFICATION = { classification: "", probability: "" };

export function Classifications({ source, onChange }) {
  const [form, bindField, setForm] = useForm(BLANK_CLASSIFICATION);
  const { busy, error, run } = useAction(async () => {
    await api.post("/classification", {
      obj_id: source.id,
      classification: form.classification.trim(),
      probability: form.probability === "" ? null : Number(form.probability),
    });
    setForm(BLANK_CLASSIFICATION);
    await onChange();
  });
  const deleteAction = useDeleteAction("classification", onChange);
  return html`${source.classifications.length === 0 && html`<${EmptyMessage}>No classifications yet.<//>`}
    <ul>${source.classifications.map(
      (remark) => html`<li><strong>${showText(remark.classification)}</strong>${
        remark.probability === null ? "" : ` (${remark.probability})`
      }, ${showText(remark.author_name)}, <${Age} time=${remark.created_at} />${" "}
      <${DeleteButton} remark=${remark} label=${`Delete the classification ${showText(remark.classification)}`}
        onClick=${() => deleteAction.run(`/classification/${remark.id}`)} /></li>`,
    )}</ul>
    <${ErrorMessage} error=${deleteAction.error} />
    ${
      hasPermission("Classify") &&
      html`<form class="fields" onSubmit=${handleSubmit(run)}>
      <${TextField} label="Classification" required=${true} suggestions=${CLASSES}
        ...${bindField("classification", error)} />
      <${TextField} label="Probability" type="number" hint="0 to 1. Leave empty if unknown."
        ...${bindField("probability", error)} />
      <div class="row"><button disabled=${busy}>Classify</button></div>
    </form><${FormError} error=${error} fieldNames=${["classification", "probability"]} />`
    }`;
}

export function Comments({ source, onChange }) {
  const [form, bindField, setForm] = useForm({ text: "" });
  const path = `/sources/${encodeURIComponent(source.id)}/comments`;
  const { busy, error, run } = useAction(async () => {
    await api.post(path, { ...form, bot: false });
    setForm({ text: "" });
    await onChange();
  });
  const deleteAction = useDeleteAction("comment", onChange);
  return html`${source.comments.length === 0 && html`<${EmptyMessage}>No comments yet.<//>`}
    <ul>${source.comments.map(
      (remark) => html`<li>${showText(remark.text)} <span class="hint">${showText(remark.author?.username ?? "")}, <${Age}
        time=${remark.created_at} /></span>${" "}
      <${DeleteButton} remark=${remark} label="Delete this comment"
        onClick=${() => deleteAction.run(`${path}/${remark.id}`)} /></li>`,
    )}</ul>
    <${ErrorMessage} error=${deleteAction.error} />
    ${
      hasPermission("Comment") &&
      html`<form onSubmit=${handleSubmit(run)}>
      <${TextField} label="Comment" required=${true} ...${bindField("text", error)} />
      <p></p><button disabled=${busy || !form.text.trim()}>Comment</button></form><${FormError} error=${error} fieldNames=${["text"]} />`
    }`;
}

function AnnotationValue({ name, value, error }) {
  if (name === "analysis_id" && Number.isInteger(value)) return html`<a href=${buildAddress(["analysis", value])}>${value}</a>`;
  if (typeof value === "number") return formatQuantity(value, error);
  return isRecord(value) || Array.isArray(value) ? html`<code>${showText(value)}</code>` : showText(value);
}

// A value and its error are shown together.
function AnnotationData({ data }) {
  const errorNames = new Set(Object.keys(data).map((name) => findErrorName(data, name)));
  const entries = Object.entries(data).filter(([name]) => !errorNames.has(name));
  return html`<dl class="pairs">${entries.slice(0, MOST_ROWS).map(
    ([name, value]) => html`<div><dt>${showText(name)}</dt><dd class="number"><${AnnotationValue} name=${name} value=${value}
      error=${data[findErrorName(data, name)]} /></dd></div>`,
  )}</dl>
  ${entries.length > MOST_ROWS && html`<p class="hint">The first ${MOST_ROWS} of ${entries.length} are shown.</p>`}`;
}

export function Annotations({ source, onChange }) {
  const path = `/sources/${encodeURIComponent(source.id)}/annotations`;
  const deleteAction = useDeleteAction("annotation", onChange);
  if (!source.annotations.length)
    return html`<${EmptyMessage}>No annotations yet. Completed analyses can add some.<//>`;
  return html`<${ErrorMessage} error=${deleteAction.error} />${source.annotations.map(
    (remark) => html`<section key=${remark.id} aria-label=${`Annotation of ${showText(remark.origin)}`}>
    <h3>${showText(remark.origin)} <span class="hint">${showText(remark.author?.username)}, <${Age} time=${remark.modified} /></span>
      <${DeleteButton} remark=${remark} label=${`Delete the annotation of ${showText(remark.origin)}`}
        onClick=${() => deleteAction.run(`${path}/${remark.id}`)} /></h3>
    <${AnnotationData} data=${remark.data} />
  </section>`,
  )}`;
}
