// Coordinates as people write them, in degrees. What cannot be read is refused with a sentence, never guessed.
import { formatSexagesimal } from "./format.js";

const SIGN = "([+-]?)";
const WHOLE = "(\\d+)";
const DECIMAL = "(\\d+(?:\\.\\d*)?|\\.\\d+)";
const SINGLE = new RegExp(`^${SIGN}${DECIMAL}(e[+-]?\\d+)?\\s*(h|d|deg|°)?$`);
const COLONS = new RegExp(`^${SIGN}${WHOLE}\\s*:\\s*${DECIMAL}(?:\\s*:\\s*${DECIMAL})?$`);
const BLANKS = new RegExp(`^${SIGN}${WHOLE}\\s+${WHOLE}\\s+${DECIMAL}$`);
const UNITS = new RegExp(
  `^${SIGN}${WHOLE}\\s*(h|d|deg|°)\\s*${DECIMAL}\\s*(m|min|')?(?:\\s*${DECIMAL}\\s*(?:s|sec|"|'')?)?$`,
);
// 12h30m, or 12° and 30°?
const TWO_NUMBERS = /^[+-]?\d+ \d+(\.\d*)?$/;
const LABELS = /\b(?:ra|dec|de|decl|j2000|icrs)\b\s*[:=]?/gi;

const EXAMPLES = {
  ra: "00:02:15.3, 0h02m15.3s or 0.56375 (degrees)",
  dec: "-00:00:45.0, -0d00m45s or -0.0125 (degrees)",
};
const FIELD_NAMES = { ra: "right ascension", dec: "declination" };

class CoordinateError extends Error {}

// The same signs and units, whichever characters a web page or a paper writes them with.
const unifySigns = (text) =>
  text
    .normalize("NFKC")
    .replace(/[\u2010-\u2015\u2212]/g, "-")
    .replace(/[\u2032\u2018\u2019]/g, "'")
    .replace(/[\u2033\u201c\u201d]/g, '"')
    .replace(/[\u00ba\u02da]/g, "°")
    .replace(LABELS, " ")
    .replace(/\s+/g, " ")
    .trim()
    .toLowerCase();

const refuse = (text, reason) => {
  throw new CoordinateError(`“${text.trim()}” ${reason}`);
};

// Returns {degrees, isHours}: an angle without unit is in hours if it is sexagesimal and a right ascension.
function readParts(text, kind) {
  const clean = unifySigns(text);
  const single = SINGLE.exec(clean);
  if (single) {
    const [, sign, digits, exponent, unit] = single;
    if (/^\d{4}/.test(digits)) refuse(text, `has no colons. Write it like ${EXAMPLES[kind]}.`);
    return { sign, parts: [Number(digits + (exponent ?? ""))], isHours: unit === "h" };
  }
  const units = UNITS.exec(clean);
  if (units) {
    const [, sign, first, unit, minutes, minuteUnit, seconds] = units;
    if (unit === "h" && minuteUnit === "'") refuse(text, "mixes hours with arcminutes: write m after the minutes.");
    return { sign, parts: [first, minutes, seconds], isHours: unit === "h" };
  }
  const match = COLONS.exec(clean) ?? BLANKS.exec(clean);
  if (match) return { sign: match[1], parts: match.slice(2), isHours: kind === "ra" };
  if (/\d,\d/.test(clean)) refuse(text, "has a comma: write a decimal point.");
  if (TWO_NUMBERS.test(clean))
    refuse(text, `can be read in two ways: write ${clean.replace(" ", ":")} for one angle, ${clean.replace(" ", ", ")} for a pair.`);
  return refuse(text, `is no ${FIELD_NAMES[kind]}. Write it like ${EXAMPLES[kind]}.`);
}

function sumParts(text, { sign, parts, isHours }) {
  const given = parts.filter((part) => part !== undefined && part !== "");
  const numbers = given.map(Number);
  if (given.slice(0, -1).some((part) => String(part).includes(".")))
    refuse(text, "has a decimal point before its last number: only the last one may have decimals.");
  if (numbers.slice(1).some((number) => number >= 60))
    refuse(text, "has minutes or seconds of 60 or more: they go from 0 to below 60.");
  const [first, minutes = 0, rest = 0] = numbers;
  const seconds = numbers.length === 1 ? first * 3600 : first * 3600 + minutes * 60 + rest;
  // As many decimals as the server keeps: 00:02:15.30 is 0.56375, not 0.5637500000000001.
  const degrees = Number((seconds / (isHours ? 240 : 3600)).toFixed(12));
  return sign === "-" ? -degrees : degrees;
}

// Right ascension in degrees: sexagesimal text is in hours, decimal text and text with d or ° in degrees.
export function readRa(text) {
  const angle = readParts(text, "ra");
  if (angle.sign === "-") refuse(text, "is negative: a right ascension goes from 0h to 24h, or 0° to 360°.");
  const degrees = sumParts(text, angle);
  if (degrees >= 360) refuse(text, "is out of range: a right ascension goes from 0h to below 24h, or 0° to below 360°.");
  return degrees;
}

// Declination in degrees.
export function readDec(text) {
  const angle = readParts(text, "dec");
  if (angle.isHours) refuse(text, "is in hours: a declination is in degrees.");
  const degrees = sumParts(text, angle);
  if (Math.abs(degrees) > 90) refuse(text, "is out of range: a declination goes from −90° to +90°.");
  return degrees;
}

function tryRead(raText, decText) {
  try {
    return { ra: readRa(raText), dec: readDec(decText), raText: raText.trim(), decText: decText.trim() };
  } catch (error) {
    if (error instanceof CoordinateError) return null;
    throw error;
  }
}

// A pair in one text as {ra, dec, raText, decText}; null if it is no pair, or could be several.
export function readPair(text) {
  let clean = unifySigns(text);
  const byComma = clean.split(/[,;]/);
  if (byComma.length === 2 && !/^\d+,\d+$/.test(clean)) return tryRead(...byComma);
  if (byComma.length > 1) return null;
  // 00:02:15.3-00:00:45 without a blank. "123-45" alone is more likely a name.
  if (/[:hd°]/.test(clean)) clean = clean.replace(/([\dhdms°'"])([+-]\d)/g, "$1 $2");
  if (TWO_NUMBERS.test(clean)) return null;
  const words = clean.split(" ");
  const pairs = words
    .slice(1)
    .map((_, index) => tryRead(words.slice(0, index + 1).join(" "), words.slice(index + 1).join(" ")))
    .filter(Boolean);
  return pairs.length === 1 ? pairs[0] : null;
}

const READERS = { ra: readRa, dec: readDec };

// The texts of both fields of a form, after a pair in one of them was moved into both.
export function splitFields(texts) {
  const pair = readPair(texts.ra) ?? readPair(texts.dec);
  return pair ? { ra: pair.raText, dec: pair.decText } : texts;
}

// Both fields of a form as degrees, or null for both if they are blank. An error begins with the name of its field.
export function readFields(fields) {
  const texts = splitFields(fields);
  const read = (kind) => {
    if (!texts[kind].trim()) return null;
    try {
      return READERS[kind](texts[kind]);
    } catch (error) {
      throw new CoordinateError(`${kind}: ${error.message}`);
    }
  };
  const [ra, dec] = [read("ra"), read("dec")];
  if (ra === null && dec !== null) throw new CoordinateError("ra: Missing. Give both coordinates, or neither.");
  if (dec === null && ra !== null) throw new CoordinateError("dec: Missing. Give both coordinates, or neither.");
  return { ra, dec };
}

export const formatRa = (degrees) =>
  `${formatSexagesimal(degrees / 15, 3).replace(/^24/, "00")} = ${formatDegrees(degrees)}`;

export const formatDec = (degrees) =>
  `${degrees < 0 ? "−" : "+"}${formatSexagesimal(degrees, 2)} = ${formatDegrees(degrees)}`;

const formatDegrees = (degrees) => `${String(Number(degrees.toFixed(10))).replaceAll("-", "−")}°`;
