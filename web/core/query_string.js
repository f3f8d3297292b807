// Query strings, for the API and for page addresses. Blank values are left out.
export const isBlank = (value) => value === null || value === undefined || value === "";

export function buildQueryString(query) {
  const entries = Object.entries(query).filter(([, value]) => !isBlank(value));
  return entries.length ? `?${new URLSearchParams(entries)}` : "";
}
