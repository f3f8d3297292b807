// Photometry tables as people have them: which separator, which columns, which rows are wrong.
const NAMES = {
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

const BLANK = new Set(["", "nan", "none", "null", "-", "--", "n/a", "nd"]);

function separatorOf(line) {
  const counts = [",", "\t", ";", "|"].map((mark) => [line.split(mark).length, mark]);
  const [number, mark] = counts.sort((a, b) => b[0] - a[0])[0];
  return number > 1 ? mark : null;
}

// Quoted cells may hold the separator, and quotes doubled.
function cells(line, separator) {
  if (separator === null) return line.trim().split(/\s+/);
  const found = [];
  let cell = "";
  let quoted = false;
  for (let i = 0; i < line.length; i += 1) {
    const char = line[i];
    if (quoted && char === '"' && line[i + 1] === '"') {
      cell += '"';
      i += 1;
    } else if (char === '"') quoted = !quoted;
    else if (char === separator && !quoted) {
      found.push(cell.trim());
      cell = "";
    } else cell += char;
  }
  return [...found, cell.trim()];
}

export function readTable(text) {
  const lines = text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\n|\r/)
    .filter((line) => line.trim());
  if (lines.length < 2)
    throw new Error(
      "The file has no rows. Expected a line with the names of the columns, then one line for each point.",
    );
  const header = lines[0].replace(/^#\s*/, "");
  const separator = separatorOf(header);
  const names = cells(header, separator).map((name) => name.replace(/^"|"$/g, ""));
  const rows = lines
    .slice(1)
    .filter((line) => !line.startsWith("#"))
    .map((line) => cells(line, separator));
  return { names, rows };
}

// Which column of the file holds what: {mjd: 0, filter: 3, …}.
export function recognise(names) {
  const plain = names.map((name) =>
    name
      .toLowerCase()
      .replace(/[\s.-]+/g, "_")
      .replace(/[()[\]]/g, ""),
  );
  const found = {};
  for (const [field, known] of Object.entries(NAMES)) {
    const at = known.map((name) => plain.indexOf(name)).find((place) => place >= 0);
    if (at !== undefined) found[field] = at;
  }
  return found;
}

export const FIELDS = Object.keys(NAMES);

const blank = (text) => text === undefined || BLANK.has(text.toLowerCase());

const SPACES = { flux: ["flux", "fluxerr", "zp"], magnitude: ["mag", "magerr", "limiting_mag"] };

// Fluxes say more than magnitudes where a table has both.
export const spaceOf = (places) => (places.flux !== undefined && places.fluxerr !== undefined ? "flux" : "magnitude");

// The columns that the API takes, and what is wrong with which row.
export function toColumns({ rows }, places, { instruments, instrument, magsys }) {
  const problems = [];
  const cell = (row, field) => (places[field] === undefined ? undefined : row[places[field]]);
  const ids = new Map(
    instruments.flatMap((one) => [
      [one.name.toLowerCase(), one.id],
      [String(one.id), one.id],
    ]),
  );
  const given = { mjd: [], filter: [], instrument_id: [] };
  const wanted = SPACES[spaceOf(places)].filter((field) => places[field] !== undefined);
  for (const field of wanted) given[field] = [];
  if (places.magsys !== undefined) given.magsys = [];
  rows.forEach((row, index) => {
    const wrong = [];
    const numberOf = (field) => {
      const text = cell(row, field);
      if (blank(text)) return null;
      const value = Number(text);
      if (Number.isFinite(value)) return value;
      wrong.push(`${field}: “${text}” is not a number`);
      return null;
    };
    const mjd = places.mjd === undefined ? numberOf("jd") : numberOf("mjd");
    if (mjd === null && !wrong.length) wrong.push("mjd: there is no date");
    const isJulian = mjd !== null && mjd > 2_000_000;
    given.mjd.push(mjd === null ? null : isJulian ? mjd - 2_400_000.5 : mjd);
    for (const field of wanted) given[field].push(numberOf(field));
    const band = cell(row, "filter");
    if (blank(band)) wrong.push("filter: there is none");
    given.filter.push(band);
    if (given.magsys) given.magsys.push(blank(cell(row, "magsys")) ? magsys : cell(row, "magsys").toLowerCase());
    const named = cell(row, "instrument_id") ?? cell(row, "instrument");
    const id = blank(named) ? instrument : ids.get(named.toLowerCase());
    if (id === undefined || id === null)
      wrong.push(blank(named) ? "instrument: choose one" : `instrument: “${named}” is not known here`);
    given.instrument_id.push(id);
    if (wrong.length) problems.push({ row: index + 1, message: wrong.join("; ") });
  });
  return { columns: { ...given, ...(given.magsys ? {} : { magsys }) }, problems };
}

// The rows that an error of the API names (“row 3: mag: …; row 7: …”, counted from 0), counted from 1.
export function rowErrors(message) {
  const found = [...message.matchAll(/row (\d+): (.*?)(?=; row \d+: |$)/gs)];
  return found.map(([, row, words]) => ({ row: Number(row) + 1, message: words }));
}
