// What people and services say of a source: classifications, comments, annotations.
import { html, useState } from "../vendor/htm-preact.js";
import { part, post, remove } from "../core/api.js";
import { useAction } from "../core/load.js";
import { may, me } from "../core/session.js";
import { number } from "../core/words.js";
import { Age, Empty, Failure, Scroll } from "./basics.js";
import { ask } from "./dialog.js";
import { TextField, errorOf } from "./fields.js";

const mine = (remark) => remark.author_id === me().id || may("System admin");

function useRemoval(changed) {
  return useAction(async (path, what) => {
    if (!(await ask({ title: `Delete this ${what}?`, text: "This cannot be undone.", action: "Delete it" }))) return;
    await remove(path);
    await changed();
  });
}

export function Classifications({ source, changed }) {
  const [name, setName] = useState("");
  const [probability, setProbability] = useState("");
  const add = useAction(async () => {
    await post("/classification", {
      obj_id: source.id,
      classification: name.trim(),
      probability: probability === "" ? null : Number(probability),
    });
    setName("");
    setProbability("");
    await changed();
  });
  const drop = useRemoval(changed);
  return html`${source.classifications.length === 0 && html`<${Empty}>None yet.<//>`}
    <ul>${source.classifications.map(
      (
        one,
      ) => html`<li><strong>${one.classification}</strong>${one.probability === null ? "" : ` (${one.probability})`},
      ${one.author_name}, <${Age} of=${one.created_at} />
      ${
        mine(one) &&
        html` <button type="button" class="plain" aria-label=${`Delete the classification ${one.classification}`}
        onClick=${() => drop.run(`/classification/${one.id}`, "classification")}>Delete</button>`
      }</li>`,
    )}</ul>
    <${Failure} error=${drop.error} />
    ${
      may("Classify") &&
      html`<form class="fields" onSubmit=${(event) => (event.preventDefault(), add.run())}>
      <${TextField} label="Classification" value=${name} change=${setName} required=${true}
        list=${["Ia", "Ib", "Ic", "II", "IIn", "IIb", "RR Lyrae", "AGN"]}
        error=${errorOf(add.error, "classification")} />
      <${TextField} label="Probability" type="number" value=${probability} change=${setProbability}
        hint="0 to 1; blank: not said."
        error=${errorOf(add.error, "probability")} />
      <div class="row"><button disabled=${add.busy}>Classify</button></div>
    </form><${Failure} error=${add.error} />`
    }`;
}

export function Comments({ source, changed }) {
  const [text, setText] = useState("");
  const path = `/sources/${part(source.id)}/comments`;
  const add = useAction(async () => {
    await post(path, { text });
    setText("");
    await changed();
  });
  const drop = useRemoval(changed);
  return html`${source.comments.length === 0 && html`<${Empty}>None yet.<//>`}
    <ul>${source.comments.map(
      (
        one,
      ) => html`<li>${one.text} <span class="hint">${one.author?.username ?? ""}, <${Age} of=${one.created_at} /></span>
      ${
        mine(one) &&
        html` <button type="button" class="plain" aria-label="Delete this comment"
        onClick=${() => drop.run(`${path}/${one.id}`, "comment")}>Delete</button>`
      }</li>`,
    )}</ul>
    <${Failure} error=${drop.error} />
    ${
      may("Comment") &&
      html`<form onSubmit=${(event) => (event.preventDefault(), add.run())}>
      <${TextField} label="Comment" value=${text} change=${setText} required=${true}
        error=${errorOf(add.error, "text")} />
      <p></p><button disabled=${add.busy || !text.trim()}>Comment</button></form><${Failure} error=${add.error} />`
    }`;
}

const said = (value) =>
  typeof value === "object" && value !== null ? html`<code>${JSON.stringify(value)}</code>` : number(value);

export function Annotations({ source, changed }) {
  const path = `/sources/${part(source.id)}/annotations`;
  const drop = useRemoval(changed);
  if (!source.annotations.length) return html`<${Empty}>None yet; completed analyses bring some.<//>`;
  return html`<${Failure} error=${drop.error} />${source.annotations.map(
    (one) => html`<section key=${one.id} aria-label=${`Annotation of ${one.origin}`}>
    <h3>${one.origin} <span class="hint">${one.author?.username}, <${Age} of=${one.modified} /></span>
      ${
        mine(one) &&
        html`<button type="button" class="plain" aria-label=${`Delete the annotation of ${one.origin}`}
        onClick=${() => drop.run(`${path}/${one.id}`, "annotation")}>Delete</button>`
      }</h3>
    <dl class="pairs">${Object.entries(one.data).map(
      ([name, value]) => html`<div><dt>${name}</dt><dd
      class="number">${said(value)}</dd></div>`,
    )}</dl>
  </section>`,
  )}`;
}

const STATS = [
  ["num_obs", "Observations"],
  ["num_det", "Detections"],
  ["peak_mag", "Brightest (mag)"],
  ["peak_mjd", "at MJD"],
  ["mean_mag", "Mean (mag)"],
  ["faintest_mag", "Faintest (mag)"],
  ["mag_rms", "Scatter (mag)"],
  ["deepest_limit", "Deepest limit (mag)"],
];

export function PhotStats({ stats }) {
  if (!stats) return html`<${Empty}>There is no photometry to be summed up.<//>`;
  const filters = Object.keys(stats.num_obs_per_filter).sort();
  const rounded = (value) => (typeof value === "number" ? String(Number(value.toFixed(3))) : "–");
  return html`<${Scroll}><table>
    <thead><tr><th scope="col"></th><th scope="col" class="number">all</th>${filters.map(
      (name) => html`<th scope="col"
      class="number">${name}</th>`,
    )}</tr></thead>
    <tbody>${STATS.map(
      ([key, words]) => html`<tr><th scope="row">${words}</th><td class="number">${rounded(stats[`${key}_global`])}</td>
      ${filters.map((name) => html`<td class="number">${rounded(stats[`${key}_per_filter`]?.[name])}</td>`)}</tr>`,
    )}</tbody></table><//>
    <dl class="facts">
      <dt>First detection</dt>
        <dd>${stats.first_detected_mjd ? `MJD ${stats.first_detected_mjd.toFixed(3)}, ${rounded(stats.first_detected_mag)} mag in ${stats.first_detected_filter}` : "–"}</dd>
      <dt>Last detection</dt>
        <dd>${stats.last_detected_mjd ? `MJD ${stats.last_detected_mjd.toFixed(3)}, ${rounded(stats.last_detected_mag)} mag in ${stats.last_detected_filter}` : "–"}</dd>
      <dt>Last limit before</dt>
        <dd>${stats.last_non_detection_mjd ? `MJD ${stats.last_non_detection_mjd.toFixed(3)}, ${rounded(stats.time_to_non_detection)} days before the first detection` : "–"}</dd>
      <dt>Rise, decay</dt><dd>${rounded(stats.rise_rate)}, ${rounded(stats.decay_rate)} mag/day</dd>
    </dl>`;
}
