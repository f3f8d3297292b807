// Marked lines as shapes and labels of a Plotly figure over wavelength.
import { LABEL_HEIGHT, measureLabel, stackLabels } from "../core/label_rows.js";
import { TELLURIC_BANDS, findShift } from "../core/spectral_lines.js";

const TOP_MARGIN = 12;
const LABEL_FONT = { size: 12 };
const BAND_COLOUR = "#8a93a33d";
// Lines in further rows have no label: their colour and dash tell the ion.
const MOST_ROWS = { wide: 6, narrow: 4 };

// Neighbours with the same label share it.
function groupLabels({ name, isForbidden, lines }, scale) {
  const groups = [];
  for (const { wavelength, label } of lines) {
    const last = groups.at(-1);
    const isClose = last?.label === label && (wavelength - last.wavelengths.at(-1)) * scale < measureLabel(label);
    if (isClose) last.wavelengths.push(wavelength);
    else groups.push({ name, label, isForbidden, wavelengths: [wavelength] });
  }
  return groups;
}

const findMiddle = ({ wavelengths }) => (wavelengths[0] + wavelengths.at(-1)) / 2;

// The rows are those at rest: there lines are closest, and a plot whose rows changed with the slider would jump.
function buildLabels(ions, [low, high], width, isWide, shiftOf) {
  const scale = width / (high - low);
  const groups = ions.flatMap((ion) => groupLabels(ion, scale));
  const stacked = stackLabels(groups, (group) => findMiddle(group) * scale);
  const labels = stacked.filter(({ row }) => row < MOST_ROWS[isWide ? "wide" : "narrow"]);
  const annotations = labels
    .map((group) => ({ ...group, x: findMiddle(group) * shiftOf(group) }))
    .filter(({ x }) => x > low && x < high)
    .map(({ x, label, row }) => ({
      ...{ x, y: 1, yref: "paper", yanchor: "bottom", yshift: row * LABEL_HEIGHT },
      ...{ text: label, showarrow: false, font: LABEL_FONT },
    }));
  return { annotations, numRows: 1 + Math.max(-1, ...labels.map(({ row }) => row)) };
}

const buildLine = (x, { colour, dash }) => ({
  ...{ type: "line", layer: "below", x0: x, x1: x, yref: "paper", y0: 0, y1: 1 },
  line: { color: colour, width: 1.4, dash },
});

const buildBand = ([start, end]) => ({
  ...{ type: "rect", layer: "below", x0: start, x1: end, yref: "paper", y0: 0, y1: 1 },
  ...{ fillcolor: BAND_COLOUR, line: { width: 0 } },
});

const buildBandLabel = ([start, end]) => ({
  ...{ x: (start + end) / 2, y: 0, yref: "paper", yanchor: "bottom", text: "⊕", showarrow: false, font: LABEL_FONT },
});

// `marks` are those of useLineMarkers, `range` the wavelengths of the plot, `widths` its least pixels {wide, narrow}.
export function buildLineLayout({ ions, hasTelluric, redshift, velocity }, range, widths, isWide) {
  const [low, high] = range;
  const isInside = (x) => x > low && x < high;
  const shiftOf = ({ isForbidden }) => findShift(redshift, isForbidden ? 0 : velocity);
  const { annotations, numRows } = buildLabels(ions, range, widths[isWide ? "wide" : "narrow"], isWide, shiftOf);
  const lines = ions.flatMap((ion) =>
    ion.lines
      .map(({ wavelength }) => wavelength * shiftOf(ion))
      .filter(isInside)
      .map((x) => buildLine(x, ion)),
  );
  const bands = hasTelluric ? TELLURIC_BANDS.filter(([start, end]) => end > low && start < high) : [];
  return {
    shapes: [...bands.map(buildBand), ...lines],
    annotations: [...annotations, ...bands.map(buildBandLabel)],
    margin: { l: 60, r: 18, t: TOP_MARGIN + numRows * LABEL_HEIGHT, b: 46 },
  };
}
