// The periodogram of a source: the form, the power spectrum, the light curve folded with a period.
import { html, useMemo, useState } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { assignBandStyles } from "../core/band_styles.js";
import { formatNumber } from "../core/format.js";
import { fitFourierSeries } from "../core/fourier.js";
import { useAction } from "../core/request_hooks.js";
import { getProfile, hasPermission } from "../core/session.js";
import { Checkbox, SelectField, TextField, handleSubmit, useForm } from "./form_fields.js";
import { ActionButton } from "./indicators.js";
import { ScrollArea } from "./layout.js";
import { ErrorMessage, LoadingMessage } from "./messages.js";
import { showNotice } from "./notices.js";
import { Plot } from "./plot.js";

const ANNOTATION_ORIGIN = "periodogram";
const MULTIPLES = [
  [0.5, "½ ×"],
  [1, "1 ×"],
  [2, "2 ×"],
  [3, "3 ×"],
];
const HARMONICS = [
  [0.5, "f/2"],
  [1, "f"],
  [2, "2f"],
  [3, "3f"],
];
const SLIDER_STEPS = 500;
const HIGHLIGHT = "#d8432f";

export function Periodogram({ source, points, onSave }) {
  const filters = useMemo(
    () => [...new Set(points.filter((point) => point.mag !== null).map((point) => point.filter))].sort(),
    [points],
  );
  const [form, bindField] = useForm({ filters: "", fmin: "", fmax: "", oversampling: "5", nterms: "1" });
  const [period, setPeriod] = useState(null);
  const [result, setResult] = useState(null);
  const { busy, error, run } = useAction(async () => {
    const periodogram = await api.get(`/sources/${encodeURIComponent(source)}/periodogram`, form);
    setResult(periodogram);
    setPeriod(periodogram.best_periods[0]?.period ?? null);
  });
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
    ${busy && html`<${LoadingMessage} text="Computing the periodogram" />`}
    <${ErrorMessage} error=${error} />
    ${result && html`<${PowerSpectrum} result=${result} period=${period} onPick=${setPeriod} source=${source} />`}
    ${
      result &&
      period &&
      html`<${FoldedLightCurve} key=${`${result.filters}`} result=${result} period=${period} source=${source}
        points=${points.filter((point) => result.filters.includes(point.filter))} onSave=${onSave} />`
    }
  </div>`;
}

// The highest power within about two widths of a peak from the frequency.
function findNearestPeriod({ frequencies, power, oversampling }, frequency) {
  const width = Math.max(3, Math.round(oversampling * 2));
  let middle = frequencies.findIndex((value) => value >= frequency);
  if (middle < 0) middle = frequencies.length - 1;
  let best = middle;
  for (let i = Math.max(0, middle - width); i <= Math.min(power.length - 1, middle + width); i += 1)
    if (power[i] > power[best]) best = i;
  return 1 / frequencies[best];
}

function buildPowerFigure(result, period) {
  const trace = {
    type: "scatter",
    mode: "lines",
    x: result.frequencies,
    y: result.power,
    line: { color: "#3b78d8", width: 1 },
    hovertemplate: "%{x:.6f} /day<br>power %{y:.3f}<extra></extra>",
  };
  const marks = HARMONICS.map(([factor, label]) => ({ frequency: factor / period, label })).filter(
    ({ frequency }) => period && frequency >= result.fmin && frequency <= result.fmax,
  );
  const layout = {
    xaxis: { title: { text: "Frequency (1/day)" } },
    yaxis: { title: { text: "Power" }, rangemode: "tozero" },
    shapes: marks.map(({ frequency, label }) => ({
      type: "line",
      x0: frequency,
      x1: frequency,
      yref: "paper",
      y0: 0,
      y1: 1,
      line: { color: HIGHLIGHT, width: label === "f" ? 1.6 : 1, dash: label === "f" ? "solid" : "dot" },
    })),
    annotations: marks.map(({ frequency, label }) => ({
      x: frequency,
      y: 1,
      yref: "paper",
      text: label,
      showarrow: false,
      yanchor: "bottom",
      font: { color: HIGHLIGHT, size: 12 },
    })),
    margin: { l: 60, r: 18, t: 26, b: 46 },
    hovermode: "x",
  };
  return [[trace], layout];
}

function PowerSpectrum({ result, period, onPick, source }) {
  const [traces, layout] = useMemo(() => buildPowerFigure(result, period), [result, period]);
  const filters = result.filters.join(", ");
  return html`<div>
    <${Plot} size="low" traces=${traces} layout=${layout} name=${`${source}-periodogram`}
      label=${`Periodogram of ${source}, ${filters}`}
      onPick=${(point) => onPick(findNearestPeriod(result, point.x))} />
    <p class="hint">Click a peak to fold the light curve with its period. ${result.num_points} points of ${filters} over ${formatNumber(result.baseline, 5)} days. ${result.notes.join(" ")}</p>
    <${ScrollArea}><table>
      <thead><tr><th scope="col">Period (days)</th><th scope="col" class="number">Frequency (1/day)</th>
        <th scope="col" class="number">Power</th><th scope="col" class="number">False-alarm probability</th>
        <th scope="col">Beware</th></tr></thead>
      <tbody>${result.best_periods.map(
        (peak) => html`<tr>
        <td><button type="button" class="plain" aria-pressed=${peak.period === period}
          onClick=${() => onPick(peak.period)}>${formatNumber(peak.period, 7)}</button></td>
        <td class="number">${formatNumber(peak.frequency, 7)}</td><td class="number">${peak.power.toFixed(3)}</td>
        <td class="number">${peak.false_alarm_probability.toExponential(1)}</td>
        <td>${peak.caveats.map(({ message }) => message).join(" ")}</td></tr>`,
      )}</tbody>
    </table><//>
  </div>`;
}

function FoldedLightCurve({ points, period, source, result, onSave }) {
  const [multiple, setMultiple] = useState(1);
  const [step, setStep] = useState(0);
  const [hasModel, setHasModel] = useState(true);
  // At the end of the slider, the phase of the last point has changed by half a cycle.
  const largestShift = (0.5 * period) / Math.max(result.baseline, period);
  const foldPeriod = multiple * period * (1 + (step / SLIDER_STEPS) * largestShift);
  const days = foldPeriod.toFixed(6);
  const [traces, layout] = useMemo(
    () => buildFoldedFigure(points, foldPeriod, hasModel ? result.nterms : 0),
    [points, foldPeriod, hasModel],
  );
  return html`<section aria-label="Folded light curve">
    <h3>Folded with <span class="number">${days}</span> days</h3>
    <div class="row">
      ${MULTIPLES.map(
        ([factor, label]) => html`<button type="button" aria-pressed=${multiple === factor}
        onClick=${() => setMultiple(factor)}>${label}</button>`,
      )}
      <label class="row">Fine <input type="range" min=${-SLIDER_STEPS} max=${SLIDER_STEPS} value=${step}
        aria-label="Fine tuning of the period" onInput=${(event) => setStep(Number(event.target.value))} /></label>
      <${Checkbox} label=${`Fourier series, ${Math.max(2, result.nterms)} harmonics`} value=${hasModel}
        onChange=${setHasModel} />
      ${
        hasPermission("Annotate") &&
        html`<${SavePeriodButton} source=${source} period=${foldPeriod} result=${result} onSave=${onSave} />`
      }
    </div>
    <${Plot} size="low" traces=${traces} layout=${layout} name=${`${source}-folded`}
      label=${`Light curve of ${source} folded with ${days} days, two cycles`} />
  </section>`;
}

function buildFoldedFigure(points, period, nterms) {
  const detections = points.filter((point) => point.mag !== null);
  const zero = Math.min(...detections.map((point) => point.mjd));
  const bands = [...new Set(detections.map((point) => point.filter))].sort();
  const traces = bands.flatMap((band) => {
    const rows = detections
      .filter((point) => point.filter === band)
      .map((point) => [((((point.mjd - zero) / period) % 1) + 1) % 1, point.mag, point.magerr]);
    return buildFoldedTraces(band, rows, nterms);
  });
  const layout = {
    xaxis: { title: { text: "Phase (two cycles)" }, range: [0, 2] },
    yaxis: { title: { text: "Magnitude (AB)" }, autorange: "reversed" },
  };
  return [traces, layout];
}

// `rows` are [phase, magnitude, error]. They are drawn for two cycles.
function buildFoldedTraces(band, rows, nterms) {
  const { colour } = assignBandStyles([band]).get(band);
  const magnitudes = rows.map((row) => row[1]);
  const errors = rows.map((row) => row[2]);
  const markers = {
    type: "scatter",
    mode: "markers",
    name: band,
    x: [...rows.map(([phase]) => phase), ...rows.map(([phase]) => phase + 1)],
    y: [...magnitudes, ...magnitudes],
    error_y: { type: "data", array: [...errors, ...errors], color: colour, thickness: 1, width: 0 },
    marker: { color: colour, size: 6 },
    hovertemplate: `phase %{x:.3f}<br>%{y:.3f} mag<extra>${band}</extra>`,
  };
  const curve = nterms ? fitFourierSeries(rows, Math.max(2, nterms)) : null;
  if (!curve) return [markers];
  const line = {
    type: "scatter",
    mode: "lines",
    x: curve.map(([phase]) => phase),
    y: curve.map(([, magnitude]) => magnitude),
    hoverinfo: "skip",
    line: { color: colour, width: 2 },
  };
  return [markers, line];
}

// Saving again replaces the user's earlier annotation.
function SavePeriodButton({ source, period, result, onSave }) {
  const saveAction = useAction(async () => {
    const data = {
      period: Number(period.toPrecision(10)),
      filters: result.filters.join(","),
      nterms: result.nterms,
      num_points: result.num_points,
    };
    const path = `/sources/${encodeURIComponent(source)}/annotations`;
    const earlier = (await api.get(path)).find(
      ({ origin, author_id: authorId }) => origin === ANNOTATION_ORIGIN && authorId === getProfile().id,
    );
    if (earlier) await api.put(`${path}/${earlier.id}`, { data });
    else await api.post(path, { origin: ANNOTATION_ORIGIN, data });
    showNotice(`Saved the period ${period.toFixed(6)} d as an annotation of ${source}.`, { kind: "good" });
    onSave();
  });
  return html`<${ActionButton} action=${saveAction} onClick=${saveAction.run}>Save the period<//>
    <${ErrorMessage} error=${saveAction.error} />`;
}
