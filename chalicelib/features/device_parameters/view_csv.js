// All held removals in one file, of however many pages.

import { Button, bytes, getCsv, heard, html, saveFile, useEffect, useOnce, useRef, useState } from "./console.js";
import { refusal } from "./view_results.js";

const MOST_PAGES = 100; // A million lines, which is what a spreadsheet takes.

/** Keeps what *filters* let through as a file. */
export function CsvDownload({ filters }) {
  const [said, say] = useState("");
  const [isBusy, once] = useOnce();
  const isHere = useRef(true);
  useEffect(() => () => {
    isHere.current = false;
  }, []);
  const download = () => once(async () => {
    const file = await collect(filters, (size) => say(`${bytes(size)} so far…`), () => isHere.current);
    if (isHere.current) {
      keep(file);
      say(outcomeOf(file));
    }
  });
  return html`
    <span class="buttons">
      <${Button} isBusy=${isBusy} onClick=${download}>Download as CSV<//>
      <span class="quiet" role="status">${said}</span>
    </span>
  `;
}

/** `{parts, size, why}`; *why* says what ended it early. */
async function collect(filters, progress, isWanted) {
  const file = { parts: [], size: 0, why: null };
  let after = null;
  do {
    try {
      const page = await getCsv("removals.csv", { ...filters, after });
      file.parts.push(page.text);
      file.size += new Blob([page.text]).size;
      after = page.after;
    } catch (error) {
      return { ...file, why: refusal(heard(error)) };
    }
    progress(file.size);
  } while (after !== null && file.parts.length < MOST_PAGES && isWanted());
  return after === null ? file : { ...file, why: `A file holds ${MOST_PAGES} pages at most; filter for less.` };
}

function keep({ parts, why }) {
  if (parts.length > 0) {
    saveFile(why === null ? "removals.csv" : "removals-incomplete.csv", parts, "text/csv;charset=utf-8");
  }
}

function outcomeOf({ parts, size, why }) {
  if (why === null) {
    return `Complete: ${bytes(size)}.`;
  }
  return parts.length === 0 ? why : `Incomplete: it ends after ${bytes(size)}, with the removal in its last line. ${why}`;
}
