// Values that a service or another user sent: they can have any type, size and depth. What is drawn goes through here.

export const MOST_ROWS = 200;
const LONGEST_TEXT = 2000;
const LONGEST_JSON = 200_000;

// Control characters but for tab and line feed, halves of characters, and those that turn the direction of a text or
// are not seen: with them, a text can look like another.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Cs}/gu;

export const isRecord = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

// The entries of an object; of anything else none: Object.entries would take a text to pieces.
export const listEntries = (value) => (isRecord(value) ? Object.entries(value) : []);

// An object without a prototype, in which "constructor" and "__proto__" are names like others.
export const buildRecord = (entries) => Object.assign(Object.create(null), Object.fromEntries(entries));

// The value of an object's own key. "constructor" of a table of units is none.
export const getOwn = (values, name) => (Object.hasOwn(values, name) ? values[name] : undefined);

const escapeCharacter = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

function limitText(text, longest) {
  const excerpt = text.length > longest ? `${text.slice(0, longest)}… (${text.length} characters)` : text;
  return excerpt.replace(INVISIBLE, escapeCharacter);
}

// String() would call what an object names toString.
export function showText(value) {
  if (value === null || value === undefined) return "–";
  return typeof value === "object" ? showJson(value, LONGEST_TEXT) : limitText(String(value), LONGEST_TEXT);
}

export function showJson(value, longest = LONGEST_JSON, indent = 0) {
  try {
    return limitText(JSON.stringify(value, null, indent) ?? "–", longest);
  } catch {
    return "nested too deeply to be shown; save it instead";
  }
}

// Plotly takes a text for markup, links included.
export const showPlotText = (value) => showText(value).replaceAll("&", "&amp;").replaceAll("<", "&lt;");
