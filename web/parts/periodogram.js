// The periodogram of a source, and its light curve folded with a period.
import { html, useMemo, useState } from "../vendor/htm-preact.js";
import { get, part, post, put } from "../core/api.js";
import { useAction } from "../core/load.js";
import { may, me } from "../core/session.js";
import { number } from "../core/words.js";
import { Busy, Failure, Scroll, Waiting } from "./basics.js";
import { ChoiceField, Tick, TextField, errorOf } from "./fields.js";
import { notify } from "./notices.js";
import { Plot, bandColour } from "./plot.js";

const ORIGIN = "periodogram";
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
const HALF_WIDTH = 500;

export function Periodogram({ source, points, saved }) {
  const filters = useMemo(
    () => [...new Set(points.filter((point) => point.mag !== null).map((point) => point.filter))].sort(),
    [points],
  );
  const [asked, setAsked] = useState({ filters: "", fmin: "", fmax: "", oversampling: "5", nterms: "1" });
  const [period, setPeriod] = useState(null);
  const [found, setFound] = useState(null);
  const set = (name) => (value) => setAsked((before) => ({ ...before, [name]: value }));
  const ask = useAction(async () => {
    const answer = await get(`/sources/${part(source)}/periodogram`, asked);
    setFound(answer);
    setPeriod(answer.best_periods[0]?.period ?? null);
  });
  return html`<div>
    <form class="fields" onSubmit=${(event) => (event.preventDefault(), ask.run())}>
      <${ChoiceField} label="Filter" value=${asked.filters} change=${set("filters")}
        choices=${[["", "all together"], ...filters]} />
      <${TextField} label="Lowest frequency (1/day)" type="number" value=${asked.fmin} change=${set("fmin")}
        hint="Blank: one over the baseline."
        error=${errorOf(ask.error, "fmin")} />
      <${TextField} label="Highest frequency (1/day)" type="number" value=${asked.fmax} change=${set("fmax")}
        hint="Blank: 10 per day."
        error=${errorOf(ask.error, "fmax")} />
      <${TextField} label="Oversampling" type="number" value=${asked.oversampling} change=${set("oversampling")}
        hint="Frequencies to the width of a peak."
        error=${errorOf(ask.error, "oversampling")} />
      <${ChoiceField} label="Harmonics" value=${asked.nterms} change=${set("nterms")}
        hint="Terms of the Fourier series that is fitted."
        choices=${["1", "2", "3", "4", "5", "6"]} />
      <div class="row"><button class="main" disabled=${ask.busy}>Compute</button></div>
    </form>
    ${ask.busy && html`<${Waiting} what="Computing the periodogram" />`}
    <${Failure} error=${ask.error} />
    ${
      found &&
      html`<${Spectrum} found=${found} period=${period} pick=${setPeriod} source=${source} />
      ${
        period &&
        html`<${Folded} key=${`${found.filters}`}
          points=${points.filter((point) => found.filters.includes(point.filter))} period=${period}
        set=${setPeriod} source=${source} found=${found} saved=${saved} />`
      }`
    }
  </div>`;
}

function nearestPeak(found, frequency) {
  const { frequencies, power } = found;
  const width = Math.max(3, Math.round(found.oversampling * 2));
  let middle = frequencies.findIndex((value) => value >= frequency);
  if (middle < 0) middle = frequencies.length - 1;
  let best = middle;
  for (let i = Math.max(0, middle - width); i <= Math.min(power.length - 1, middle + width); i += 1)
    if (power[i] > power[best]) best = i;
  return 1 / frequencies[best];
}

function Spectrum({ found, period, pick, source }) {
  const [traces, layout] = useMemo(() => {
    const line = {
      type: "scatter",
      mode: "lines",
      x: found.frequencies,
      y: found.power,
      line: { color: "#3b78d8", width: 1 },
      hovertemplate: "%{x:.6f} /day<br>power %{y:.3f}<extra></extra>",
    };
    const marks = period
      ? HARMONICS.map(([factor, words]) => [factor / period, words]).filter(([f]) => f >= found.fmin && f <= found.fmax)
      : [];
    return [
      [line],
      {
        xaxis: { title: { text: "Frequency (1/day)" } },
        yaxis: { title: { text: "Power" }, rangemode: "tozero" },
        shapes: marks.map(([f, words]) => ({
          type: "line",
          x0: f,
          x1: f,
          yref: "paper",
          y0: 0,
          y1: 1,
          line: { color: "#d8432f", width: words === "f" ? 1.6 : 1, dash: words === "f" ? "solid" : "dot" },
        })),
        annotations: marks.map(([f, words]) => ({
          x: f,
          y: 1,
          yref: "paper",
          text: words,
          showarrow: false,
          yanchor: "bottom",
          font: { color: "#d8432f", size: 12 },
        })),
        margin: { l: 60, r: 18, t: 26, b: 46 },
        hovermode: "x",
      },
    ];
  }, [found, period]);
  return html`<div>
    <${Plot} low traces=${traces} layout=${layout} name=${`${source}-periodogram`}
      label=${`Periodogram of ${source}, ${found.filters.join(", ")}`}
      onPick=${(point) => pick(nearestPeak(found, point.x))} />
    <p class="hint">Click a peak to fold with its period. ${found.num_points} points of ${found.filters.join(", ")} over ${number(found.baseline, 5)} days.
      ${found.notes.join(" ")}</p>
    <${Scroll}><table>
      <thead><tr><th scope="col">Period (days)</th><th scope="col" class="number">Frequency (1/day)</th><th scope="col"
        class="number">Power</th>
        <th scope="col" class="number">False-alarm probability</th></tr></thead>
      <tbody>${found.best_periods.map(
        (peak) => html`<tr>
        <td><button type="button" class="plain" aria-pressed=${peak.period === period}
          onClick=${() => pick(peak.period)}>${number(peak.period, 7)}</button></td>
        <td class="number">${number(peak.frequency, 7)}</td><td class="number">${peak.power.toFixed(3)}</td>
        <td class="number">${peak.false_alarm_probability.toExponential(1)}</td></tr>`,
      )}</tbody>
    </table><//>
  </div>`;
}

function Folded({ points, period, set, source, found, saved }) {
  const [multiple, setMultiple] = useState(1);
  const [shift, setShift] = useState(0);
  const [model, setModel] = useState(true);
  // the slider covers what the baseline can tell apart: a tenth of a turn from the first point to the last, times five
  const fine = (0.5 * period) / Math.max(found.baseline, period);
  const folded = multiple * period * (1 + (shift / HALF_WIDTH) * fine);
  const [traces, layout] = useMemo(
    () => foldedFigure(points, folded, model ? found.nterms : 0),
    [points, folded, model],
  );
  return html`<section aria-label="Folded light curve">
    <h3>Folded with <span class="number">${folded.toFixed(6)}</span> days</h3>
    <div class="row">
      ${MULTIPLES.map(
        ([factor, words]) => html`<button type="button" aria-pressed=${multiple === factor}
        onClick=${() => setMultiple(factor)}>${words}</button>`,
      )}
      <label class="row">Fine <input type="range" min=${-HALF_WIDTH} max=${HALF_WIDTH} value=${shift}
        aria-label="Fine tuning of the period"
        onInput=${(event) => setShift(Number(event.target.value))} /></label>
      <${Tick} label=${`Fourier series, ${Math.max(2, found.nterms)} harmonics`} value=${model} change=${setModel} />
      ${may("Annotate") && html`<${SaveButton} source=${source} period=${folded} found=${found} saved=${saved} />`}
    </div>
    <${Plot} low traces=${traces} layout=${layout} name=${`${source}-folded`}
      label=${`Light curve of ${source} folded with ${folded.toFixed(6)} days, two cycles`} />
  </section>`;
}

function foldedFigure(points, period, nterms) {
  const seen = points.filter((point) => point.mag !== null);
  const zero = Math.min(...seen.map((point) => point.mjd));
  const phase = (mjd) => ((((mjd - zero) / period) % 1) + 1) % 1;
  const bands = [...new Set(seen.map((point) => point.filter))].sort();
  const traces = bands.flatMap((band) => {
    const some = seen.filter((point) => point.filter === band);
    const twice = [0, 1].flatMap((cycle) => some.map((point) => ({ ...point, phase: phase(point.mjd) + cycle })));
    const colour = bandColour(band);
    const marks = {
      type: "scatter",
      mode: "markers",
      name: band,
      x: twice.map((point) => point.phase),
      y: twice.map((point) => point.mag),
      error_y: { type: "data", array: twice.map((point) => point.magerr), color: colour, thickness: 1, width: 0 },
      marker: { color: colour, size: 6 },
      hovertemplate: `phase %{x:.3f}<br>%{y:.3f} mag<extra>${band}</extra>`,
    };
    const curve = nterms
      ? series(
          some.map((point) => [phase(point.mjd), point.mag, point.magerr]),
          Math.max(2, nterms),
        )
      : null;
    return curve
      ? [
          marks,
          {
            type: "scatter",
            mode: "lines",
            x: curve.map(([x]) => x),
            y: curve.map(([, y]) => y),
            hoverinfo: "skip",
            line: { color: colour, width: 2 },
          },
        ]
      : [marks];
  });
  return [
    traces,
    {
      xaxis: { title: { text: "Phase (two cycles)" }, range: [0, 2] },
      yaxis: { title: { text: "Magnitude (AB)" }, autorange: "reversed" },
    },
  ];
}

// The Fourier series of a band by weighted least squares, at 200 phases; null where there are too few points.
function series(rows, nterms) {
  const size = 2 * nterms + 1;
  if (rows.length < size + 2) return null;
  const basis = (phase) => [
    1,
    ...Array.from({ length: nterms }, (_, i) => i + 1).flatMap((k) => [
      Math.cos(2 * Math.PI * k * phase),
      Math.sin(2 * Math.PI * k * phase),
    ]),
  ];
  const matrix = Array.from({ length: size }, () => new Array(size + 1).fill(0));
  for (const [phase, mag, error] of rows) {
    const weight = 1 / error ** 2;
    const columns = basis(phase);
    for (let i = 0; i < size; i += 1) {
      for (let j = 0; j < size; j += 1) matrix[i][j] += weight * columns[i] * columns[j];
      matrix[i][size] += weight * columns[i] * mag;
    }
  }
  const solution = solved(matrix);
  return (
    solution &&
    Array.from({ length: 201 }, (_, i) => [
      i / 100,
      basis(i / 100).reduce((sum, value, j) => sum + value * solution[j], 0),
    ])
  );
}

// Gaussian elimination with pivoting; null if the matrix is singular.
function solved(matrix) {
  const size = matrix.length;
  for (let i = 0; i < size; i += 1) {
    let pivot = i;
    for (let j = i + 1; j < size; j += 1) if (Math.abs(matrix[j][i]) > Math.abs(matrix[pivot][i])) pivot = j;
    if (Math.abs(matrix[pivot][i]) < 1e-9 * Math.abs(matrix[0][0])) return null;
    [matrix[i], matrix[pivot]] = [matrix[pivot], matrix[i]];
    for (let j = 0; j < size; j += 1) {
      if (j === i) continue;
      const factor = matrix[j][i] / matrix[i][i];
      for (let k = i; k <= size; k += 1) matrix[j][k] -= factor * matrix[i][k];
    }
  }
  return matrix.map((row, i) => row[size] / row[i]);
}

function SaveButton({ source, period, found, saved }) {
  const save = useAction(async () => {
    const data = {
      period: Number(period.toPrecision(10)),
      filters: found.filters.join(","),
      nterms: found.nterms,
      num_points: found.num_points,
    };
    const path = `/sources/${part(source)}/annotations`;
    const mine = (await get(path)).find((one) => one.origin === ORIGIN && one.author_id === me().id);
    await (mine ? put(`${path}/${mine.id}`, { data }) : post(path, { origin: ORIGIN, data }));
    notify(`The period ${period.toFixed(6)} d is saved as an annotation of ${source}.`, { kind: "good" });
    saved();
  });
  return html`<${Busy} action=${save} onClick=${save.run}>Save the period<//> <${Failure} error=${save.error} />`;
}
