// The colour and the symbol of a band in plots: by its name alone, as in the fitter's figures (band_styles.py).
const KEYS = {
  ztfg: "g",
  ztfr: "r",
  ztfi: "i",
  atlasc: "c",
  atlaso: "o",
  "gaia::g": "gaia",
  "gaia::gbp": "b",
  "gaia::grp": "r",
  "uvot::uvw1": "uvw1",
  "uvot::uvw2": "uvw2",
  "uvot::uvm2": "uvm2",
};
const STYLES = [
  ["u", "#8a4dff", "diamond-tall"],
  ["b", "#3b6fe0", "diamond"],
  ["g", "#2e8b57", "circle"],
  ["v", "#6aa84f", "pentagon"],
  ["r", "#c0392b", "square"],
  ["i", "#c58b00", "triangle-up"],
  ["z", "#8d6e63", "cross"],
  ["y", "#607d8b", "x"],
  ["j", "#a0602a", "star"],
  ["h", "#8e44ad", "triangle-left"],
  ["k", "#9b4f9f", "triangle-right"],
  ["c", "#17a2b8", "diamond"],
  ["o", "#e67e22", "hexagon"],
  ["gaia", "#777777", "hexagon2"],
  ["uvw1", "#c218a4", "triangle-left"],
  ["uvm2", "#8e3fc0", "triangle-right"],
  ["uvw2", "#5b2a9b", "triangle-down"],
];
const DARKER = 0.7;

// By the last letter of the name, where it means a band; other names always get the same style.
function findStyleIndex(band) {
  const name = band.toLowerCase();
  const key = KEYS[name] ?? name.replace(/([kj])s$/, "$1").slice(-1);
  const index = STYLES.findIndex(([styleKey]) => styleKey === key);
  if (index >= 0) return index;
  return [...name].reduce((sum, character) => sum + character.codePointAt(0), 0) % STYLES.length;
}

function darkenColour(colour, steps) {
  const parts = [1, 3, 5].map((start) => Math.round(parseInt(colour.slice(start, start + 2), 16) * DARKER ** steps));
  return `#${parts.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

// Returns a Map of {colour, symbol} by band. Of bands with one colour, each is darker than the one before.
export function assignBandStyles(bands) {
  const uses = new Map();
  const styles = new Map();
  for (const band of [...new Set(bands)].sort()) {
    const index = findStyleIndex(band);
    const colour = STYLES[index][1];
    const steps = uses.get(colour) ?? 0;
    uses.set(colour, steps + 1);
    styles.set(band, { colour: darkenColour(colour, steps), symbol: STYLES[(index + steps) % STYLES.length][2] });
  }
  return styles;
}
