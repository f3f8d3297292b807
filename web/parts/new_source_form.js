// The form for a new source. A source that exists is not touched: the form offers to open it.
import { html, useState } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { readFields, splitFields } from "../core/coordinates.js";
import { readNumber } from "../core/numbers.js";
import { useAction } from "../core/request_hooks.js";
import { buildAddress, navigateTo } from "../core/router.js";
import { getProfile } from "../core/session.js";
import { CoordinateFields } from "./coordinate_fields.js";
import { FormError, GroupCheckboxes, NumberField, TextField, handleSubmit, useForm } from "./form_fields.js";
import { Card } from "./layout.js";
import { showNotice } from "./notices.js";

const BLANK_FORM = { id: "", ra: "", dec: "", redshift: "", redshift_error: "", origin: "" };
const SAME_POSITION_DEGREES = 2 / 3600;

const ID = /^[0-9A-Za-z._+-]+$/;

const joinLinks = (sourceIds) =>
  sourceIds.map((id, index) => html`${index > 0 && ", "}<a href=${buildAddress(["source", id])}>Open ${id}</a>`);

function NameTaken({ message, sourceIds }) {
  return html`<div class="failure" role="alert"><p>${message} Nothing was saved.</p><p>${joinLinks(sourceIds)}</p></div>`;
}

function PositionTaken({ sourceIds, onSave, busy }) {
  return html`<div class="failure" role="alert">
    <p>Within 2 arcsec of this position there is already ${sourceIds.join(", ")}. Nothing was saved.</p>
    <div class="row">${joinLinks(sourceIds)}
      <button type="button" disabled=${busy} onClick=${onSave}>Save as another source</button></div></div>`;
}

// The sources with this name, or with another name that is the same; else those at this position.
async function findSimilar(id, { ra, dec }) {
  const named = await api.getEnvelope(`/source_exists/${encodeURIComponent(id)}`);
  if (named.data.source_exists) return { kind: "name", message: named.data.message, sourceIds: named.obj_ids };
  if (ra === null) return null;
  const near = await api.getEnvelope("/source_exists", { ra, dec, radius: SAME_POSITION_DEGREES });
  return near.data.source_exists ? { kind: "position", sourceIds: near.obj_ids } : null;
}

function readId(text) {
  const id = text.trim();
  if (ID.test(id)) return id;
  throw new Error(`id: “${id}” holds other characters than letters, digits and . _ + -. Write SN2021abc for SN 2021abc.`);
}

function buildRequest(form, position, groups) {
  const redshift = readNumber(form.redshift, "redshift");
  const redshiftError = readNumber(form.redshift_error, "redshift_error");
  return {
    id: readId(form.id),
    ...position,
    ...(redshift === null ? {} : { redshift }),
    ...(redshiftError === null ? {} : { redshift_error: redshiftError }),
    ...(form.origin.trim() ? { origin: form.origin.trim() } : {}),
    ...(groups.length ? { group_ids: groups } : {}),
  };
}

export function NewSourceForm({ onClose }) {
  const [form, bindField, setForm] = useForm(BLANK_FORM);
  const [groups, setGroups] = useState([]);
  const [similar, setSimilar] = useState(null);
  const { busy, error, run } = useAction(async ({ isPositionChecked = false } = {}) => {
    setSimilar(null);
    setForm({ ...form, ...splitFields(form) });
    const request = buildRequest(form, readFields(form), groups);
    const match = await findSimilar(request.id, request);
    if (match && !(match.kind === "position" && isPositionChecked)) {
      setSimilar(match);
      return;
    }
    // A source that was not visible may have this name: then a note says that it kept its fields.
    const { data, notes = [] } = await api.postForEnvelope("/sources", request);
    showNotice([`Saved the source ${data.id}.`, ...notes].join(" "), { kind: notes.length ? "" : "good" });
    navigateTo(["source", data.id]);
  });
  const bind = (name) => bindField(name, error);
  return html`<${Card} title="New source"
      actions=${html`<button type="button" class="plain" onClick=${onClose}>Close</button>`}>
    <form onSubmit=${handleSubmit(() => run())}>
      <div class="fields">
        <${TextField} label="ID" required=${true} hint="Letters, digits and . _ + -" ...${bind("id")} />
        <${CoordinateFields} value=${form} onChange=${setForm} error=${error} />
        <${NumberField} label="Redshift" ...${bind("redshift")} />
        <${NumberField} label="Redshift error" ...${bind("redshift_error")} />
        <${TextField} label="Origin" hint="The survey or person that reported it" ...${bind("origin")} />
      </div>
      <p class="hint">Leave both coordinates empty if the position is unknown.</p>
      <${GroupCheckboxes} groups=${getProfile().groups} value=${groups} onChange=${setGroups}
        hint="None selected: all your groups, also the public one." />
      ${similar?.kind === "name" && html`<${NameTaken} ...${similar} />`}
      ${
        similar?.kind === "position" &&
        html`<${PositionTaken} ...${similar} busy=${busy} onSave=${() => run({ isPositionChecked: true })} />`
      }
      <${FormError} error=${error} fieldNames=${Object.keys(BLANK_FORM)} />
      <div class="row end"><button class="main" disabled=${busy}>Save the source</button></div>
    </form>
  <//>`;
}
