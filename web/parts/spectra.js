// The spectra of a source.
import { html, useMemo } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { useLoad } from "../core/request_hooks.js";
import { showText } from "../core/service_values.js";
import { EmptyMessage, LoadedContent } from "./messages.js";
import { Plot } from "./plot.js";
import { buildSpectrumFigure } from "./spectrum_figure.js";
import { SpectrumUpload } from "./spectrum_upload.js";

export function Spectra({ source, canUpload }) {
  const load = useLoad((signal) => api.get(`/sources/${encodeURIComponent(source)}/spectra`, {}, signal), [source]);
  return html`<${LoadedContent} load=${load} text="Loading the spectra">${({ spectra }) =>
      spectra.length
        ? spectra.map((spectrum) => html`<${SpectrumPlot} key=${spectrum.id} spectrum=${spectrum} />`)
        : html`<${EmptyMessage}>No spectra visible to you.<//>`}<//>
    ${
      canUpload &&
      html`<details><summary>Upload a spectrum</summary><${SpectrumUpload} source=${source} onSave=${load.reload} /></details>`
    }`;
}

function SpectrumPlot({ spectrum }) {
  const [traces, layout] = useMemo(() => buildSpectrumFigure(spectrum), [spectrum]);
  const { id, obj_id: source, instrument_name: instrument, altdata } = spectrum;
  const date = spectrum.observed_at.slice(0, 10);
  return html`<div><p class="hint">${instrument}, ${date}${altdata?.note ? `; ${showText(altdata.note)}` : ""}</p>
    <${Plot} size="low" traces=${traces} layout=${layout} name=${`${source}-spectrum-${id}`}
      label=${`Spectrum of ${source}, ${date}`} /></div>`;
}
