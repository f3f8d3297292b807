// A key for a request that must take effect once. Not randomUUID: browsers have it only on pages of https and localhost.
export const buildUniqueKey = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
