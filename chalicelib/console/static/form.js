// Forms: fields with their labels and hints, and buttons that keep the focus while they wait.

import { html } from "./html.js";
import { useId, useState } from "./preact_hooks.js";
import { classes } from "./parts.js";

/** A form that calls *onSubmit* when what was entered is valid. */
export function Form({ onSubmit, label, children }) {
  const submit = (event) => {
    event.preventDefault();
    onSubmit(event.target);
  };
  return html`<form aria-label=${label} onSubmit=${submit}>${children}</form>`;
}

/** An input with its label above it, and below it a hint, or what is wrong with it. */
export function Field({ label, hint, problem, options, onValue, inputRef, ...input }) {
  const id = useId();
  const described = [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(" ");
  return html`
    <div class="field">
      <label for=${id}>${label}</label>
      <input id=${id} ref=${inputRef} ...${input} list=${options && `${id}-list`} aria-describedby=${described || undefined}
        aria-invalid=${problem ? "true" : undefined} onInput=${(event) => onValue(event.target.value)} />
      ${options && html`<datalist id=${`${id}-list`}>${options.map(optionOf)}</datalist>`}
      ${hint && html`<p id=${`${id}-hint`} class="hint">${hint}</p>`}
      ${problem && html`<p id=${`${id}-problem`} class="field-problem" role="alert">${problem}</p>`}
    </div>
  `;
}

const optionOf = ([value, label]) => html`<option key=${value} value=${value} label=${label}></option>`;

/** A button that says that it waits instead of being disabled, which would lose the focus. */
export function Button({ isBusy = false, tone, type = "button", onClick, children, ...rest }) {
  return html`
    <button type=${type} class=${classes(tone)} aria-disabled=${String(isBusy)} onClick=${(event) => isBusy || onClick?.(event)} ...${rest}>${children}</button>
  `;
}

/** `[isBusy, once]`: *once(work)* does one thing at a time. */
export function useOnce() {
  const [isBusy, setBusy] = useState(false);
  const once = async (work) => {
    if (isBusy) {
      return;
    }
    setBusy(true);
    try {
      await work();
    } finally {
      setBusy(false);
    }
  };
  return [isBusy, once];
}
