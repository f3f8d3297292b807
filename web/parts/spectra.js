// The spectra of a source, with lines of ions and the models of completed fits.
import { html, useMemo } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { useKeptState } from "../core/form_memory.js";
import { findRange, isPerWavelength, listModelAnalyses, readModelSpectra } from "../core/model_spectra.js";
import { useWidePage } from "../core/page_width.js";
import { useLoad } from "../core/request_hooks.js";
import { showText } from "../core/service_values.js";
import { Checkbox } from "./form_fields.js";
import { LineControls, useLineMarkers } from "./line_markers.js";
import { buildLineLayout } from "./line_shapes.js";
import { EmptyMessage, ErrorMessage, LoadedContent, LoadingMessage } from "./messages.js";
import { Plot } from "./plot.js";
import { buildSpectrumFigure } from "./spectrum_figure.js";
import { SpectrumUpload } from "./spectrum_upload.js";

// Pixels of the plot at the least.
const PLOT_WIDTHS = { wide: 780, narrow: 190 };

const NO_MODELS = [];

const describeModel = ({ id, analysis_service_name: service, created_at: created }) =>
  `model of ${showText(service)}, ${created.slice(0, 10)} (analysis ${id})`;

// The models of some analyses over a spectrum, as pairs of a name and a model.
function useModels(analyses, spectrumId) {
  const loadModels = async (analysis, signal) => {
    const results = await api.get(`/obj/analysis/${analysis.id}/results`, {}, signal);
    const models = readModelSpectra(results).filter((model) => model.spectrumId === spectrumId);
    return models.map((model) => [describeModel(analysis), model]);
  };
  const load = useLoad(
    async (signal) => (await Promise.all(analyses.map((analysis) => loadModels(analysis, signal)))).flat(),
    [analyses.map(({ id }) => id).join()],
  );
  return { ...load, models: load.data ?? NO_MODELS };
}

function ModelTicks({ analyses, ticked, units, onToggle }) {
  if (!analyses.length) return null;
  if (!isPerWavelength(units))
    return html`<p class="hint">Models are per wavelength, this spectrum is not: see the pages of its analyses.</p>`;
  return html`<div class="row">${analyses.map(
    (analysis) => html`<${Checkbox} key=${analysis.id} label=${describeModel(analysis)}
      value=${ticked.includes(analysis.id)} onChange=${() => onToggle(analysis.id)} />`,
  )}</div>`;
}

function SpectrumPlot({ spectrum, analyses, marks, ticked, onToggle }) {
  const { id, obj_id: source, instrument_name: instrument, altdata } = spectrum;
  const isWide = useWidePage();
  const modelAnalyses = isPerWavelength(spectrum.units) ? analyses.filter((one) => ticked.includes(one.id)) : [];
  const { models, busy, error, reload } = useModels(modelAnalyses, id);
  const [traces, layout] = useMemo(() => buildSpectrumFigure(spectrum, models), [spectrum, models]);
  const lineLayout = useMemo(
    () => ({ ...layout, ...buildLineLayout(marks, findRange(spectrum.wavelengths), PLOT_WIDTHS, isWide) }),
    [layout, marks, isWide],
  );
  const date = spectrum.observed_at.slice(0, 10);
  return html`<div><p class="hint">${instrument}, ${date}${altdata?.note ? `; ${showText(altdata.note)}` : ""}</p>
    <${ModelTicks} analyses=${analyses} ticked=${ticked} units=${spectrum.units} onToggle=${onToggle} />
    ${busy && modelAnalyses.length > 0 && html`<${LoadingMessage} text="Loading the model" />`}
    <${ErrorMessage} error=${error} onRetry=${reload} />
    <${Plot} size=${models.length || marks.ions.length ? "" : "low"} traces=${traces} layout=${lineLayout}
      name=${`${source}-spectrum-${id}`} label=${`Spectrum of ${source}, ${date}`} /></div>`;
}

function SpectrumList({ source, spectra, analyses }) {
  const lines = useLineMarkers(`source.${source.id}`, source.redshift);
  const [form, setForm] = useKeptState(
    `models.${source.id}`,
    () => ({ ticked: [] }),
    (state) => state,
  );
  const toggleModel = (id) =>
    setForm({ ticked: form.ticked.includes(id) ? form.ticked.filter((other) => other !== id) : [...form.ticked, id] });
  return html`<${LineControls} lines=${lines} />
    ${spectra.map(
      (spectrum) => html`<${SpectrumPlot} key=${spectrum.id} spectrum=${spectrum} marks=${lines.marks}
        analyses=${listModelAnalyses(analyses, spectrum.id)} ticked=${form.ticked} onToggle=${toggleModel} />`,
    )}`;
}

// `source` is the record, `analyses` are those of the source.
export function Spectra({ source, analyses, canUpload }) {
  const path = `/sources/${encodeURIComponent(source.id)}/spectra`;
  const load = useLoad((signal) => api.get(path, {}, signal), [source.id]);
  return html`<div><${LoadedContent} load=${load} text="Loading the spectra">${({ spectra }) =>
      spectra.length
        ? html`<${SpectrumList} key=${source.id} source=${source} spectra=${spectra} analyses=${analyses} />`
        : html`<${EmptyMessage}>No spectra visible to you.<//>`}<//></div>
    ${
      canUpload &&
      html`<details><summary>Upload a spectrum</summary><${SpectrumUpload} source=${source.id} onSave=${load.reload} /></details>`
    }`;
}
