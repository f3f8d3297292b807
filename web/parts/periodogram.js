// The periodogram of a source: the form, the power spectrum, its peaks, the light curve folded with a period.
import { html, useMemo, useState } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { useAction } from "../core/request_hooks.js";
import { SelectField, TextField, handleSubmit, useForm } from "./form_fields.js";
import { ErrorMessage, LoadingMessage } from "./messages.js";
import { FoldedLightCurve, OwnPeriodForm } from "./period_folding.js";
import { PowerSpectrum } from "./period_spectrum.js";
import { PeriodTable } from "./period_table.js";
import { listFurtherCaveats } from "./period_text.js";

// A peak as the choice of FoldedLightCurve. What is no plain candidate keeps the words that say so.
function choosePeak(peak, result) {
  const description = peak.role === "candidate" ? null : peak.description;
  return {
    period: peak.period,
    error: peak.period_error ?? null,
    remark: [description, ...listFurtherCaveats(peak)].filter(Boolean).join(". "),
    filters: result.filters,
    nterms: result.nterms,
  };
}

const findBestPeak = ({ best_periods: peaks }) => peaks.find(({ role }) => role === "candidate") ?? peaks[0];

export function Periodogram({ source, points, onSave }) {
  const filters = useMemo(
    () => [...new Set(points.filter((point) => point.mag !== null).map((point) => point.filter))].sort(),
    [points],
  );
  const [form, bindField] = useForm({ filters: "", fmin: "", fmax: "", oversampling: "5", nterms: "1" });
  const [choice, setChoice] = useState(null);
  const [result, setResult] = useState(null);
  const loadPeriodogram = (query) => api.get(`/sources/${encodeURIComponent(source)}/periodogram`, query);
  const { busy, error, run } = useAction(async () => {
    const hasWindow = Boolean(result?.window_power);
    const periodogram = await loadPeriodogram({ ...form, window: hasWindow });
    setResult({ ...periodogram, query: form });
    setChoice(choosePeak(findBestPeak(periodogram), periodogram));
  });
  const windowAction = useAction(async (hasWindow) => {
    const { query } = result;
    const periodogram = await loadPeriodogram({ ...query, window: hasWindow });
    // meanwhile another periodogram may have been computed
    setResult((latest) => (latest.query === query ? { ...periodogram, query } : latest));
  });
  const pickPeak = (peak) => setChoice(choosePeak(peak, result));
  const foldOwn = (period) => {
    const chosenFilters = form.filters ? [form.filters] : filters;
    setChoice({ period, error: null, remark: "", filters: chosenFilters, nterms: Number(form.nterms) });
  };
  return html`<div>
    <form class="fields" onSubmit=${handleSubmit(run)}>
      <${SelectField} label="Filter" ...${bindField("filters")} choices=${[["", "all filters"], ...filters]} />
      <${TextField} label="Lowest frequency (1/day)" type="number" hint="Default: 1 / time span of the points."
        ...${bindField("fmin", error)} />
      <${TextField} label="Highest frequency (1/day)" type="number" hint="Default: 10 per day."
        ...${bindField("fmax", error)} />
      <${TextField} label="Oversampling" type="number" hint="Frequencies per width of a peak."
        ...${bindField("oversampling", error)} />
      <${SelectField} label="Harmonics" hint="Terms of the fitted Fourier series." ...${bindField("nterms")}
        choices=${["1", "2", "3", "4", "5", "6"]} />
      <div class="row"><button class="main" disabled=${busy}>Compute</button></div>
    </form>
    <${OwnPeriodForm} onFold=${foldOwn} />
    ${busy && html`<${LoadingMessage} text="Computing the periodogram" />`}
    <${ErrorMessage} error=${error} />
    ${
      result &&
      html`<${PowerSpectrum} result=${result} period=${choice?.period} source=${source} windowAction=${windowAction}
        onPick=${pickPeak} />
      <${PeriodTable} result=${result} chosen=${choice?.period} onChoose=${pickPeak} />`
    }
    ${
      choice &&
      html`<${FoldedLightCurve} key=${`${choice.period} ${choice.filters}`} choice=${choice} source=${source}
        points=${points} onSave=${onSave} />`
    }
  </div>`;
}
