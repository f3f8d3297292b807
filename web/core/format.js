// Numbers, times, positions and names as text.
export const STATE_LABELS = {
  queued: "queued",
  pending: "running",
  completed: "completed",
  failure: "failed",
  timed_out: "timed out",
  cancelled: "cancelled",
};

export const formatServiceName = (service) => service.display_name ?? service.name;

export const joinGroupNames = (groups) => groups.map((group) => group.name).join(", ");

// Round a value to two digits of its error. `digits` is null where that is not possible.
export function roundToError(value, error) {
  if (!Number.isFinite(error) || error <= 0) return { text: formatNumber(value), digits: null };
  const digits = 1 - Math.floor(Math.log10(error));
  const magnitude = Math.abs(value) > 0 ? Math.floor(Math.log10(Math.abs(value))) : 0;
  if (digits > 8 || magnitude > 8)
    return { text: value.toExponential(Math.max(0, Math.min(12, magnitude + digits))), digits: null };
  return { text: value.toFixed(Math.max(0, digits)), digits: Math.max(0, digits) };
}

export function formatNumber(value, digits = 6) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number" || Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return size < 1e-4 || size >= 1e9 ? value.toExponential(4) : String(Number(value.toPrecision(Math.max(digits, 6))));
}

// The name of the error of a value in an object of results: peak, peak_std.
export const findErrorName = (values, name) =>
  [`${name}_std`, `${name}_error`, `${name}_err`].find((errorName) => typeof values[errorName] === "number");

// A number with its error, or with the digits that a date or a large number needs.
export function formatQuantity(value, error) {
  if (Number.isFinite(error) && error > 0) return `${roundToError(value, error).text} ± ${Number(error.toPrecision(2))}`;
  const size = Math.abs(value);
  return size >= 1000 && size < 1e9 && !Number.isInteger(value)
    ? String(Number(value.toFixed(5)))
    : formatNumber(value);
}

// The API's times are in UTC but have no zone.
export const parseTime = (text) => new Date(/[Z+]/.test(text) ? text : `${text}Z`);

export const formatUtc = (text) => (text ? `${parseTime(text).toISOString().slice(0, 19).replace("T", " ")} UTC` : "–");

export function formatAge(text) {
  if (!text) return "–";
  const seconds = Math.max(0, (Date.now() - parseTime(text)) / 1000);
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

export const formatSeconds = (seconds) =>
  seconds === null || seconds === undefined ? "–" : `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;

export const formatMjd = (mjd) => new Date((mjd - 40_587) * 86_400_000).toISOString().slice(0, 16).replace("T", " ");

export function formatSize(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} kB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

// Degrees as hours and degrees, to 0.01 s and 0.1".
export function formatPosition(ra, dec) {
  if (ra === null || dec === null) return "no position";
  return `${formatSexagesimal(ra / 15, 2).replace(/^24:/, "00:")} ${dec < 0 ? "−" : "+"}${formatSexagesimal(dec, 1)}`;
}

export function formatSexagesimal(value, digits) {
  const scale = 10 ** digits;
  const total = Math.round(Math.abs(value) * 3600 * scale);
  const hours = Math.floor(total / (3600 * scale));
  const minutes = Math.floor((total % (3600 * scale)) / (60 * scale));
  const seconds = ((total % (60 * scale)) / scale).toFixed(digits);
  return [String(hours).padStart(2, "0"), String(minutes).padStart(2, "0"), seconds.padStart(3 + digits, "0")].join(
    ":",
  );
}
