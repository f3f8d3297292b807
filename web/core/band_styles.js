// The colour of a band and the marker of an instrument in plots.
const COLOURS = {
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
const OTHER_COLOURS = ["#3b78d8", "#d8432f", "#2f9e57", "#8e5fd0", "#ee8a1d", "#1fa3bd", "#c25f8e", "#7a8b2a"];
const LETTERS = { ztfg: "g", ztfr: "r", ztfi: "i", atlasc: "c", atlaso: "o", gaia: "k" };
const LETTER_PATTERN =
  /(?:^|[^a-z])([ugrizycobvhjk])$|(?:sdss|ps1|lsst|bessell|2mass|des|skymapper|desi|uvot|decam)[:_]*[a-z]*?([ugrizyvbhjk])s?$/;
const SYMBOLS = ["circle", "square", "diamond", "cross", "star", "hexagon", "x", "pentagon"];

// By the band's letter, which most names have at their end. Other bands always get the same colour by a hash.
export function getBandColour(band) {
  const name = band.toLowerCase();
  const match = LETTER_PATTERN.exec(name);
  const letter = LETTERS[name] ?? match?.[1] ?? match?.[2];
  if (letter) return COLOURS[letter];
  return OTHER_COLOURS[[...name].reduce((sum, character) => sum + character.codePointAt(0), 0) % OTHER_COLOURS.length];
}

export const getInstrumentSymbol = (index) => SYMBOLS[index % SYMBOLS.length];
