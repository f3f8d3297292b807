// Numbers and times as people read them.
export const STATES = {
  queued: "queued",
  pending: "running",
  completed: "completed",
  failure: "failed",
  timed_out: "timed out",
  cancelled: "cancelled",
};

// A value to the digits that its error allows (two of the error), as in a paper.
export function withError(value, error) {
  if (!Number.isFinite(error) || error <= 0) return { value: number(value), digits: null };
  const digits = 1 - Math.floor(Math.log10(error));
  const size = Math.abs(value) > 0 ? Math.floor(Math.log10(Math.abs(value))) : 0;
  if (digits > 8 || size > 8)
    return { value: value.toExponential(Math.max(0, Math.min(12, size + digits))), digits: null };
  return { value: value.toFixed(Math.max(0, digits)), digits: Math.max(0, digits) };
}

export function number(value, digits = 6) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-4 || size >= 1e9)
    ? value.toExponential(4)
    : String(Number(value.toPrecision(Math.max(digits, 6))));
}

// The API's times are UTC without saying so.
export const time = (text) => new Date(/[Z+]/.test(text) ? text : `${text}Z`);
export const utc = (text) => (text ? `${time(text).toISOString().slice(0, 19).replace("T", " ")} UTC` : "–");

export function age(text, now = Date.now()) {
  if (!text) return "–";
  const seconds = Math.max(0, (now - time(text)) / 1000);
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

export const seconds = (value) =>
  value === null || value === undefined ? "–" : `${value < 10 ? value.toFixed(1) : Math.round(value)} s`;

export const isoOfMjd = (mjd) => new Date((mjd - 40_587) * 86_400_000).toISOString().slice(0, 16).replace("T", " ");

export function size(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} kB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

// Degrees as hours and degrees, to 0.01 s and 0.1".
export function sexagesimal(ra, dec) {
  if (ra === null || dec === null) return "no position";
  const split = (value, digits) => {
    const scale = 10 ** digits;
    const total = Math.round(Math.abs(value) * 3600 * scale);
    const rest = total % (3600 * scale);
    const two = (n) => String(n).padStart(2, "0");
    const last = ((rest % (60 * scale)) / scale).toFixed(digits).padStart(3 + digits, "0");
    return [two(Math.floor(total / (3600 * scale))), two(Math.floor(rest / (60 * scale))), last];
  };
  return `${split(ra / 15, 2).join(":")} ${dec < 0 ? "−" : "+"}${split(dec, 1).join(":")}`;
}
