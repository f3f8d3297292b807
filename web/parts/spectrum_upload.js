// Upload a spectrum from an ASCII file: pick the file, see what the server read, save.
import { html, useMemo, useState } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { useAction, useLoad } from "../core/request_hooks.js";
import { getProfile } from "../core/session.js";
import { FormError, GroupCheckboxes, NumberField, SelectField, TextField, handleSubmit, useForm } from "./form_fields.js";
import { ErrorMessage, LoadedContent } from "./messages.js";
import { showNotice } from "./notices.js";
import { Plot } from "./plot.js";
import { buildSpectrumFigure } from "./spectrum_figure.js";

const UNITS = ["erg/s/cm/cm/AA", "Jy", "AB"];
const FIELDS = ["observed_at", "instrument_id", "units", "wave_column", "flux_column", "fluxerr_column"];
const BLANK_FORM = { observed_at: "", instrument_id: "", units: "", wave_column: "1", flux_column: "2", fluxerr_column: "" };

// Old headers are Latin-1. Read as UTF-8 in silence, their letters would be lost.
async function readText(file) {
  const bytes = await file.arrayBuffer();
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("latin1").decode(bytes);
  }
}

// Columns are counted from 1 in the form, from 0 in the API.
const toColumn = (text) => (text.trim() === "" ? null : Number(text) - 1);

const getColumns = (form) => ({
  wave_column: toColumn(form.wave_column),
  flux_column: toColumn(form.flux_column),
  fluxerr_column: toColumn(form.fluxerr_column),
});

function Preview({ spectrum, units }) {
  const [traces, layout] = useMemo(() => buildSpectrumFigure({ ...spectrum, units }), [spectrum, units]);
  const { wavelengths } = spectrum;
  return html`<p>${wavelengths.length} wavelengths, ${wavelengths[0]} to ${wavelengths.at(-1)} Å${
      spectrum.errors ? ", with errors" : ", without errors"
    }</p>
    <${Plot} size="low" traces=${traces} layout=${layout} name="spectrum" label="Spectrum in the file" />`;
}

function SpectrumForm({ source, file, text, instruments, onSave }) {
  const [form, bindField] = useForm(BLANK_FORM);
  const [groups, setGroups] = useState([]);
  const columns = getColumns(form);
  const load = useLoad(
    () => api.post("/spectra/parse/ascii", { ascii: text, ...columns }),
    [text, JSON.stringify(columns)],
  );
  const { busy, error, run } = useAction(async () => {
    const body = {
      ...{ obj_id: source, ascii: text, filename: file.name, observed_at: form.observed_at.trim() },
      ...{ instrument_id: Number(form.instrument_id), units: form.units || null, ...columns },
      ...(groups.length ? { group_ids: groups } : {}),
    };
    await api.post("/spectra/ascii", body);
    showNotice(`Saved the spectrum ${file.name} of ${source}.`, { kind: "good" });
    onSave();
  });
  const choices = [["", "choose …"], ...instruments.map(({ id, name }) => [id, name])];
  return html`<form onSubmit=${handleSubmit(run)}>
    <h3>${file.name}</h3>
    <${LoadedContent} load=${load} text="Reading the file">${(spectrum) => html`
      <${Preview} spectrum=${spectrum} units=${form.units} />`}<//>
    <div class="fields">
      <${TextField} label="Observed at (UTC)" required=${true} hint="Like 2026-11-29T03:10:00"
        ...${bindField("observed_at", error)} />
      <${SelectField} label="Instrument" required=${true} choices=${choices} ...${bindField("instrument_id", error)} />
      <${SelectField} label="Units of the flux" choices=${[["", "unknown"], ...UNITS]} ...${bindField("units", error)} />
      <${NumberField} label="Column of the wavelength (Å)" ...${bindField("wave_column", error)} />
      <${NumberField} label="Column of the flux" ...${bindField("flux_column", error)} />
      <${NumberField} label="Column of the error" hint="Empty: there is none." ...${bindField("fluxerr_column", error)} />
    </div>
    <p></p>
    <${GroupCheckboxes} groups=${getProfile().groups} value=${groups} onChange=${setGroups}
      hint="Who can see this spectrum. None selected: only you." />
    <${FormError} error=${error} fieldNames=${FIELDS} />
    <div class="row end"><button class="main" disabled=${busy || !load.data || load.error}>Save the spectrum</button></div>
  </form>`;
}

export function SpectrumUpload({ source, onSave }) {
  const [picked, setPicked] = useState(null);
  const instruments = useLoad((signal) => api.get("/instrument", {}, signal), []);
  const readAction = useAction(async (file) => setPicked(file && { file, text: await readText(file) }));
  const closeForm = () => {
    setPicked(null);
    onSave();
  };
  return html`<p><label>ASCII file with a spectrum <input type="file"
      onChange=${(event) => readAction.run(event.target.files[0])} /></label></p>
    <${ErrorMessage} error=${readAction.error} />
    ${
      picked &&
      html`<${LoadedContent} load=${instruments} text="Loading the instruments">${(list) => html`
        <${SpectrumForm} key=${picked.file.name} source=${source} ...${picked} instruments=${list} onSave=${closeForm} />`}<//>`
    }`;
}
