// What a search box asks for: a position with a radius, or a part of a name.
import { readPair } from "./coordinates.js";

const ARCSECONDS = { '"': 1, arcsec: 1, "'": 60, arcmin: 60, deg: 3600, "°": 3600, d: 3600 };
const RADIUS = /^(.+?)\s*[\s,;]\s*(?:r\s*=\s*)?(\d+(?:\.\d*)?|\.\d+)\s*("|'|″|′|°|arcsec|arcmin|deg|d)?$/i;
const MOST_ARCSECONDS = 5 * 3600;

// No name has a colon, a degree sign, or hours before minutes.
const looksLikePosition = (text) => /\d\s*[:°]\s*\d|\d\s*h\s*\d/i.test(text);

// Returns {ra, dec, radius} in degrees, {name}, or {error}. `arcseconds` is the radius if the text has none.
export function readSearch(text, arcseconds) {
  const position = readPair(text);
  if (position) return checkRadius(position, arcseconds);
  const [, rest, size, unit = '"'] = RADIUS.exec(text.trim()) ?? [];
  const centre = rest && readPair(rest);
  if (centre) {
    const scale = ARCSECONDS[unit.toLowerCase().replace("″", '"').replace("′", "'")];
    return checkRadius(centre, Number(size) * scale);
  }
  if (looksLikePosition(text))
    return { error: `“${text}” is no position. Write it like 00:02:15.3 -00:00:45, with a radius in arcsec behind it if you like.` };
  return { name: text };
}

function checkRadius({ ra, dec }, arcseconds) {
  if (arcseconds > MOST_ARCSECONDS) return { error: "The radius is too large: at most 5 degrees (18000 arcsec)." };
  return { ra, dec, radius: arcseconds / 3600 };
}
