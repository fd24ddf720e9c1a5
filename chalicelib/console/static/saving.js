// A file that the page has put together: a plain link would ask for it without a token.

/** Let the browser keep *parts*, which are texts, as the file *name*. */
export function saveFile(name, parts, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type }));
  link.download = name;
  link.click();
  // The browser has to begin before what it reads is gone.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
