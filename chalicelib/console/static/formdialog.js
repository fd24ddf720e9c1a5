// A form above the page. It stays until it is done, and says why where it is not.

import { Dialog } from "./dialog.js";
import { Button, Rest } from "./form.js";
import { html } from "./html.js";
import { classes } from "./parts.js";
import { useFocusOnProblem, useSending } from "./sending.js";

/**
 * *work(key)* writes what was entered; it is done where it does not throw. *children(problemOf)* are the fields,
 * and begin anew with each opening. What cannot be taken back has the *tone* `danger`: the focus is on *no* then.
 */
export function FormDialog({ title, isOpen, onClose, isWide, ...form }) {
  return html`
    <${Dialog} title=${title} isOpen=${isOpen} onClose=${onClose} isWide=${isWide}>
      ${isOpen && html`<${Asked} onClose=${onClose} ...${form} />`}
    <//>
  `;
}

function Asked({ yes, no = "Cancel", tone = "primary", work, onClose, children }) {
  const { isBusy, send, problemOf, rest } = useSending();
  const form = useFocusOnProblem(isBusy);
  const submit = (event) => {
    event.preventDefault();
    send(async (key) => {
      await work(key);
      onClose();
    });
  };
  const fields = typeof children === "function" ? children(problemOf) : children;
  const leave = html`<button key="no" type="button" autofocus=${tone === "danger"} onClick=${onClose}>${no}</button>`;
  const agree = html`<${Button} key="yes" type="submit" tone=${classes(tone)} isBusy=${isBusy}>${yes}<//>`;
  return html`
    <form ref=${form} onSubmit=${submit}>
      ${fields}
      <${Rest} of=${rest} />
      <div class="buttons">${tone === "danger" ? [leave, agree] : [agree, leave]}</div>
    </form>
  `;
}
