// Numbers as people type them. What is no number is refused with a sentence: nothing is dropped or guessed.
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;

// Minus signs of papers and web pages become that of computers.
export const unifyMinus = (text) => text.replace(/[\u2010-\u2015\u2212]/g, "-");

// The sentence that says why a text is no number; undefined for a number, and for a blank.
export function describeNumberFault(text) {
  const clean = unifyMinus(String(text)).trim();
  if (clean === "" || (NUMBER.test(clean) && Number.isFinite(Number(clean)))) return undefined;
  const withPoint = clean.replace(",", ".");
  if (withPoint !== clean && NUMBER.test(withPoint)) return `“${clean}” has a comma. Write a decimal point: ${withPoint}`;
  return `“${clean}” is no number. Write it like 18.5 or 1e-3.`;
}

// A number, or null for a blank. An error begins with the name of the field.
export function readNumber(text, name) {
  const fault = describeNumberFault(text);
  if (fault) throw new Error(`${name}: ${fault}`);
  const clean = unifyMinus(String(text)).trim();
  return clean === "" ? null : Number(clean);
}
