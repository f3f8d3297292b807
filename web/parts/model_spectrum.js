// The spectra of a fit with its model, host and residuals, and lines at its redshift.
import { html, useMemo } from "../vendor/htm-preact.js";
import { findRange } from "../core/model_spectra.js";
import { useWidePage } from "../core/page_width.js";
import { LineControls, useLineMarkers } from "./line_markers.js";
import { buildLineLayout } from "./line_shapes.js";
import { LineSwatch } from "./line_swatch.js";
import { Plot } from "./plot.js";
import { DATA_COLOUR, HOST_COLOUR, MODEL_COLOUR, buildModelFigure } from "./spectrum_figure.js";

// Pixels of the plot at the least.
const PLOT_WIDTHS = { wide: 380, narrow: 190 };

const LEGEND = [
  [DATA_COLOUR, "solid", "spectrum"],
  [MODEL_COLOUR, "solid", "model"],
  [HOST_COLOUR, "dash", "host and narrow lines"],
  [MODEL_COLOUR, "band", "twice what the model may lack"],
];

function ModelSpectrumPlot({ fit, marks, source, name }) {
  const isWide = useWidePage();
  const [traces, layout] = useMemo(() => buildModelFigure(fit), [fit]);
  const lineLayout = useMemo(
    () => ({ ...layout, ...buildLineLayout(marks, findRange(fit.wavelength), PLOT_WIDTHS, isWide) }),
    [layout, marks, isWide],
  );
  return html`<div>${fit.date && html`<p class="hint">Spectrum of ${fit.date}</p>`}
    <${Plot} size="tall" traces=${traces} layout=${lineLayout} name=${name}
      label=${`Spectrum of ${source} with its model and residuals${fit.date && `, ${fit.date}`}`} /></div>`;
}

// `fits` are those of readModelSpectra, `redshift` is that of the fit, or null.
export function ModelSpectra({ analysis, fits, redshift }) {
  const { id, obj_id: source } = analysis;
  const lines = useLineMarkers(`analysis.${id}`, redshift);
  return html`${fits.map(
      (fit, index) => html`<${ModelSpectrumPlot} fit=${fit} marks=${lines.marks} source=${source}
        name=${`${source}-analysis-${id}-spectrum-${index}`} />`,
    )}
    <div class="row">${LEGEND.map(
      ([colour, dash, text]) => html`<span class="chip"><${LineSwatch} colour=${colour} dash=${dash} /> ${text}</span>`,
    )}</div>
    <${LineControls} lines=${lines} />`;
}
