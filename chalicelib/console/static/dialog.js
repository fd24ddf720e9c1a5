// The browser's own dialog: it keeps the focus inside, closes at Escape, and gives the focus back.

import { html } from "./html.js";
import { useId, useLayoutEffect, useRef } from "./preact_hooks.js";

/** *onClose* is called however it was closed. Keep it in place while it is closed. */
export function Dialog({ title, isOpen, onClose, isWide, children }) {
  const id = useId();
  const dialog = useRef();
  useLayoutEffect(() => {
    if (isOpen && !dialog.current.open) {
      dialog.current.showModal();
    } else if (!isOpen && dialog.current.open) {
      dialog.current.close();
    }
  }, [isOpen]);
  return html`
    <dialog ref=${dialog} class=${isWide ? "wide" : undefined} aria-labelledby=${id} onClose=${onClose}>
      <h2 id=${id}>${title}</h2>
      ${children}
    </dialog>
  `;
}

/** Asks before something happens that cannot be taken back; the safe answer has the focus. */
export function Confirm({ title, yes, no, isOpen, onYes, onClose, children }) {
  const agree = () => {
    onClose();
    onYes();
  };
  return html`
    <${Dialog} title=${title} isOpen=${isOpen} onClose=${onClose}>
      ${children}
      <div class="buttons">
        <button type="button" autofocus onClick=${onClose}>${no}</button>
        <button type="button" class="danger" onClick=${agree}>${yes}</button>
      </div>
    <//>
  `;
}
