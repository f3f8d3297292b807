// The spectra of a source.
import { html, useMemo } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { useLoad } from "../core/request_hooks.js";
import { EmptyMessage, LoadedContent } from "./messages.js";
import { Plot } from "./plot.js";

export function Spectra({ source }) {
  const load = useLoad((signal) => api.get(`/sources/${encodeURIComponent(source)}/spectra`, {}, signal), [source]);
  return html`<${LoadedContent} load=${load} text="Loading the spectra">${({ spectra }) =>
    spectra.length
      ? spectra.map((spectrum) => html`<${SpectrumPlot} key=${spectrum.id} spectrum=${spectrum} />`)
      : html`<${EmptyMessage}>No spectra visible to you.<//>`}<//>`;
}

function buildSpectrumFigure({ wavelengths, fluxes, errors, units }) {
  const line = { type: "scatter", mode: "lines", x: wavelengths };
  const edge = { ...line, line: { width: 0 }, hoverinfo: "skip" };
  const flux = {
    ...line,
    y: fluxes,
    line: { color: "#3b78d8", width: 1.1 },
    hovertemplate: "%{x:.1f} Å<br>%{y:.4g}<extra></extra>",
  };
  const errorBand = errors
    ? [
        { ...edge, y: fluxes.map((value, i) => value - errors[i]) },
        { ...edge, y: fluxes.map((value, i) => value + errors[i]), fill: "tonexty", fillcolor: "#3b78d833" },
      ]
    : [];
  const layout = {
    xaxis: { title: { text: "Wavelength (Å, observed)" } },
    yaxis: { title: { text: `Flux (${units || "unknown units"})` }, exponentformat: "power" },
  };
  return [[...errorBand, flux], layout];
}

function SpectrumPlot({ spectrum }) {
  const [traces, layout] = useMemo(() => buildSpectrumFigure(spectrum), [spectrum]);
  const { id, obj_id: source, instrument_name: instrument, altdata } = spectrum;
  const date = spectrum.observed_at.slice(0, 10);
  return html`<div><p class="hint">${instrument}, ${date}${altdata?.note ? `; ${altdata.note}` : ""}</p>
    <${Plot} size="low" traces=${traces} layout=${layout} name=${`${source}-spectrum-${id}`}
      label=${`Spectrum of ${source}, ${date}`} /></div>`;
}
