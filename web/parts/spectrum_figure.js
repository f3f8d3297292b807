// The Plotly figures of spectra: as they were uploaded, and with their models and residuals.
import { findRange } from "../core/model_spectra.js";
import { showPlotText } from "../core/service_values.js";

export const DATA_COLOUR = "#3b78d8";
export const MODEL_COLOUR = "#d8432f";
export const HOST_COLOUR = "#2e9e60";
const LEAST_RESIDUAL = 4;
// Not "power": Plotly raises exponents by inline styles, which the content policy forbids.
const EXPONENTS = "e";
const HOVER = "%{x:.1f} Å<br>%{y:.4g}";
const WAVELENGTH_TITLE = { text: "Wavelength (Å, observed)" };

const buildLine = (x, y, name, line) => ({
  ...{ type: "scatter", mode: "lines", x, y, line, name },
  hovertemplate: `${HOVER}<extra>${name}</extra>`,
});

const buildEdge = (x, y, fill = {}) => ({
  ...{ type: "scatter", mode: "lines", x, y, line: { width: 0 }, hoverinfo: "skip", showlegend: false },
  ...fill,
});

const buildBand = (x, low, high, colour) => [
  buildEdge(x, low),
  buildEdge(x, high, { fill: "tonexty", fillcolor: `${colour}33` }),
];

// Model and host of a fit.
const buildModelLines = ({ wavelength, model, host }, name) => [
  ...(host.some((value) => value > 0)
    ? [buildLine(wavelength, host, `host, ${name}`, { color: HOST_COLOUR, width: 1.2, dash: "dash" })]
    : []),
  buildLine(wavelength, model, name, { color: MODEL_COLOUR, width: 1.8 }),
];

// `models`, if there are any, are pairs of a name and a model of readModelSpectra. Returns traces and layout.
export function buildSpectrumFigure({ wavelengths, fluxes, errors, units }, models = []) {
  const errorBand = errors
    ? buildBand(
        wavelengths,
        fluxes.map((value, i) => value - errors[i]),
        fluxes.map((value, i) => value + errors[i]),
        DATA_COLOUR,
      )
    : [];
  const flux = buildLine(wavelengths, fluxes, "spectrum", { color: DATA_COLOUR, width: 1.1 });
  const layout = {
    xaxis: { title: WAVELENGTH_TITLE, range: findRange(wavelengths) },
    yaxis: { title: { text: `Flux (${showPlotText(units || "unknown units")})` }, exponentformat: EXPONENTS },
  };
  return [[...errorBand, flux, ...models.flatMap(([name, model]) => buildModelLines(model, showPlotText(name)))], layout];
}

const divide = (values, errors) =>
  values.map((value, i) => (value === null || !(errors[i] > 0) ? null : value / errors[i]));

// Most of the residuals, and no less than four sigma.
function findResidualEnd(residuals) {
  const sizes = residuals.filter((value) => value !== null).map(Math.abs).sort((a, b) => a - b);
  return Math.max(LEAST_RESIDUAL, 1.1 * (sizes[Math.floor(0.995 * (sizes.length - 1))] ?? 0));
}

// A fitted spectrum: model and host over it, below them the residuals and twice what the model may lack.
export function buildModelFigure(fit) {
  const { wavelength, flux, error, model, discrepancy } = fit;
  const differences = flux.map((value, i) => (value === null || model[i] === null ? null : value - model[i]));
  const residuals = divide(differences, error);
  const reach = divide(discrepancy, error).map((value) => (value === null ? null : 2 * value));
  const end = findResidualEnd(residuals);
  const toSecond = (trace) => ({ ...trace, yaxis: "y2" });
  const traces = [
    buildLine(wavelength, flux, "spectrum", { color: DATA_COLOUR, width: 1.1 }),
    ...buildModelLines(fit, "model"),
    ...buildBand(
      wavelength,
      reach.map((value) => value && -value),
      reach,
      MODEL_COLOUR,
    ).map(toSecond),
    toSecond({
      ...buildLine(wavelength, residuals, "residual", { color: DATA_COLOUR, width: 1 }),
      hovertemplate: "%{x:.1f} Å<br>%{y:.1f} σ<extra></extra>",
      showlegend: false,
    }),
  ];
  const layout = {
    xaxis: { title: WAVELENGTH_TITLE, range: findRange(wavelength), anchor: "y2" },
    yaxis: { title: { text: "Flux per Å" }, exponentformat: EXPONENTS, domain: [0.3, 1] },
    yaxis2: { title: { text: "Residual (σ)" }, range: [-end, end], domain: [0, 0.24], zeroline: true },
  };
  return [traces, layout];
}
