// Periods, frequencies and probabilities as text.
import { formatNumber } from "../core/format.js";

const MAX_DECIMALS = 12;
const MIN_PERIOD = 1e-6;
const MAX_PERIOD = 1e6;

// Decimals that show two digits of an error.
const countDecimals = (error) => Math.min(MAX_DECIMALS, Math.max(0, 1 - Math.floor(Math.log10(error))));

// A value to two digits of its error; without an error, to seven digits.
export const formatToError = (value, error) =>
  error ? value.toFixed(countDecimals(error)) : formatNumber(value, 7);

// "0.54274 ± 0.00012", or the value alone without an error.
export const formatWithError = (value, error) =>
  error ? `${formatToError(value, error)} ± ${error.toFixed(countDecimals(error))}` : formatToError(value, null);

export function formatProbability(probability) {
  if (probability < 1e-300) return "< 1e-300";
  return probability < 1e-3 ? probability.toExponential(0) : probability.toPrecision(2);
}

// Returns days. Throws an error that begins with the field's name, as the API's do.
export function parsePeriod(text) {
  const period = Number(text.trim().replace(/\s*d(ays?)?$/, ""));
  if (text.trim() && period >= MIN_PERIOD && period <= MAX_PERIOD) return period;
  throw new Error(
    `period: ${text.trim() ? `“${text.trim()}” is no period` : "it is missing"}. Type days with a decimal point, from ${MIN_PERIOD} to ${MAX_PERIOD}: 0.542746`,
  );
}

// Caveats that the description of a peak does not say.
const FURTHER_CAVEATS = ["rival_peak", "few_cycles"];

export const listFurtherCaveats = (peak) =>
  (peak.caveats ?? []).filter(({ kind }) => FURTHER_CAVEATS.includes(kind)).map(({ message }) => message);
