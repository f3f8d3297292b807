// Photometry tables from files: find the separator and the columns, convert the rows, name the wrong ones.
const COLUMN_NAMES = {
  mjd: ["mjd", "time", "date_mjd", "obs_mjd", "mjd_obs"],
  jd: ["jd", "hjd", "bjd"],
  filter: ["filter", "band", "bandpass", "filt", "flt", "passband"],
  mag: ["mag", "magnitude", "magpsf", "mag_ab"],
  magerr: [
    "magerr",
    "mag_err",
    "e_mag",
    "sigmapsf",
    "dmag",
    "mag_error",
    "magnitude_error",
    "err",
    "emag",
    "uncertainty",
  ],
  limiting_mag: ["limiting_mag", "lim_mag", "limmag", "limit", "diffmaglim", "maglim", "upper_limit"],
  flux: ["flux", "fnu", "forcediffimflux", "ujy"],
  fluxerr: ["fluxerr", "flux_err", "e_flux", "forcediffimfluxunc", "dujy", "flux_error", "fluxunc"],
  zp: ["zp", "zeropoint", "zero_point", "zpdiff"],
  magsys: ["magsys", "zpsys", "mag_sys", "system"],
  instrument: ["instrument", "instrument_name", "telescope", "inst", "tel"],
  instrument_id: ["instrument_id"],
};

export const PHOTOMETRY_FIELDS = Object.keys(COLUMN_NAMES);

const MEASUREMENTS = { fluxes: ["flux", "fluxerr", "zp"], magnitudes: ["mag", "magerr", "limiting_mag"] };

const BLANK_CELLS = new Set(["", "nan", "none", "null", "-", "--", "n/a", "nd"]);

const isBlankCell = (text) => text === undefined || BLANK_CELLS.has(text.toLowerCase());

export function parseTable(text) {
  const lines = text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\n|\r/)
    .filter((line) => line.trim());
  if (lines.length < 2)
    throw new Error("The file has no rows. Expected a line of column names, then one line for each point.");
  const header = lines[0].replace(/^#\s*/, "");
  const separator = detectSeparator(header);
  const names = splitCells(header, separator).map((name) => name.replace(/^"|"$/g, ""));
  const rows = lines
    .slice(1)
    .filter((line) => !line.startsWith("#"))
    .map((line) => splitCells(line, separator));
  return { names, rows };
}

// Returns null for columns that are separated by blanks.
function detectSeparator(header) {
  const counts = [",", "\t", ";", "|"].map((separator) => [header.split(separator).length, separator]);
  const [count, separator] = counts.sort((a, b) => b[0] - a[0])[0];
  return count > 1 ? separator : null;
}

// A quoted cell can contain the separator, and quotes written twice.
function splitCells(line, separator) {
  if (separator === null) return line.trim().split(/\s+/);
  const cells = [];
  let cell = "";
  let isQuoted = false;
  for (let i = 0; i < line.length; i += 1) {
    const character = line[i];
    if (isQuoted && character === '"' && line[i + 1] === '"') {
      cell += '"';
      i += 1;
    } else if (character === '"') {
      isQuoted = !isQuoted;
    } else if (character === separator && !isQuoted) {
      cells.push(cell.trim());
      cell = "";
    } else {
      cell += character;
    }
  }
  return [...cells, cell.trim()];
}

// Returns the index of the column for each field: {mjd: 0, filter: 3, …}.
export function detectColumns(names) {
  const normalizedNames = names.map((name) =>
    name
      .toLowerCase()
      .replace(/[\s.-]+/g, "_")
      .replace(/[()[\]]/g, ""),
  );
  const columns = {};
  for (const [field, aliases] of Object.entries(COLUMN_NAMES)) {
    const index = aliases.map((alias) => normalizedNames.indexOf(alias)).find((position) => position >= 0);
    if (index !== undefined) columns[field] = index;
  }
  return columns;
}

// Fluxes are preferred where a table has both: they keep faint and negative measurements.
export const detectMeasurements = (columns) => ("flux" in columns && "fluxerr" in columns ? "fluxes" : "magnitudes");

// Convert rows to the lists that the API takes. `defaults` ({instrument, magsys}) are for rows that name none.
export function convertTable({ rows }, columns, instruments, defaults) {
  const instrumentIds = new Map(
    instruments.flatMap(({ name, id }) => [
      [name.toLowerCase(), id],
      [String(id), id],
    ]),
  );
  const measurements = MEASUREMENTS[detectMeasurements(columns)].filter((field) => field in columns);
  const results = rows.map((row) => convertRow(row, columns, measurements, instrumentIds, defaults));
  const fields = ["mjd", "filter", "instrument_id", ...measurements, ...("magsys" in columns ? ["magsys"] : [])];
  const lists = fields.map((field) => [field, results.map(({ point }) => point[field])]);
  return {
    photometry: { magsys: defaults.magsys, ...Object.fromEntries(lists) },
    problems: results
      .map(({ errors }, index) => ({ row: index + 1, message: errors.join("; ") }))
      .filter(({ message }) => message),
  };
}

function convertRow(row, columns, measurements, instrumentIds, defaults) {
  const errors = [];
  const getCell = (field) => row[columns[field]];
  const parseNumber = (field) => {
    const text = getCell(field);
    if (isBlankCell(text)) return null;
    const value = Number(text);
    if (Number.isFinite(value)) return value;
    errors.push(`${field}: “${text}” is not a number`);
    return null;
  };
  const date = parseNumber("mjd" in columns ? "mjd" : "jd");
  if (date === null && !errors.length) errors.push("mjd: missing");
  // Dates this large are Julian dates, whatever the name of their column.
  const point = { mjd: date > 2_000_000 ? date - 2_400_000.5 : date, filter: getCell("filter") };
  for (const field of measurements) point[field] = parseNumber(field);
  if (isBlankCell(point.filter)) errors.push("filter: missing");
  const magsys = getCell("magsys");
  point.magsys = isBlankCell(magsys) ? defaults.magsys : magsys.toLowerCase();
  const instrument = getCell("instrument_id") ?? getCell("instrument");
  point.instrument_id = isBlankCell(instrument) ? defaults.instrument : instrumentIds.get(instrument.toLowerCase());
  if (point.instrument_id === undefined || point.instrument_id === null)
    errors.push(
      isBlankCell(instrument) ? "instrument: missing, select one above" : `instrument: “${instrument}” is unknown`,
    );
  return { point, errors };
}

// Rows in an error message of the API (“row 3: mag: …; row 7: …”) are counted from 0, here from 1.
export function parseRowErrors(message) {
  const matches = [...message.matchAll(/row (\d+): (.*?)(?=; row \d+: |$)/gs)];
  return matches.map(([, row, text]) => ({ row: Number(row) + 1, message: text }));
}
