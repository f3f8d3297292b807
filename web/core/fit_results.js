// What the pages show of the results of a fit, whichever fitter sent them: class probabilities and a ranking of models.
import { isRecord, listEntries } from "./service_values.js";

const LIGHT_CURVE_HINT = "Without p, z and peak: too far below the best model to be sampled. Rates per volume that the class probabilities take as given:";
const SPECTRUM_HINT = "Models far below the best are not sampled: their evidence is rough. Chances of the classes before the fit:";

const isModel = (entry) => isRecord(entry) && typeof entry.name === "string";

// {sources, class_probabilities, class_probabilities_note, prior_rates, hint}: the best source first. Null if the
// results have no ranking.
export function readCatalogue(results) {
  if (Array.isArray(results?.catalogue?.sources)) return { ...results.catalogue, hint: LIGHT_CURVE_HINT };
  if (!Array.isArray(results?.ranking) || !results.ranking.some(isModel)) return null;
  return {
    // only differences of evidences are shown
    sources: results.ranking.map((entry) => (isRecord(entry) ? { ...entry, log_evidence: entry.delta_log_evidence } : entry)),
    class_probabilities: results.class_probabilities,
    class_probabilities_note: results.class_probabilities_note,
    prior_rates: results.prior_class_probabilities,
    hint: SPECTRUM_HINT,
  };
}

// Pairs of a class and its probability, the most probable first.
export const listProbabilities = (catalogue) =>
  listEntries(catalogue?.class_probabilities)
    .filter(([, value]) => Number.isFinite(value))
    .sort(([, a], [, b]) => b - a);
