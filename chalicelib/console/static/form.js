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

/** An input with its label above it; *options* are suggestions, `[value, label]`. */
export function Field({ label, hint, problem, options, onValue, inputRef, ...input }) {
  const control = (given) => html`
    <input ref=${inputRef} ...${input} ...${given} list=${options && `${given.id}-list`} onInput=${(event) => onValue(event.target.value)} />
    ${options && html`<datalist id=${`${given.id}-list`}>${options.map(optionOf)}</datalist>`}
  `;
  return html`<${Labelled} label=${label} hint=${hint} problem=${problem} control=${control} />`;
}

const optionOf = ([value, label]) => html`<option key=${value} value=${value} label=${label}></option>`;

/** What *control(attributes)* draws, with its label above it, and below it a hint, or what is wrong with it. */
export function Labelled({ label, hint, problem, control, isInline }) {
  const id = useId();
  const described = [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(" ");
  const given = { id, "aria-describedby": described || undefined, "aria-invalid": problem ? "true" : undefined };
  const name = html`<label for=${id}>${label}</label>`;
  return html`
    <div class="field">
      ${isInline ? html`<div class="check">${control(given)}${name}</div>` : html`${name}${control(given)}`}
      ${hint && html`<p id=${`${id}-hint`} class="hint">${hint}</p>`}
      ${problem && html`<p id=${`${id}-problem`} class="field-problem" role="alert">${problem}</p>`}
    </div>
  `;
}

/** What went wrong with a form besides its fields: *of* is the `rest` of `useSending`, and is asked after them. */
export function Rest({ of }) {
  const problem = of();
  return problem && html`<p class="bad-text" role="alert">${problem}</p>`;
}

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
