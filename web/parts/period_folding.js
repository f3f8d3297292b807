// The light curve folded with a period: the period's form, the plot, saving the period.
import { html, useMemo, useState } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { assignBandStyles } from "../core/band_styles.js";
import { fitFourierSeries } from "../core/fourier.js";
import { useAction } from "../core/request_hooks.js";
import { getProfile, hasPermission } from "../core/session.js";
import { Checkbox, TextField, getFieldError, handleSubmit } from "./form_fields.js";
import { ActionButton } from "./indicators.js";
import { ErrorMessage } from "./messages.js";
import { showNotice } from "./notices.js";
import { formatToError, formatWithError, parsePeriod } from "./period_text.js";
import { Plot } from "./plot.js";

const ANNOTATION_ORIGIN = "periodogram";
const MULTIPLES = [
  [0.5, "½ ×"],
  [1, "1 ×"],
  [2, "2 ×"],
  [3, "3 ×"],
];
const SLIDER_STEPS = 500;
const MIN_HARMONICS = 2;

const listBands = (points) => [...new Set(points.map((point) => point.filter))].sort();

// `onFold` is called with a period in days.
export function OwnPeriodForm({ onFold }) {
  const [text, setText] = useState("");
  const { error, run } = useAction(async () => onFold(parsePeriod(text)));
  return html`<form onSubmit=${handleSubmit(run)}>
    <h3>Fold with a period that you know</h3>
    <div class="fields">
      <${TextField} label="Period (days)" value=${text} onChange=${setText} hint="No periodogram is needed for it."
        error=${getFieldError(error, "period")} />
      <div class="row"><button>Fold</button></div>
    </div>
  </form>`;
}

// Round to the error of the period, or so that the last digit moves the phase of the last point by 0.001 cycles.
function describeFold(choice, multiple, step, baseline) {
  const period = multiple * choice.period;
  if (step === 0) {
    const error = choice.error ? multiple * choice.error : null;
    return { period, error, text: formatWithError(period, error) };
  }
  // At the end of the slider, the phase of the last point has changed by half a cycle.
  const tuned = period * (1 + (step / SLIDER_STEPS) * ((0.5 * choice.period) / Math.max(baseline, choice.period)));
  return { period: tuned, error: null, text: formatToError(tuned, (tuned * tuned) / Math.max(baseline, tuned) / 50) };
}

// `choice` is {period, error, remark, filters, nterms}: without an error it is null, without a remark it is blank.
export function FoldedLightCurve({ points, choice, source, onSave }) {
  const [multiple, setMultiple] = useState(1);
  const [step, setStep] = useState(0);
  const [hasModel, setHasModel] = useState(true);
  const styles = useMemo(() => assignBandStyles(listBands(points)), [points]);
  const detections = useMemo(
    () => points.filter((point) => point.mag !== null && choice.filters.includes(point.filter)),
    [points, choice],
  );
  const dates = detections.map((point) => point.mjd);
  const epoch = Math.min(...dates);
  const fold = describeFold(choice, multiple, step, Math.max(...dates) - epoch);
  const [traces, layout] = useMemo(
    () => buildFoldedFigure(detections, styles, { epoch, period: fold.period, nterms: hasModel ? choice.nterms : 0 }),
    [detections, styles, fold.period, hasModel],
  );
  const annotation = {
    period: Number(fold.period.toPrecision(12)),
    ...(fold.error ? { period_error: Number(fold.error.toPrecision(3)) } : {}),
    epoch_mjd: epoch,
    filters: choice.filters.join(","),
    nterms: choice.nterms,
    num_points: detections.length,
    ...(choice.remark ? { remark: choice.remark } : {}),
  };
  return html`<section aria-label="Folded light curve">
    <h3>Folded with <span class="number">${fold.text}</span> days</h3>
    ${choice.remark && html`<p><span class="state pending">Beware</span> ${choice.remark}</p>`}
    <div class="row">
      ${MULTIPLES.map(
        ([factor, label]) => html`<button type="button" aria-pressed=${multiple === factor}
        onClick=${() => setMultiple(factor)}>${label}</button>`,
      )}
      <label class="row">Fine <input type="range" min=${-SLIDER_STEPS} max=${SLIDER_STEPS} value=${step}
        aria-label="Fine tuning of the period" onInput=${(event) => setStep(Number(event.target.value))} /></label>
      <${Checkbox} label=${`Fourier series, ${Math.max(MIN_HARMONICS, choice.nterms)} harmonics`} value=${hasModel}
        onChange=${setHasModel} />
      ${
        hasPermission("Annotate") &&
        html`<${SavePeriodButton} source=${source} annotation=${annotation} text=${fold.text} onSave=${onSave} />`
      }
    </div>
    <${Plot} size="low" traces=${traces} layout=${layout} name=${`${source}-folded`}
      label=${`Light curve of ${source} folded with ${fold.text} days, two cycles`} />
    <p class="hint">Phase 0 is MJD ${epoch.toFixed(5)}, the first point. Click a band in the legend to hide it.</p>
  </section>`;
}

// `options` are {epoch, period, nterms}; no curve is drawn for 0 terms.
function buildFoldedFigure(detections, styles, { epoch, period, nterms }) {
  const traces = listBands(detections).flatMap((band) => {
    const rows = detections
      .filter((point) => point.filter === band)
      .map((point) => [((((point.mjd - epoch) / period) % 1) + 1) % 1, point.mag, point.magerr]);
    return buildFoldedTraces(band, styles.get(band), rows, nterms);
  });
  const layout = {
    xaxis: { title: { text: "Phase (two cycles)" }, range: [0, 2] },
    yaxis: { title: { text: "Magnitude (AB)" }, autorange: "reversed" },
    showlegend: true,
    legend: { orientation: "h", x: 0, y: 1, yanchor: "bottom", bgcolor: "rgba(0,0,0,0)" },
    margin: { l: 60, r: 18, t: 36, b: 46 },
  };
  return [traces, layout];
}

// `rows` are [phase, magnitude, error]. They are drawn for two cycles.
function buildFoldedTraces(band, { colour, symbol }, rows, nterms) {
  const magnitudes = rows.map((row) => row[1]);
  const errors = rows.map((row) => row[2]);
  const markers = {
    type: "scatter",
    mode: "markers",
    name: band,
    legendgroup: band,
    x: [...rows.map(([phase]) => phase), ...rows.map(([phase]) => phase + 1)],
    y: [...magnitudes, ...magnitudes],
    error_y: { type: "data", array: [...errors, ...errors], color: colour, thickness: 1, width: 0 },
    marker: { color: colour, symbol, size: 6 },
    hovertemplate: `phase %{x:.3f}<br>%{y:.3f} mag<extra>${band}</extra>`,
  };
  const curve = nterms ? fitFourierSeries(rows, Math.max(MIN_HARMONICS, nterms)) : null;
  if (!curve) return [markers];
  const line = {
    type: "scatter",
    mode: "lines",
    legendgroup: band,
    showlegend: false,
    x: curve.map(([phase]) => phase),
    y: curve.map(([, magnitude]) => magnitude),
    hoverinfo: "skip",
    line: { color: colour, width: 2 },
  };
  return [markers, line];
}

// Saving again replaces the user's earlier annotation.
function SavePeriodButton({ source, annotation, text, onSave }) {
  const saveAction = useAction(async () => {
    const path = `/sources/${encodeURIComponent(source)}/annotations`;
    const earlier = (await api.get(path)).find(
      ({ origin, author_id: authorId }) => origin === ANNOTATION_ORIGIN && authorId === getProfile().id,
    );
    if (earlier) await api.put(`${path}/${earlier.id}`, { data: annotation });
    else await api.post(path, { origin: ANNOTATION_ORIGIN, data: annotation });
    showNotice(`Saved the period ${text} d as an annotation of ${source}.`, { kind: "good" });
    onSave();
  });
  return html`<${ActionButton} action=${saveAction} onClick=${saveAction.run}>Save the period<//>
    <${ErrorMessage} error=${saveAction.error} />`;
}
