// A Plotly figure in the colours of the page. The library is loaded with the first plot, as it is large.
import { html, useEffect, useRef, useState } from "../vendor/htm-preact.js";
import { useAction } from "../core/request_hooks.js";
import { saveFile } from "../core/save_file.js";
import { ErrorMessage, LoadingMessage } from "./messages.js";

let plotlyRequest = null;

function loadPlotly() {
  plotlyRequest ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("../vendor/plotly-basic.min.js", import.meta.url);
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      plotlyRequest = null;
      reject(new Error("Cannot load the plotting library. Check your connection, then reload the page."));
    };
    document.head.append(script);
  });
  return plotlyRequest;
}

const getCssColour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const listAxes = (layout) => Object.entries(layout).filter(([name]) => /^[xy]axis\d*$/.test(name));

function styleAxis(axis) {
  return {
    gridcolor: getCssColour("--grid"),
    linecolor: getCssColour("--faint"),
    zeroline: false,
    ticks: "outside",
    tickcolor: getCssColour("--faint"),
    mirror: true,
    showline: true,
    automargin: true,
    hoverformat: ".5~f",
    ...axis,
    title: { standoff: 8, ...axis.title },
  };
}

function styleLayout(layout) {
  const ink = getCssColour("--ink");
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 60, r: 18, t: 12, b: 46 },
    showlegend: false,
    font: { family: "system-ui, sans-serif", size: 13, color: ink },
    hovermode: "closest",
    uirevision: "same",
    hoverlabel: { bgcolor: getCssColour("--paper"), bordercolor: getCssColour("--line"), font: { color: ink } },
    ...layout,
    ...Object.fromEntries(listAxes(layout).map(([name, axis]) => [name, styleAxis(axis)])),
  };
}

// `size` is "low", "tall" or "". `onPick` is called with the point that was clicked.
export function Plot({ traces, layout, label, name, size = "", onPick }) {
  const container = useRef(null);
  const [error, setError] = useState(null);
  const [isLoaded, setIsLoaded] = useState(false);
  const saveAction = useAction(savePicture);
  useEffect(() => {
    let isCurrent = true;
    const drawPlot = async () => {
      try {
        const plotly = await loadPlotly();
        if (!isCurrent) return;
        setIsLoaded(true);
        const options = { responsive: true, displayModeBar: false, doubleClick: "reset" };
        await plotly.react(container.current, traces, styleLayout(layout), options);
        if (isCurrent) setClickListener(container.current, onPick);
      } catch (problem) {
        setError(problem);
      }
    };
    drawPlot();
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", drawPlot);
    return () => {
      isCurrent = false;
      scheme.removeEventListener("change", drawPlot);
    };
  }, [traces, layout, onPick]);
  useEffect(() => () => container.current && window.Plotly?.purge(container.current), []);
  return html`<div>
    <${ErrorMessage} error=${error} />
    ${!error && !isLoaded && html`<${LoadingMessage} text="Loading the plotting library" />`}
    <div ref=${container} class="plot ${size}" role="img" aria-label=${label}></div>
    <div class="row end">
      <button type="button" class="plain" onClick=${() => resetZoom(container.current, layout)}>Reset zoom</button>
      ${["png", "svg"].map(
        (format) => html`<button type="button" class="plain" disabled=${!isLoaded || saveAction.busy}
          onClick=${() => saveAction.run(container.current, name, format)}>Save as ${format.toUpperCase()}</button>`,
      )}
    </div>
    <${ErrorMessage} error=${saveAction.error} />
  </div>`;
}

function setClickListener(element, onPick) {
  element.removeAllListeners?.("plotly_click");
  if (onPick) element.on("plotly_click", (event) => onPick(event.points[0]));
}

function resetZoom(element, layout) {
  const ranges = listAxes(layout).map(([name, axis]) =>
    axis.range ? [`${name}.range`, axis.range] : [`${name}.autorange`, axis.autorange ?? true],
  );
  window.Plotly?.relayout(element, Object.fromEntries(ranges));
}

// The name of shapes that stand for markers. The page's style makes them round, but not in a saved picture,
// which has the markers instead.
export const DOT_SHAPES = "dots";

// The picture is a data URL, which the content policy lets no page fetch: it is decoded here.
async function savePicture(element, name, format) {
  const data = element.data.map((trace) => ({
    ...trace,
    ...(trace.mode === "none" ? { mode: "markers" } : {}),
    showlegend: Boolean(trace.name),
  }));
  const layout = {
    ...element.layout,
    showlegend: true,
    legend: { x: 1, xanchor: "right", y: 1, bgcolor: "rgba(0,0,0,0)" },
    paper_bgcolor: getCssColour("--paper"),
    shapes: (element.layout.shapes ?? []).filter((shape) => shape.name !== DOT_SHAPES),
  };
  const options = { format, width: 1000, height: 620, scale: format === "png" ? 2 : 1, imageDataOnly: true };
  const content = await window.Plotly.toImage({ data, layout }, options);
  const blob =
    format === "svg"
      ? new Blob([content], { type: "image/svg+xml" })
      : new Blob([Uint8Array.from(atob(content), (character) => character.charCodeAt(0))], { type: "image/png" });
  saveFile(blob, `${name}.${format}`);
}
