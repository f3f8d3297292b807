// Upload photometry from a file: pick the file, check its columns and rows, save.
import { html, useMemo, useState } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import {
  PHOTOMETRY_FIELDS,
  convertTable,
  detectColumns,
  detectMeasurements,
  parseRowErrors,
  parseTable,
} from "../core/photometry_table.js";
import { useAction, useLoad } from "../core/request_hooks.js";
import { getProfile } from "../core/session.js";
import { GroupCheckboxes, SelectField } from "./form_fields.js";
import { ScrollArea } from "./layout.js";
import { ErrorMessage, LoadedContent, LoadingMessage } from "./messages.js";
import { showNotice } from "./notices.js";

const PREVIEW_ROWS = 8;
const MAX_BYTES = 20 * 1024 * 1024;

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
    <p>Drop a CSV file with photometry here, or choose one:</p>
    <p><input type="file" accept=".csv,.txt,.dat,.tsv,.phot" aria-label="File with photometry"
      onChange=${(event) => onPick(event.target.files[0])} /></p>
    <p class="hint">Columns separated by commas, semicolons, tabs or blanks, with their names in the first line. Magnitudes, fluxes or limits.</p>
  </div>`;
}

// The first wrong rows, then the first correct ones.
function Preview({ table, columns, problems }) {
  const messages = new Map(problems.map(({ row, message }) => [row, message]));
  const fieldOfColumn = Object.fromEntries(Object.entries(columns).map(([field, index]) => [index, field]));
  const rows = table.rows.map((cells, index) => ({ cells, number: index + 1 }));
  const previewRows = [
    ...rows.filter(({ number }) => messages.has(number)).slice(0, PREVIEW_ROWS),
    ...rows.filter(({ number }) => !messages.has(number)).slice(0, PREVIEW_ROWS),
  ];
  return html`<${ScrollArea}><table>
    <thead><tr><th scope="col">Row</th>${table.names.map(
      (name, index) =>
        html`<th scope="col">${name}<br />${fieldOfColumn[index] ? `→ ${fieldOfColumn[index]}` : "not used"}</th>`,
    )}<th scope="col">Problem</th></tr></thead>
    <tbody>${previewRows.map(
      ({ cells, number }) => html`<tr class=${messages.has(number) ? "bad-row" : ""}><th scope="row">${number}</th>
      ${table.names.map((_, index) => html`<td>${cells[index]}</td>`)}
      <td class="error">${messages.get(number) ?? ""}</td></tr>`,
    )}</tbody>
  </table><//>`;
}

function listMissingColumns(columns) {
  const missing = [];
  if (!("mjd" in columns || "jd" in columns)) missing.push("date (mjd)");
  if (!("filter" in columns)) missing.push("filter");
  if (!("mag" in columns || "flux" in columns || "limiting_mag" in columns)) missing.push("magnitude or flux");
  return missing;
}

function ColumnFields({ table, columns, onChange }) {
  const choices = [["", "–"], ...table.names.map((name, index) => [index, name])];
  const [isOpen, setIsOpen] = useState(listMissingColumns(columns).length > 0);
  const assignColumn = (field, value) => {
    const newColumns = { ...columns, [field]: Number(value) };
    if (value === "") delete newColumns[field];
    onChange(newColumns);
  };
  return html`<details open=${isOpen} onToggle=${(event) => setIsOpen(event.target.open)}><summary>Columns</summary>
    <div class="fields">${PHOTOMETRY_FIELDS.map(
      (field) => html`<${SelectField} label=${field} value=${columns[field] ?? ""} choices=${choices}
      onChange=${(value) => assignColumn(field, value)} />`,
    )}</div></details>`;
}

const countNouns = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

function UploadForm({ source, instruments, onSave }) {
  const [table, setTable] = useState(null);
  const [fileName, setFileName] = useState("");
  const [fileError, setFileError] = useState(null);
  const [columns, setColumns] = useState({});
  const [instrument, setInstrument] = useState(instruments[0]?.id ?? null);
  const [magsys, setMagsys] = useState("ab");
  const [groups, setGroups] = useState([]);
  const loadFile = async (file) => {
    if (!file) return;
    setTable(null);
    setFileError(null);
    saveAction.clear();
    try {
      if (file.size > MAX_BYTES) throw new Error("The file is larger than 20 MB. Split it.");
      const newTable = parseTable(await file.text());
      setFileName(file.name);
      setTable(newTable);
      setColumns(detectColumns(newTable.names));
    } catch (error) {
      setFileError(error);
    }
  };
  const missing = table ? listMissingColumns(columns) : [];
  const conversion = useMemo(
    () =>
      table && !listMissingColumns(columns).length && convertTable(table, columns, instruments, { instrument, magsys }),
    [table, columns, instrument, magsys],
  );
  const saveAction = useAction(async () => {
    const { ids } = await api.put("/photometry", {
      obj_id: source,
      ...conversion.photometry,
      ...(groups.length ? { group_ids: groups } : {}),
    });
    showNotice(`Saved ${countNouns(ids.length, "point")} of photometry for ${source}.`, { kind: "good" });
    setTable(null);
    onSave();
  });
  const refusals = saveAction.error ? parseRowErrors(saveAction.error.message) : [];
  const problems = [...(conversion ? conversion.problems : []), ...refusals];
  if (!table) return html`<${FileDrop} onPick=${loadFile} /><p></p><${ErrorMessage} error=${fileError} />`;
  return html`<${FileDrop} onPick=${loadFile} />
    <p></p>
    <h3>${fileName}: ${countNouns(table.rows.length, "row")}, read as ${detectMeasurements(columns)}</h3>
    <${ColumnFields} table=${table} columns=${columns} onChange=${setColumns} />
    ${
      missing.length > 0 &&
      html`<div class="failure" role="alert"><p>Missing columns: ${missing.join(", ")}. Select them above.</p></div>`
    }
    <div class="fields">
      <${SelectField} label="Instrument" value=${instrument ?? ""} onChange=${(value) => setInstrument(Number(value))}
        hint="For rows that name none." choices=${instruments.map(({ id, name }) => [id, name])} />
      <${SelectField} label="Magnitude system" value=${magsys} onChange=${setMagsys} hint="For rows that name none."
        choices=${["ab", "vega"]} />
    </div><p></p>
    <${GroupCheckboxes} groups=${getProfile().groups} value=${groups} onChange=${setGroups}
      hint="Who can see these points. None selected: only you." />
    <${Preview} table=${table} columns=${columns} problems=${problems} />
    ${
      problems.length > 0 &&
      html`<p class="error" role="alert">${countNouns(problems.length, "wrong row")}. Nothing is saved until all rows are correct.</p>`
    }
    ${!refusals.length && html`<${ErrorMessage} error=${saveAction.error} />`}
    ${saveAction.busy && html`<${LoadingMessage} text=${`Sending ${countNouns(table.rows.length, "row")}`} />`}
    <div class="row end"><button type="button" class="main" onClick=${saveAction.run}
      disabled=${!conversion || conversion.problems.length > 0 || saveAction.busy}>
      Save ${countNouns(table.rows.length, "point")}</button></div>`;
}

export function PhotometryUpload({ source, onSave }) {
  const load = useLoad((signal) => api.get("/instrument", {}, signal), []);
  return html`<${LoadedContent} load=${load} text="Loading the instruments">${(instruments) => html`
    <${UploadForm} source=${source} onSave=${onSave}
      instruments=${instruments.filter(({ filters }) => filters?.length)} />`}<//>`;
}
