// The points of a light curve as files: CSV, and ECSV with units for astropy.
const COLUMNS = [
  { name: "mjd", unit: "d", datatype: "float64" },
  { name: "filter", datatype: "string" },
  { name: "mag", unit: "mag", datatype: "float64" },
  { name: "magerr", unit: "mag", datatype: "float64" },
  { name: "limiting_mag", unit: "mag", datatype: "float64" },
  { name: "flux", unit: "uJy", datatype: "float64" },
  { name: "fluxerr", unit: "uJy", datatype: "float64" },
  { name: "magsys", datatype: "string" },
  { name: "zp", datatype: "float64" },
  { name: "instrument_name", datatype: "string" },
  { name: "origin", datatype: "string" },
];

function quoteCell(value) {
  const text = String(value ?? "");
  return /[",\n\r]/.test(text) || /^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function buildCsv(points) {
  const names = COLUMNS.map(({ name }) => name);
  const rows = points.map((point) => names.map((name) => quoteCell(point[name])).join(","));
  return `${[names.join(","), ...rows].join("\n")}\n`;
}

// The header is YAML, of which JSON is a part.
export function buildEcsv(points) {
  const header = [
    "%ECSV 1.0",
    "---",
    "delimiter: ','",
    "datatype:",
    ...COLUMNS.map((column) => `- ${JSON.stringify(column)}`),
    "schema: astropy-2.0",
  ];
  return `${header.map((line) => `# ${line}`).join("\n")}\n${buildCsv(points)}`;
}
