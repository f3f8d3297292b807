// The Plotly figure of a spectrum.
import { showPlotText } from "../core/service_values.js";

export function buildSpectrumFigure({ wavelengths, fluxes, errors, units }) {
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
    yaxis: { title: { text: `Flux (${showPlotText(units || "unknown units")})` }, exponentformat: "power" },
  };
  return [[...errorBand, flux], layout];
}
