// Photometry from a file: dropped or chosen, its columns recognised, looked at, and sent.
import { html, useMemo, useState } from "../vendor/htm-preact.js";
import { get, put } from "../core/api.js";
import { FIELDS, readTable, recognise, rowErrors, spaceOf, toColumns } from "../core/csv.js";
import { useAction, useLoad } from "../core/load.js";
import { me } from "../core/session.js";
import { Failure, Loaded, Scroll, Waiting } from "./basics.js";
import { ChoiceField, GroupTicks } from "./fields.js";
import { notify } from "./notices.js";

const PREVIEW = 8;
const LARGEST = 20 * 1024 * 1024;

function Drop({ take, children }) {
  const [over, setOver] = useState(false);
  const stop = (event, on) => {
    event.preventDefault();
    setOver(on);
  };
  return html`<div class="drop ${over ? "over" : ""}" onDragOver=${(event) => stop(event, true)}
    onDragLeave=${(event) => stop(event, false)}
      onDrop=${(event) => (stop(event, false), take(event.dataTransfer.files[0]))}>
    <p>Drop a CSV file with photometry here, or choose one:</p>
    <p><input type="file" accept=".csv,.txt,.dat,.tsv,.phot" aria-label="File with photometry"
      onChange=${(event) => take(event.target.files[0])} /></p>
    <p class="hint">Commas, semicolons, tabs or blanks between the columns; their names in the first line. Magnitudes, fluxes, or limits.</p>
    ${children}
  </div>`;
}

function Preview({ table, places, problems }) {
  const wrong = new Map(problems.map(({ row, message }) => [row, message]));
  const named = Object.fromEntries(Object.entries(places).map(([field, place]) => [place, field]));
  const shown = table.rows.map((cells, index) => ({ cells, row: index + 1 }));
  const first = [
    ...shown.filter(({ row }) => wrong.has(row)).slice(0, PREVIEW),
    ...shown.filter(({ row }) => !wrong.has(row)).slice(0, PREVIEW),
  ];
  return html`<${Scroll}><table>
    <thead><tr><th scope="col">Row</th>${table.names.map(
      (name, place) => html`<th
      scope="col">${name}<br />${named[place] ? `→ ${named[place]}` : "not used"}</th>`,
    )}
      <th scope="col">What is wrong</th></tr></thead>
    <tbody>${first.map(
      ({ cells, row }) => html`<tr class=${wrong.has(row) ? "bad-row" : ""}><th scope="row">${row}</th>
      ${table.names.map((_, place) => html`<td>${cells[place]}</td>`)}<td
        class="error">${wrong.get(row) ?? ""}</td></tr>`,
    )}</tbody>
  </table><//>`;
}

function missing(places) {
  const lacks = [];
  if (places.mjd === undefined && places.jd === undefined) lacks.push("a date (mjd)");
  if (places.filter === undefined) lacks.push("a filter");
  if (places.mag === undefined && places.flux === undefined && places.limiting_mag === undefined)
    lacks.push("a magnitude or a flux");
  return lacks;
}

function Assign({ table, places, setPlaces }) {
  const columns = [["", "–"], ...table.names.map((name, place) => [place, name])];
  const set = (field) => (value) => {
    const { [field]: gone, ...rest } = places;
    setPlaces(value === "" ? rest : { ...rest, [field]: Number(value) });
  };
  const [open, setOpen] = useState(missing(places).length > 0);
  return html`<details open=${open} onToggle=${(event) => setOpen(event.target.open)}><summary>Columns</summary><div
    class="fields">
    ${FIELDS.map(
      (field) => html`<${ChoiceField} label=${field} value=${places[field] ?? ""} change=${set(field)}
      choices=${columns} />`,
    )}
  </div></details>`;
}

function Form({ source, instruments, sent }) {
  const [table, setTable] = useState(null);
  const [name, setName] = useState("");
  const [problem, setProblem] = useState(null);
  const [places, setPlaces] = useState({});
  const [instrument, setInstrument] = useState(instruments[0]?.id ?? null);
  const [magsys, setMagsys] = useState("ab");
  const [groups, setGroups] = useState([]);
  const take = async (file) => {
    if (!file) return;
    setTable(null);
    setProblem(null);
    send.clear();
    try {
      if (file.size > LARGEST) throw new Error("The file has more than 20 MB. Split it.");
      const read = readTable(await file.text());
      setName(file.name);
      setTable(read);
      setPlaces(recognise(read.names));
    } catch (error) {
      setProblem(error);
    }
  };
  const lacks = table ? missing(places) : [];
  const made = useMemo(
    () => table && !missing(places).length && toColumns(table, places, { instruments, instrument, magsys }),
    [table, places, instrument, magsys],
  );
  const send = useAction(async () => {
    const { ids } = await put("/photometry", {
      obj_id: source,
      ...made.columns,
      ...(groups.length ? { group_ids: groups } : {}),
    });
    notify(`${ids.length} points of photometry are saved for ${source}.`, { kind: "good" });
    setTable(null);
    sent();
  });
  const refused = send.error ? rowErrors(send.error.message) : [];
  const problems = [...(made ? made.problems : []), ...refused];
  return html`<${Drop} take=${take} />
    <p></p><${Failure} error=${problem} />
    ${
      table &&
      html`<h3>${name}: ${table.rows.length} rows, read as ${spaceOf(places) === "flux" ? "fluxes" : "magnitudes"}</h3>
      <${Assign} table=${table} places=${places} setPlaces=${setPlaces} />
      ${
        lacks.length > 0 &&
        html`<div class="failure" role="alert">
        <p>The table lacks ${lacks.join(", ")}. Say above which column it is.</p></div>`
      }
      <div class="fields">
        <${ChoiceField} label="Instrument" value=${instrument ?? ""} change=${(value) => setInstrument(Number(value))}
          hint="Where the table names none." choices=${instruments.map((one) => [one.id, one.name])} />
        <${ChoiceField} label="Magnitude system" value=${magsys} change=${setMagsys} hint="Where the table names none."
          choices=${["ab", "vega"]} />
      </div><p></p>
      <${GroupTicks} groups=${me().groups} chosen=${groups} change=${setGroups}
        hint="Who sees these points. None: only you." />
      <${Preview} table=${table} places=${places} problems=${problems} />
      ${
        problems.length > 0 &&
        html`<p class="error"
          role="alert">${problems.length} ${problems.length === 1 ? "row is" : "rows are"} wrong; nothing is written until
        ${problems.length === 1 ? " it is" : " they are"} right.</p>`
      }
      ${send.error && !refused.length && html`<${Failure} error=${send.error} />`}
      ${send.busy && html`<${Waiting} what=${`Sending ${table.rows.length} rows`} />`}
      <div class="row end"><button type="button" class="main" disabled=${!made || made.problems.length > 0 || send.busy}
        onClick=${send.run}>
        Save ${table.rows.length} ${table.rows.length === 1 ? "point" : "points"}</button></div>`
    }`;
}

export function Upload({ source, sent }) {
  const load = useLoad((signal) => get("/instrument", {}, signal), []);
  return html`<${Loaded} load=${load} what="Loading the instruments">${(
    all,
  ) => html`<${Form} source=${source} sent=${sent}
    instruments=${all.filter((one) => one.filters?.length)} />`}<//>`;
}
