// Take the class and the redshift of a fit over to its source, each with one click.
import { html, useState } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { formatQuantity, roundToError } from "../core/format.js";
import { useAction, useLoad } from "../core/request_hooks.js";
import { buildAddress } from "../core/router.js";
import { showText } from "../core/service_values.js";
import { hasPermission } from "../core/session.js";
import { isTakable, listClasses, matchClass, nameClass } from "../core/taxonomy_classes.js";
import { askConfirmation } from "./confirm_dialog.js";
import { SelectField } from "./form_fields.js";
import { ActionButton } from "./indicators.js";
import { ErrorMessage, LoadedContent } from "./messages.js";
import { showNotice } from "./notices.js";

const NO_TAXONOMY = "none";
const ORIGIN_LENGTH = 200;
// The posterior of a redshift that was fixed has no width but that of rounding.
const LEAST_ERROR = 1e-7;

const buildOrigin = ({ id, analysis_service_name: service }) =>
  `${service ?? "analysis"}, analysis ${id}`.slice(-ORIGIN_LENGTH);

// Four digits, but never certainty.
const formatProbability = (value) => Math.min(Number(value.toPrecision(4)), 0.9999);

const SourceLink = ({ source }) => html`<a href=${buildAddress(["source", source])}>${source}</a>`;

function announce(text, source) {
  showNotice(text, { kind: "good", link: { href: buildAddress(["source", source]), text: `Open ${source}` } });
}

// The classifications of a source that were taken over from an analysis.
const listTaken = (source, origin) => source.classifications.filter((remark) => remark.origin === origin);

const TakenClasses = ({ source, remarks }) =>
  remarks.map(
    ({ classification, probability }) => html`<p role="status">Taken over: <strong>${showText(classification)}</strong>${
      probability === null ? "" : ` (${probability})`
    }. It is shown with <${SourceLink} source=${source.id} />.</p>`,
  );

function listTargets(name, classes) {
  const label = ({ name: text, taxonomy }) => `${showText(text)} (${showText(taxonomy)})`;
  return [...classes.map((entry) => [entry.key, label(entry)]), [NO_TAXONOMY, `${nameClass(name)}, without a taxonomy`]];
}

function MissingClass({ name, hasTaxonomies }) {
  const reason = hasTaxonomies
    ? `No taxonomy that you can see has a class like “${nameClass(name)}”.`
    : "You can see no taxonomy.";
  return html`<p class="hint">${reason} Take it over without a taxonomy${
    hasTaxonomies ? ", choose another class," : ""
  } or ask somebody with the permission “Post taxonomy” to add one.</p>`;
}

function ClassForm({ analysis, source, probabilities, classes, onChange }) {
  const [chosen, setChosen] = useState(probabilities[0][0]);
  const [target, setTarget] = useState(null);
  const match = matchClass(chosen, classes);
  const key = target ?? match?.key ?? NO_TAXONOMY;
  const origin = buildOrigin(analysis);
  const entry = classes.find((each) => each.key === key);
  const name = entry?.name ?? nameClass(chosen);
  const probability = formatProbability(probabilities.find(([each]) => each === chosen)[1]);
  const taken = listTaken(source, origin);
  const action = useAction(async () => {
    await api.post("/classification", {
      ...{ obj_id: source.id, classification: name, probability, origin, ml: true },
      taxonomy_id: entry?.taxonomyId ?? null,
    });
    announce(`Classified ${source.id} as ${showText(name)} (${probability}).`, source.id);
    await onChange();
  });
  const choose = (value) => {
    setChosen(value);
    setTarget(null);
  };
  return html`<div class="fields">
      <${SelectField} label="Class of the fit" value=${chosen} onChange=${choose} choices=${probabilities.map(
        ([each, value]) => [each, `${showText(each)} (${formatProbability(value)})`],
      )} />
      <${SelectField} label="Classify as" value=${key} onChange=${setTarget} choices=${listTargets(chosen, classes)} />
    </div>
    ${!match && html`<${MissingClass} name=${chosen} hasTaxonomies=${classes.length > 0} />`}
    ${
      !taken.some((remark) => remark.classification === name) &&
      html`<p class="row"><${ActionButton} action=${action} class="main" onClick=${action.run}>Take over this
        classification<//></p>`
    }
    <${ErrorMessage} error=${action.error} />
    <${TakenClasses} source=${source} remarks=${taken} />`;
}

// A redshift to two digits of its error, as {redshift, redshift_error}.
function roundRedshift({ median, err_minus: minus, err_plus: plus, std }) {
  const error = Number.isFinite(minus) && Number.isFinite(plus) ? 0.5 * (minus + plus) : std;
  if (!Number.isFinite(median) || !(error > LEAST_ERROR)) return null;
  return { redshift: Number(roundToError(median, error).text), redshift_error: Number(error.toPrecision(2)) };
}

const confirmReplacement = ({ id, redshift, redshift_error: error, redshift_origin: origin }, text) =>
  askConfirmation({
    title: `Replace the redshift of ${id}?`,
    text: `It is ${formatQuantity(redshift, error)}${origin ? ` (${showText(origin)})` : ""}; the fit has ${text}.`,
    action: "Replace redshift",
  });

function RedshiftForm({ analysis, source, estimate, onChange }) {
  const values = roundRedshift(estimate);
  const path = `/sources/${encodeURIComponent(source.id)}`;
  const text = values && formatQuantity(values.redshift, values.redshift_error);
  const origin = buildOrigin(analysis);
  const action = useAction(async () => {
    const present = await api.get(path);
    if (present.redshift !== null && !(await confirmReplacement(present, text))) return;
    await api.patch(path, { ...values, redshift_origin: origin });
    announce(`The redshift of ${source.id} is ${text}.`, source.id);
    await onChange();
  });
  if (!values) return null;
  if (source.redshift_origin === origin && source.redshift === values.redshift)
    return html`<p role="status">Taken over: <strong>z = ${text}</strong>. It is shown with${" "}
      <${SourceLink} source=${source.id} />.</p>`;
  return html`<div class="row"><${ActionButton} action=${action} onClick=${action.run}>Take over the redshift<//>
      <span class="number">${text}</span> <span class="hint">${
        source.redshift === null
          ? "The source has none."
          : `The source has ${formatQuantity(source.redshift, source.redshift_error)}.`
      }</span></div>
    <${ErrorMessage} error=${action.error} />`;
}

const MayNotTake = ({ name }) =>
  html`<p class="hint">The most probable class, ${showText(name)}, is no class to take over.</p>`;

// `probabilities` are pairs of a class and its probability, the most probable first; `redshift` is an estimate, or null.
export function TakeOver({ analysis, probabilities, redshift }) {
  const hasClasses = hasPermission("Classify") && probabilities.length > 0;
  const hasRedshift = hasPermission("Upload data") && redshift !== null && roundRedshift(redshift) !== null;
  const load = useLoad(
    async (signal) => {
      if (!hasClasses && !hasRedshift) return null;
      const path = `/sources/${encodeURIComponent(analysis.obj_id)}`;
      const [source, taxonomies] = await Promise.all([api.get(path, {}, signal), api.get("/taxonomy", {}, signal)]);
      return { source, classes: listClasses(taxonomies) };
    },
    [analysis.id],
  );
  if (!hasClasses && !hasRedshift) return null;
  const isClear = hasClasses && isTakable(probabilities[0][0]);
  return html`<section aria-label="Take over"><h3>Take over</h3>
    <${LoadedContent} load=${load} text="Loading the source">${({ source, classes }) => html`
      ${hasClasses && !isClear && html`<${MayNotTake} name=${probabilities[0][0]} />`}
      ${
        isClear &&
        html`<${ClassForm} analysis=${analysis} source=${source} classes=${classes} onChange=${load.reload}
          probabilities=${probabilities.filter(([name]) => isTakable(name))} />`
      }
      ${
        hasRedshift &&
        html`<${RedshiftForm} analysis=${analysis} source=${source} estimate=${redshift} onChange=${load.reload} />`
      }`}<//></section>`;
}
