// Registering many devices as a file lists them, and the files that were sent so far.

import { Age, ApiError, Button, Card, Chip, Field, FilterBar, FormDialog, Listing, Name, OwnerField, Select, addressOf, count, filtersFrom, html, navigate, ownerColumns, ownerIn, post, useEffect, useId, useOwnerFields, useState } from "./console.js";
import { TONES } from "./view_words.js";

const MOST_BYTES = 2 ** 20; // More is uploaded to a bucket, which this page may not talk to.
const FORMATS = [["csv", "CSV, with the names of the columns first"], ["ndjson", "JSON, a device on each line"]];
const STATUSES = ["awaiting_upload", "waiting", "running", "succeeded", "failed", "cancelled"];
const EXAMPLE = "name,deviceType,serialNumber,tags";

const FIELDS = [{ name: "status", label: "Status", options: STATUSES }];

const COLUMNS = [
  { title: "Import", isHeader: true, class: "part", cell: (each) => html`<a href=${addressOf(["devices", "imports", each.importId])}><${Name}>${each.name ?? each.importId}<//></a>` },
  { title: "Status", cell: ({ status }) => html`<${Chip} code=${status} tone=${TONES[status]} />` },
  { title: "Registered", isNumeric: true, cell: (each) => count(each.registeredCount) },
  { title: "Refused", isNumeric: true, cell: (each) => count(each.refusedCount) },
  { title: "When", class: "nowrap", sort: "createdAt", cell: (each) => html`<${Age} at=${each.createdAt} isShort />` },
  { title: "Who", class: "part", cell: (each) => html`<${Name}>${each.createdBy}<//>` },
];

export function Imports({ query }) {
  const [isAsking, ask] = useState(false);
  const fields = [...useOwnerFields(), ...FIELDS];
  const filters = filtersFrom(fields, query);
  const isFiltered = Object.values(filters).some(Boolean);
  const tools = html`<${Button} tone="primary" onClick=${() => ask(true)}>Import a file…<//>`;
  return html`
    <${Card} label="Imports" tools=${tools}>
      <${FilterBar} fields=${fields} query=${query} />
      <${Listing} path="device-imports" filters=${filters} query=${query} sorted=${["createdAt", "desc"]} one="import" columns=${[...COLUMNS, ...ownerColumns(query)]}
        empty=${isFiltered ? "No import is like that." : "Nothing has been imported yet."} keyOf=${(each) => each.importId} />
      <${NewImport} isOpen=${isAsking} onClose=${() => ask(false)} query=${query} />
    <//>
  `;
}

function NewImport({ isOpen, onClose, query }) {
  const [owner, own] = useState("");
  const [format, choose] = useState("csv");
  const [file, take] = useState(null);
  const [name, call] = useState("");
  useEffect(() => {
    own(ownerIn(query).organizationId ?? "");
    take(null);
    call("");
  }, [isOpen]);
  const taken = (chosen) => {
    take(chosen);
    choose(/\.(ndjson|jsonl|json)$/i.test(chosen?.name ?? "") ? "ndjson" : "csv");
    call((known) => known || (chosen?.name ?? "").slice(0, 100));
  };
  const work = async (key) => {
    const data = await textOf(file);
    const made = await post("device-imports", { format, data, name: name.trim() || null }, { key, parameters: { organizationId: owner } });
    navigate("devices", "imports", made.importId);
  };
  return html`
    <${FormDialog} title="Import a file" yes="Import it" isOpen=${isOpen} onClose=${onClose} work=${work}>
      ${(problemOf) => html`
        <${OwnerField} value=${owner} onValue=${own} problem=${problemOf("organizationId")} />
        <${FileField} file=${file} onFile=${taken} problem=${problemOf("data")} />
        <${Select} label="Format" options=${FORMATS} value=${format} onValue=${choose} problem=${problemOf("format")} />
        <${Field} label="Name" maxlength="100" autocomplete="off" hint="What the import is called; may be empty." value=${name} onValue=${call} problem=${problemOf("name")} />
      `}
    <//>
  `;
}

/** What is in another encoding would become something else, letter by letter. */
async function textOf(file) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    throw new ApiError(400, "NOT_UTF8", "The file is not in UTF-8. Save it so, and choose it again.", null, { parameter: "data" });
  }
}

/** A file that is too long is refused before anything is sent. */
function FileField({ file, onFile, problem }) {
  const id = useId();
  const tooLong = file?.size > MOST_BYTES ? `This file has ${count(file.size)} bytes; here it may have ${count(MOST_BYTES)}. Longer ones are uploaded by the API: POST /device-imports says where.` : "";
  const choose = (event) => {
    const [chosen] = event.target.files;
    event.target.setCustomValidity(chosen?.size > MOST_BYTES ? "The file is too long." : "");
    onFile(chosen ?? null);
  };
  return html`
    <div class="field">
      <label for=${id}>File</label>
      <input id=${id} type="file" required accept=".csv,.ndjson,.jsonl,.json,text/csv,application/x-ndjson" onChange=${choose} aria-describedby=${`${id}-hint`} />
      <p id=${`${id}-hint`} class="hint">Such as <code>${EXAMPLE}</code>, and a device in each line that follows.</p>
      ${(tooLong || problem) && html`<p class="field-problem" role="alert">${tooLong || problem}</p>`}
    </div>
  `;
}
