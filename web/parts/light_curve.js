// The light curve of a source: points, limits and models, in magnitudes or flux.
import { html, useMemo, useState } from "../vendor/htm-preact.js";
import { isoOfMjd } from "../core/words.js";
import { Empty } from "./basics.js";
import { DOTS, Plot, bandColour, symbolOf } from "./plot.js";

const FEW = 1500;
const ZERO_POINT = 23.9;
const fluxOf = (mag) => 10 ** (-0.4 * (mag - ZERO_POINT));

// One series for each band of each instrument, brightest names first.
function seriesOf(points) {
  const found = new Map();
  for (const point of points) {
    const key = `${point.filter} · ${point.instrument_name}`;
    if (!found.has(key)) found.set(key, { key, band: point.filter, instrument: point.instrument_name, points: [] });
    found.get(key).points.push(point);
  }
  const all = [...found.values()].sort((a, b) => a.key.localeCompare(b.key));
  const instruments = [...new Set(all.map((series) => series.instrument))];
  return all.map((series) => ({ ...series, symbol: symbolOf(instruments.indexOf(series.instrument)) }));
}

const FAINT = 3;

// Fainter than three times its error a magnitude says nothing: it is drawn as the limit that comes with it.
const isSeen = (point) => point.mag !== null && point.flux >= FAINT * point.fluxerr;

function epoch(points) {
  const seen = points.filter(isSeen).map((point) => point.mjd);
  return seen.length ? Math.min(...seen) : null;
}

const words = (point, text) =>
  `${text}<br>MJD ${point.mjd.toFixed(4)}<br>${isoOfMjd(point.mjd)} UTC<br>${point.filter}, ${point.instrument_name}`;

// What a series is drawn as. Many points are one path instead of thousands, of segments without length and with round ends.
function drawn(series, { flux, zero, many }) {
  const colour = bandColour(series.band);
  const seen = series.points.filter((point) => (flux ? point.flux !== null : isSeen(point)));
  const limits = series.points.filter(
    (point) => point.limiting_mag !== null && (flux ? point.flux === null : !isSeen(point)),
  );
  const value = (point) => (flux ? point.flux : point.mag);
  const error = (point) => (flux ? point.fluxerr : point.magerr);
  const unit = flux ? "µJy" : "mag";
  const found = {
    type: "scatter",
    name: series.key,
    x: seen.map((point) => point.mjd - zero),
    y: seen.map(value),
    hoverinfo: "text",
    hovertext: seen.map((point) =>
      words(point, `<b>${value(point).toPrecision(5)} ± ${error(point)?.toPrecision(2)} ${unit}</b>`),
    ),
  };
  const plain = {
    mode: "markers",
    marker: { color: colour, size: 7, symbol: series.symbol, line: { width: 0 } },
    error_y: { type: "data", array: seen.map(error), color: colour, thickness: 1, width: 0 },
  };
  const deepest = (point) => (flux ? fluxOf(point.limiting_mag) : point.limiting_mag);
  const below = {
    type: "scatter",
    mode: "markers",
    name: `${series.key}, limits`,
    x: limits.map((point) => point.mjd - zero),
    y: limits.map(deepest),
    marker: { color: colour, size: 8, symbol: "triangle-down-open", opacity: 0.65 },
    hoverinfo: "text",
    hovertext: limits.map((point) =>
      words(point, `<b>${flux ? "<" : ">"} ${deepest(point).toPrecision(4)} ${unit}</b> (limit)`),
    ),
  };
  const segments = (name, height, width) => ({
    type: "path",
    layer: "between",
    name,
    line: { color: colour, width },
    path: found.x
      .map((x, i) => `M${x},${found.y[i] - height * error(seen[i])}L${x},${found.y[i] + height * error(seen[i])}`)
      .join(""),
  });
  return {
    traces: [{ ...found, marker: plain.marker, ...(many ? { mode: "none" } : plain) }, below].filter(
      (trace) => trace.x.length,
    ),
    shapes: many && seen.length ? [segments("errors", 1, 1), segments(DOTS, 0, 5)] : [],
  };
}

function modelTraces(analysis, bands, { flux, zero }) {
  return Object.entries(analysis.model_lightcurve ?? {})
    .filter(([band, rows]) => bands.has(band) && Array.isArray(rows))
    .flatMap(([band, rows]) => {
      const x = rows.map((row) => row[0] - zero);
      const of = (column) => rows.map((row) => (flux ? fluxOf(row[column]) : row[column]));
      const colour = bandColour(band);
      const name = `${analysis.model_name ?? "model"} (analysis ${analysis.id}), ${band}`;
      const line = {
        type: "scatter",
        mode: "lines",
        x,
        y: of(1),
        name,
        hoverinfo: "name",
        line: { color: colour, width: 1.6 },
      };
      if (!rows[0] || rows[0].length < 4) return [line];
      const edge = { type: "scatter", mode: "lines", x, hoverinfo: "skip", line: { width: 0 } };
      return [{ ...edge, y: of(2) }, { ...edge, y: of(3), fill: "tonexty", fillcolor: `${colour}2e` }, line];
    });
}

const Mark = ({ colour, model }) => html`<svg viewBox="0 0 12 12" aria-hidden="true">
  ${
    model
      ? html`<path d="M0 9 Q4 -3 12 7" fill="none" stroke="currentColor" stroke-width="2" />`
      : html`<circle cx="6"
    cy="6" r="5" fill=${colour} />`
  }
</svg>`;

function Switches({ legend, items, off, flip }) {
  return html`<fieldset><legend>${legend}</legend><div class="row">
    ${items.map(
      ({ key, label, colour, model }) => html`<label class="chip">
      <input type="checkbox" checked=${!off.has(key)} onChange=${() => flip(key)} /><${Mark} colour=${colour}
        model=${model} /> ${label}
    </label>`,
    )}
  </div></fieldset>`;
}

export function LightCurve({ points, fits, name }) {
  const [flux, setFlux] = useState(false);
  const [days, setDays] = useState(true);
  const [off, setOff] = useState(new Set());
  const series = useMemo(() => seriesOf(points), [points]);
  const models = useMemo(() => fits.filter((fit) => fit.model_lightcurve), [fits]);
  const first = epoch(points);
  const flip = (key) =>
    setOff((before) => new Set(before.has(key) ? [...before].filter((other) => other !== key) : [...before, key]));
  const [traces, layout] = useMemo(() => {
    const how = { flux, zero: days && first !== null ? first : 0, many: points.length > FEW };
    const shown = series.filter(({ key }) => !off.has(key));
    const bands = new Set(shown.map(({ band }) => band));
    const lines = models.filter((fit) => !off.has(fit.id)).flatMap((fit) => modelTraces(fit, bands, how));
    const x = days && first !== null ? "Days since first detection" : "MJD";
    const y = flux
      ? { title: { text: "Flux (µJy, AB)" } }
      : { title: { text: "Magnitude (AB)" }, autorange: "reversed" };
    const parts = shown.map((one) => drawn(one, how));
    return [
      [...lines, ...parts.flatMap((part) => part.traces)],
      {
        xaxis: { title: { text: x } },
        yaxis: y,
        uirevision: `${flux}${days}`,
        shapes: parts.flatMap((part) => part.shapes),
      },
    ];
  }, [series, models, off, flux, days]);
  if (!points.length) return html`<${Empty}>No photometry that you may see. Upload some below.<//>`;
  return html`<div>
    <div class="row">
      <button type="button" aria-pressed=${!flux} onClick=${() => setFlux(false)}>Magnitude</button>
      <button type="button" aria-pressed=${flux} onClick=${() => setFlux(true)}>Flux</button>
      <button type="button" aria-pressed=${days} onClick=${() => setDays(true)}>Days</button>
      <button type="button" aria-pressed=${!days} onClick=${() => setDays(false)}>MJD</button>
      <span class="hint">${points.length} points. Triangles are limits; what is below three times its error is one.${first === null ? "" : ` First detection: MJD ${first.toFixed(3)}.`}</span>
    </div>
    <${Plot} traces=${traces} layout=${layout} name=${`${name}-light-curve`}
      label=${`Light curve of ${name}: ${points.length} points in ${series.length} series`} />
    <${Switches} legend="Bands and instruments" off=${off} flip=${flip}
      items=${series.map(({ key, band }) => ({ key, label: key, colour: bandColour(band) }))} />
    ${
      models.length > 0 &&
      html`<${Switches} legend="Models of completed fits" off=${off} flip=${flip}
      items=${models.map((fit) => ({ key: fit.id, label: `${fit.model_name ?? "model"} (analysis ${fit.id})`, model: true }))} />`
    }
  </div>`;
}
