// A source: what is known of it, its light curve, spectra, periodogram, remarks, analyses.
import { html, useCallback, useMemo, useRef, useState } from "../vendor/htm-preact.js";
import { get, part, patch, remove } from "../core/api.js";
import { useAction, useLoad, useRepeated } from "../core/load.js";
import { address, go } from "../core/router.js";
import { may } from "../core/session.js";
import { number, sexagesimal } from "../core/words.js";
import { AnalysesOfSource } from "../parts/analyses_of_source.js";
import { Age, Busy, Card, Empty, Facts, Failure, Loaded } from "../parts/basics.js";
import { ask } from "../parts/dialog.js";
import { TextField, errorOf, isOfField } from "../parts/fields.js";
import { LightCurve } from "../parts/light_curve.js";
import { notify } from "../parts/notices.js";
import { Periodogram } from "../parts/periodogram.js";
import { Plot } from "../parts/plot.js";
import { Annotations, Classifications, Comments, PhotStats } from "../parts/remarks.js";
import { Upload } from "../parts/upload.js";

const PACE = { first: 15_000, longest: 60_000, slower: 1.3 };

// Analyses that others start meanwhile are looked for now and then.
function useNewcomers(source, reload) {
  const known = useRef(null);
  const look = async () => {
    const [newest] = await get("/obj/analysis", { objID: source, numPerPage: 1 }).catch(() => []);
    if (newest && known.current !== null && newest.id !== known.current) reload();
    known.current = newest?.id ?? 0;
  };
  useRepeated(look, PACE, [source]);
}

function Edit({ source, done }) {
  const names = ["ra", "dec", "redshift", "redshift_error", "redshift_origin"];
  const [form, setForm] = useState(Object.fromEntries(names.map((name) => [name, source[name] ?? ""])));
  const save = useAction(async () => {
    const value = (name) => (form[name] === "" ? null : name === "redshift_origin" ? form[name] : Number(form[name]));
    await patch(`/sources/${part(source.id)}`, Object.fromEntries(names.map((name) => [name, value(name)])));
    await done();
  });
  const labels = {
    ra: "Right ascension (degrees)",
    dec: "Declination (degrees)",
    redshift: "Redshift",
    redshift_error: "Redshift error",
    redshift_origin: "Where the redshift is from",
  };
  return html`<form onSubmit=${(event) => (event.preventDefault(), save.run())}>
    <div class="fields">${names.map(
      (name) => html`<${TextField} label=${labels[name]} type=${name === "redshift_origin" ? "text" : "number"}
        value=${form[name]}
      change=${(value) => setForm((before) => ({ ...before, [name]: value }))} error=${errorOf(save.error, name)} />`,
    )}</div>
    ${save.error && !isOfField(save.error, names) && html`<${Failure} error=${save.error} />`}
    <p></p><div class="row end"><button class="main" disabled=${save.busy}>Save</button></div>
  </form>`;
}

function Head({ source, changed }) {
  const [editing, setEditing] = useState(false);
  const drop = useAction(async () => {
    const agreed = await ask({
      title: `Delete ${source.id}?`,
      action: "Delete it",
      text: "The source is deleted for everyone, with its photometry, spectra, remarks and analyses. This cannot be undone.",
    });
    if (!agreed) return;
    await remove(`/sources/${part(source.id)}`);
    notify(`${source.id} is deleted.`);
    go(["sources"]);
  });
  const redshift =
    source.redshift === null
      ? null
      : `${number(source.redshift)}${source.redshift_error ? ` ± ${number(source.redshift_error)}` : ""}${source.redshift_origin ? ` (${source.redshift_origin})` : ""}`;
  return html`<div class="head"><h1>${source.id}</h1><div class="row">
      ${may("Run Analyses") && html`<a class="button main" href=${address(["start", source.id])}>Start an analysis</a>`}
      ${
        may("Upload data") &&
        html`<button type="button" aria-expanded=${editing} onClick=${() => setEditing(!editing)}>Edit</button>
        <${Busy} action=${drop} class="danger" onClick=${drop.run}>Delete<//>`
      }</div></div>
    <${Failure} error=${drop.error} />
    <${Card}>
      <${Facts} of=${[
        [
          "Position",
          html`<span class="number">${sexagesimal(source.ra, source.dec)}</span>${source.ra === null ? "" : ` (${number(source.ra, 9)}°, ${number(source.dec, 9)}°)`}`,
        ],
        ["Redshift", redshift ?? "not known"],
        ["Also called", source.alias?.join(", ")],
        ["Origin", source.origin],
        [
          "Classified as",
          source.classifications
            .map((one) => `${one.classification}${one.probability === null ? "" : ` (${one.probability})`}`)
            .join(", "),
        ],
        ["Saved to", source.groups.map((group) => group.name).join(", ")],
        ["Saved", html`<${Age} of=${source.created_at} />`],
        ["Summary", source.summary],
      ]} />
      ${
        editing &&
        html`<h3>What is known of it</h3><${Edit} source=${source}
        done=${async () => (setEditing(false), changed())} />`
      }
    <//>`;
}

function Spectra({ source }) {
  const load = useLoad((signal) => get(`/sources/${part(source)}/spectra`, {}, signal), [source]);
  return html`<${Loaded} load=${load} what="Loading the spectra">${({ spectra }) =>
    spectra.length
      ? spectra.map((one) => html`<${Spectrum} key=${one.id} spectrum=${one} />`)
      : html`<${Empty}>None that you may see.<//>`}<//>`;
}

function Spectrum({ spectrum }) {
  const [traces, layout] = useMemo(() => {
    const { wavelengths: x, fluxes: y, errors } = spectrum;
    const band = errors
      ? [
          {
            x,
            y: y.map((flux, i) => flux - errors[i]),
            type: "scatter",
            mode: "lines",
            line: { width: 0 },
            hoverinfo: "skip",
          },
          {
            x,
            y: y.map((flux, i) => flux + errors[i]),
            type: "scatter",
            mode: "lines",
            line: { width: 0 },
            fill: "tonexty",
            fillcolor: "#3b78d833",
            hoverinfo: "skip",
          },
        ]
      : [];
    return [
      [
        ...band,
        {
          x,
          y,
          type: "scatter",
          mode: "lines",
          line: { color: "#3b78d8", width: 1.1 },
          hovertemplate: "%{x:.1f} Å<br>%{y:.4g}<extra></extra>",
        },
      ],
      {
        xaxis: { title: { text: "Wavelength (Å, observed)" } },
        yaxis: {
          title: { text: spectrum.units ? `Flux (${spectrum.units})` : "Flux (units not given)" },
          exponentformat: "power",
        },
      },
    ];
  }, [spectrum]);
  return html`<div><p class="hint">${spectrum.instrument_name}, ${spectrum.observed_at.slice(0, 10)}${spectrum.altdata?.note ? `; ${spectrum.altdata.note}` : ""}</p>
    <${Plot} low traces=${traces} layout=${layout} name=${`${spectrum.obj_id}-spectrum-${spectrum.id}`}
      label=${`Spectrum of ${spectrum.obj_id}, ${spectrum.observed_at.slice(0, 10)}`} /></div>`;
}

export function SourcePage({ path: [id] }) {
  const of = `/sources/${part(id)}`;
  const source = useLoad((signal) => get(of, { includeComments: true, includePhotStats: true }, signal), [id]);
  const photometry = useLoad((signal) => get(`${of}/photometry`, { format: "both" }, signal), [id]);
  const analyses = useLoad((signal) => get(`/obj/${part(id)}/analysis`, {}, signal), [id]);
  useNewcomers(id, analyses.reload);
  const finished = useCallback(() => Promise.all([analyses.reload(), source.reload()]), [id]);
  const fits = useMemo(() => (analyses.data ?? []).filter((one) => one.status === "completed"), [analyses.data]);
  const uploaded = () => Promise.all([photometry.reload(), source.reload()]);
  if (source.data === undefined)
    return html`<h1>${id}</h1><${Loaded} load=${source} what=${`Loading ${id}`}>${() => null}<//>`;
  return html`<${Head} source=${source.data} changed=${source.reload} />
    <${Failure} error=${source.error} again=${source.reload} />
    <${Card} title="Light curve"><${Loaded} load=${photometry} what="Loading the photometry">
      ${(points) => html`<${LightCurve} points=${points} fits=${fits} name=${id} />`}<//><//>
    <${Card} title="Analyses" actions=${
      may("Run Analyses") &&
      html`<a class="button"
      href=${address(["start", id])}>Start one</a>`
    }>
      <${Loaded} load=${analyses} what="Loading the analyses">${(all) => html`<${AnalysesOfSource} analyses=${all}
        changed=${finished} />`}<//><//>
    ${may("Upload data") && html`<${Card} title="Upload photometry"><${Upload} source=${id} sent=${uploaded} /><//>`}
    <${Card} title="Periodogram">${
      photometry.data &&
      (photometry.data.filter((point) => point.mag !== null).length > 4
        ? html`<${Periodogram} source=${id} points=${photometry.data} saved=${source.reload} />`
        : html`<${Empty}>It takes five detections at least.<//>`)
    }<//>
    <${Card} title="Spectra"><${Spectra} source=${id} /><//>
    <${Card} title="Photometry in short"><${PhotStats} stats=${source.data.photstats[0]} /><//>
    <${Card} title="Annotations"><${Annotations} source=${source.data} changed=${source.reload} /><//>
    <div class="columns">
      <${Card} title="Classifications"><${Classifications} source=${source.data} changed=${source.reload} /><//>
      <${Card} title="Comments"><${Comments} source=${source.data} changed=${source.reload} /><//>
    </div>`;
}
