// Upload photometry from a file: pick the file, check what the server understood of it, save.
import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { formatNumber } from "../core/format.js";
import { useAction, useLoad } from "../core/request_hooks.js";
import { getProfile } from "../core/session.js";
import { Checkbox, GroupCheckboxes, SelectField, TextField, useForm } from "./form_fields.js";
import { ScrollArea } from "./layout.js";
import { ErrorMessage, LoadedContent, LoadingMessage } from "./messages.js";
import { showNotice } from "./notices.js";

const PREVIEW_ROWS = 8;
const LISTED_PROBLEMS = 200;
const MAX_MEGABYTES = 4;
const TYPING_PAUSE = 400;

const MAPPED_FIELDS = [
  "mjd",
  "filter",
  "mag",
  "magerr",
  "limiting_mag",
  "flux",
  "fluxerr",
  "zp",
  "magsys",
  "instrument",
];

const ROW_COLUMNS = ["mjd", "filter", "instrument", "mag", "magerr", "limiting_mag", "flux", "fluxerr"];

const NO_OPTIONS = { instrument_id: "", magsys: "", zp: "", columns: {} };

const countNouns = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

function FileDrop({ onPick }) {
  const [isDragging, setIsDragging] = useState(false);
  const handleDrag = (event, isOver) => {
    event.preventDefault();
    setIsDragging(isOver);
  };
  const handleDrop = (event) => {
    handleDrag(event, false);
    onPick(event.dataTransfer.files[0]);
  };
  return html`<div class="drop ${isDragging ? "over" : ""}" onDragOver=${(event) => handleDrag(event, true)}
    onDragLeave=${(event) => handleDrag(event, false)} onDrop=${handleDrop}>
    <p>Drop a file with photometry here, or choose one:</p>
    <p><input type="file" aria-label="File with photometry"
      onChange=${(event) => onPick(event.target.files[0])} /></p>
    <p class="hint">Forced photometry of ZTF or ATLAS; Lasair, ALeRCE, ANTARES, Fink, ASAS-SN, AAVSO, TNS, Open
      Supernova Catalog, SNANA, SALT2, sncosmo, ECSV, VOTable, FITS, JSON; or any table with a line of column names.</p>
  </div>`;
}

// The query by which the server reads the file; options that are not chosen are left out.
function buildQuery({ instrument_id, magsys, zp, columns }) {
  const mapping = Object.entries(columns).filter(([, column]) => column.trim());
  const options = { instrument_id, magsys, zp: zp.trim() };
  if (mapping.length) options.columns = JSON.stringify(Object.fromEntries(mapping));
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== ""));
}

function ReadOptions({ instruments, values, bindField, columns, isOpen }) {
  const mapping = bindField("columns");
  return html`<div class="fields">
      <${SelectField} label="Instrument" ...${bindField("instrument_id")} hint="For rows that name none."
        choices=${[["", "as the file says"], ...instruments.map(({ id, name }) => [id, name])]} />
      <${SelectField} label="Magnitude system" ...${bindField("magsys")} hint="For rows that name none."
        choices=${[["", "as the file says"], "ab", "vega"]} />
      <${TextField} label="Zero point" ...${bindField("zp")}
        hint="The magnitude of a flux of 1, for rows that name none: 23.9 for µJy." />
    </div>
    <details open=${isOpen}><summary>Columns</summary>
      <p class="hint">Write the name of a column where the file's own was not recognized.</p>
      <div class="fields">${MAPPED_FIELDS.map(
        (field) => html`<${TextField} label=${field} value=${values.columns[field] ?? ""}
        hint=${columns?.[field] ? `read from ${columns[field]}` : undefined}
        onChange=${(column) => mapping.onChange({ ...values.columns, [field]: column })} />`,
      )}</div></details>`;
}

function Preview({ content, instruments }) {
  const instrumentNames = new Map(instruments.map(({ id, name }) => [id, name]));
  const getCell = (row, column) => {
    if (column === "instrument") return instrumentNames.get(row.instrument_id) ?? row.instrument_id;
    if (column === "filter") return row.filter;
    if (row[column] === null) return "–";
    return column === "mjd" ? row.mjd : formatNumber(row[column]);
  };
  const columns = Object.entries(content.columns).map(([field, column]) => `${field} from ${column}`);
  return html`<p>${columns.join(", ")}</p>
    <${ScrollArea} label="Rows as they would be stored"><table>
      <caption>As the rows would be stored: AB magnitudes, fluxes in µJy</caption>
      <thead><tr>${ROW_COLUMNS.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
      <tbody>${content.rows
        .slice(0, PREVIEW_ROWS)
        .map((row) => html`<tr>${ROW_COLUMNS.map((column) => html`<td>${getCell(row, column)}</td>`)}</tr>`)}</tbody>
    </table><//>
    ${content.rows.length > PREVIEW_ROWS && html`<p class="hint">and ${content.rows.length - PREVIEW_ROWS} more</p>`}`;
}

function Problems({ problems }) {
  if (!problems.length) return null;
  return html`<${ScrollArea} label="Rows that cannot be read"><table>
      <thead><tr><th scope="col">Row</th><th scope="col">Problem</th></tr></thead>
      <tbody>${problems.slice(0, LISTED_PROBLEMS).map(
        ({ row, message }) =>
          html`<tr class="bad-row"><th scope="row">${row}</th><td class="error">${message}</td></tr>`,
      )}</tbody>
    </table><//>
    ${problems.length > LISTED_PROBLEMS && html`<p class="hint">and ${problems.length - LISTED_PROBLEMS} more</p>`}
    <p class="error" role="alert">${countNouns(problems.length, "row")} cannot be read. Nothing is saved until all rows
      are correct, or problem rows are skipped.</p>`;
}

// The values of a form, after a pause in typing.
function usePause(values) {
  const [pausedValues, setPausedValues] = useState(values);
  useEffect(() => {
    const timer = setTimeout(() => setPausedValues(values), TYPING_PAUSE);
    return () => clearTimeout(timer);
  }, [values]);
  return pausedValues;
}

function FileForm({ source, file, instruments, onSave }) {
  const path = `/sources/${encodeURIComponent(source)}/photometry/file`;
  const [values, bindField] = useForm(NO_OPTIONS);
  const [isSkipping, setIsSkipping] = useState(false);
  const [groups, setGroups] = useState([]);
  const readValues = usePause(values);
  const query = buildQuery(readValues);
  const load = useLoad(
    (signal) => api.postFile(path, file, { ...query, dry_run: true }, signal),
    [file, JSON.stringify(query)],
  );
  const saveAction = useAction(async () => {
    const sharing = groups.length ? { group_ids: groups.join(",") } : {};
    const { ids } = await api.postFile(path, file, { ...query, ...sharing, skip_problems: isSkipping });
    showNotice(`Saved ${countNouns(ids.length, "point")} of photometry for ${source}.`, { kind: "good" });
    onSave();
  });
  const content = load.error ? undefined : load.data;
  const count = content?.rows.length ?? 0;
  const isBlocked = !count || (content.problems.length > 0 && !isSkipping) || readValues !== values;
  return html`<p></p>
    <h3>${file.name}${content ? `: ${content.format}, ${countNouns(content.n_rows, "row")}` : ""}</h3>
    <${ErrorMessage} error=${load.error} />
    ${load.busy && html`<${LoadingMessage} text="Reading the file" />`}
    <${ReadOptions} instruments=${instruments} values=${values} bindField=${bindField} columns=${content?.columns}
      isOpen=${Boolean(load.error) || Object.keys(values.columns).length > 0} />
    ${content && html`<${Preview} content=${content} instruments=${instruments} /><${Problems} problems=${content.problems} />`}
    ${
      content?.problems.length > 0 &&
      html`<${Checkbox} label="Skip problem rows" value=${isSkipping} onChange=${setIsSkipping} />`
    }
    <${GroupCheckboxes} groups=${getProfile().groups} value=${groups} onChange=${setGroups}
      hint="Who can see these points. None selected: only you." />
    <${ErrorMessage} error=${saveAction.error} />
    ${saveAction.busy && html`<${LoadingMessage} text=${`Sending ${countNouns(count, "row")}`} />`}
    <div class="row end"><button type="button" class="main" onClick=${saveAction.run}
      disabled=${isBlocked || load.busy || saveAction.busy}>Save ${countNouns(count, "point")}</button></div>`;
}

function UploadForm({ source, instruments, onSave }) {
  const [picked, setPicked] = useState(null);
  const pickFile = (file) => file && setPicked({ file, number: (picked?.number ?? 0) + 1 });
  const handleSave = () => {
    setPicked(null);
    onSave();
  };
  const isTooLarge = picked && picked.file.size > MAX_MEGABYTES * 1024 * 1024;
  return html`<${FileDrop} onPick=${pickFile} />
    ${isTooLarge && html`<${ErrorMessage} error=${new Error(`The file is larger than ${MAX_MEGABYTES} MB. Split it.`)} />`}
    ${
      picked &&
      !isTooLarge &&
      html`<${FileForm} key=${picked.number} source=${source} file=${picked.file} instruments=${instruments}
      onSave=${handleSave} />`
    }`;
}

export function PhotometryUpload({ source, onSave }) {
  const load = useLoad((signal) => api.get("/instrument", {}, signal), []);
  return html`<${LoadedContent} load=${load} text="Loading the instruments">${(instruments) => html`
    <${UploadForm} source=${source} onSave=${onSave}
      instruments=${instruments.filter(({ filters }) => filters?.length)} />`}<//>`;
}
