// Models over spectra, as services return them in their results under `model_spectrum`: they can hold anything.
import { isRecord, showText } from "./service_values.js";

const MOST_SPECTRA = 20;
const MOST_PIXELS = 20_000;
const COLUMNS = ["flux", "error", "model", "host", "discrepancy"];

const toNumbers = (values, count) =>
  Array.from({ length: count }, (_, i) => (Number.isFinite(values?.[i]) ? values[i] : null));

// Null if there is nothing to draw.
function readModelSpectrum(record) {
  if (!isRecord(record) || !Array.isArray(record.wavelength) || !Array.isArray(record.model)) return null;
  const count = Math.min(record.wavelength.length, MOST_PIXELS);
  const columns = COLUMNS.map((name) => [name, toNumbers(record[name], count)]);
  const wavelength = toNumbers(record.wavelength, count);
  if (wavelength.filter((value) => value !== null).length < 2) return null;
  return {
    spectrumId: Number.isInteger(record.spectrum_id) ? record.spectrum_id : null,
    date: typeof record.observed_at === "string" ? showText(record.observed_at.slice(0, 10)) : "",
    wavelength,
    ...Object.fromEntries(columns),
  };
}

// {spectrumId, date, wavelength, flux, error, model, host, discrepancy}: lists of numbers, null where there is none.
export const readModelSpectra = (results) =>
  (Array.isArray(results?.model_spectrum) ? results.model_spectrum.slice(0, MOST_SPECTRA) : [])
    .map(readModelSpectrum)
    .filter(Boolean);

// The completed analyses with a model over a spectrum; their summary names the spectra.
export const listModelAnalyses = (analyses, spectrumId) =>
  analyses.filter(
    ({ status, model_summary: summary }) =>
      status === "completed" && Array.isArray(summary?.spectra) && summary.spectra.includes(spectrumId),
  );

// A model is per wavelength: it can be drawn over fluxes in units of that kind.
export const isPerWavelength = (units) => !/jy|hz|fnu|mag|^ab$/i.test(units ?? "");

// The first and the last wavelength.
export function findRange(wavelengths) {
  const numbers = wavelengths.filter(Number.isFinite);
  return numbers.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
}
