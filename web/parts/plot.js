// A Plotly figure in the colours of the page; the library is fetched when the first is drawn.
import { html, useEffect, useRef, useState } from "../vendor/htm-preact.js";
import { Failure, Waiting, save } from "./basics.js";

let library = null;

function plotly() {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("../vendor/plotly-basic.min.js", import.meta.url);
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      library = null;
      reject(new Error("The plotting library could not be loaded. Check the connection, then reload the page."));
    };
    document.head.append(script);
  });
  return library;
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function axis(given) {
  return {
    gridcolor: colour("--grid"),
    linecolor: colour("--faint"),
    zeroline: false,
    ticks: "outside",
    tickcolor: colour("--faint"),
    mirror: true,
    showline: true,
    automargin: true,
    hoverformat: ".5~f",
    ...given,
    title: { standoff: 8, ...given?.title },
  };
}

function dressed(layout) {
  const axes = Object.entries(layout)
    .filter(([name]) => /^[xy]axis/.test(name))
    .map(([name, given]) => [name, axis(given)]);
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 60, r: 18, t: 12, b: 46 },
    showlegend: false,
    font: { family: "system-ui, sans-serif", size: 13, color: colour("--ink") },
    hovermode: "closest",
    uirevision: "same",
    hoverlabel: { bgcolor: colour("--paper"), bordercolor: colour("--line"), font: { color: colour("--ink") } },
    ...layout,
    ...Object.fromEntries(axes),
  };
}

// `onPick` is told the point that was clicked, or the place.
export function Plot({ traces, layout, label, name, low, onPick }) {
  const place = useRef(null);
  const [problem, setProblem] = useState(null);
  const [drawn, setDrawn] = useState(false);
  useEffect(() => {
    let current = true;
    const show = () =>
      plotly()
        .then((library) => {
          if (!current) return undefined;
          setDrawn(true);
          return library.react(place.current, traces, dressed(layout), {
            responsive: true,
            displayModeBar: false,
            doubleClick: "reset",
          });
        })
        .then(() => current && listen(place.current, onPick), setProblem);
    show();
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", show);
    return () => {
      current = false;
      scheme.removeEventListener("change", show);
    };
  }, [traces, layout, onPick]);
  useEffect(() => () => place.current && window.Plotly?.purge(place.current), []);
  return html`<div>
    ${
      problem
        ? html`<${Failure} error=${problem} />`
        : !drawn &&
          html`<${Waiting}
      what="Loading the plotting library" />`
    }
    <div ref=${place} class="plot ${low ? "low" : ""}" role="img" aria-label=${label}></div>
    <div class="row end">
      <button type="button" class="plain" onClick=${() => reset(place.current, layout)}>Reset zoom</button>
      <button type="button" class="plain" onClick=${() => picture(place.current, name)}>Save as PNG</button>
    </div>
  </div>`;
}

function listen(element, onPick) {
  element.removeAllListeners?.("plotly_click");
  if (onPick) element.on("plotly_click", (event) => onPick(event.points[0]));
}

function reset(element, layout) {
  const axes = Object.entries(layout).filter(([name]) => /^[xy]axis\d*$/.test(name));
  const first = axes.map(([name, given]) =>
    given.range ? [`${name}.range`, given.range] : [`${name}.autorange`, given.autorange ?? true],
  );
  window.Plotly?.relayout(element, Object.fromEntries(first));
}

// The name of shapes that stand for markers; pictures have the markers themselves, since the page's style does not reach them.
export const DOTS = "dots";

async function picture(element, name) {
  const data = element.data.map((trace) => ({
    ...trace,
    ...(trace.mode === "none" ? { mode: "markers" } : {}),
    showlegend: Boolean(trace.name),
  }));
  const layout = {
    ...element.layout,
    showlegend: true,
    legend: { x: 1, xanchor: "right", y: 1, bgcolor: "rgba(0,0,0,0)" },
    paper_bgcolor: colour("--paper"),
    shapes: (element.layout.shapes ?? []).filter((shape) => shape.name !== DOTS),
  };
  const url = await window.Plotly.toImage({ data, layout }, { format: "png", width: 1000, height: 620, scale: 2 });
  save(await (await fetch(url)).blob(), `${name}.png`);
}

const SUFFIXES = {
  u: "#8e5fd0",
  g: "#2f9e57",
  r: "#d8432f",
  i: "#b06a1f",
  z: "#8d5a73",
  y: "#7d7d8c",
  c: "#1fa3bd",
  o: "#ee8a1d",
  b: "#3b78d8",
  v: "#3aa68c",
  h: "#c25f8e",
  j: "#a7842a",
  k: "#8a4b3c",
};
const OTHERS = ["#3b78d8", "#d8432f", "#2f9e57", "#8e5fd0", "#ee8a1d", "#1fa3bd", "#c25f8e", "#7a8b2a"];
const KNOWN = { ztfg: "g", ztfr: "r", ztfi: "i", atlasc: "c", atlaso: "o", gaia: "k" };

// A band's usual colour, by the letter at the end of its name.
export function bandColour(band) {
  const name = band.toLowerCase();
  const letter =
    KNOWN[name] ??
    (
      /(?:^|[^a-z])([ugrizycobvhjk])$|(?:sdss|ps1|lsst|bessell|2mass|des|skymapper|desi|uvot|decam)[:_]*[a-z]*?([ugrizyvbhjk])s?$/.exec(
        name,
      ) ?? []
    )
      .slice(1)
      .find(Boolean);
  if (letter) return SUFFIXES[letter];
  return OTHERS[[...name].reduce((sum, char) => sum + char.codePointAt(0), 0) % OTHERS.length];
}

const SYMBOLS = ["circle", "square", "diamond", "cross", "star", "hexagon", "x", "pentagon"];
export const symbolOf = (number) => SYMBOLS[number % SYMBOLS.length];
