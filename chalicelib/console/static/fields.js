// Fields besides the plain input: a choice, a tick, a long text, and tags.

import { Labelled } from "./form.js";
import { words } from "./format.js";
import { html } from "./html.js";
import { Name } from "./parts.js";
import { useState } from "./preact_hooks.js";

/** One of *options*: an option is a text, or `[value, label]`. */
export function Select({ label, hint, problem, options, value, onValue, ...select }) {
  const known = options.map((option) => (Array.isArray(option) ? option : [option, words(option)]));
  const option = ([each, said]) => html`<option key=${each} value=${each} selected=${each === value}>${said}</option>`;
  const control = (given) => html`
    <select ...${select} ...${given} value=${value} onChange=${(event) => onValue(event.target.value)}>${known.map(option)}</select>
  `;
  return html`<${Labelled} label=${label} hint=${hint} problem=${problem} control=${control} />`;
}

/** Yes or no. */
export function Check({ label, hint, problem, value, onValue, ...input }) {
  const control = (given) => html`
    <input type="checkbox" ...${input} ...${given} checked=${value} onChange=${(event) => onValue(event.target.checked)} />
  `;
  return html`<${Labelled} label=${label} hint=${hint} problem=${problem} control=${control} isInline />`;
}

/** A text of several lines. */
export function LongText({ label, hint, problem, value, onValue, ...area }) {
  const control = (given) => html`
    <textarea rows="4" ...${area} ...${given} value=${value} onInput=${(event) => onValue(event.target.value)}></textarea>
  `;
  return html`<${Labelled} label=${label} hint=${hint} problem=${problem} control=${control} />`;
}

/** A list of short texts: each is added at Enter, at a comma, or when the field is left. */
export function Tags({ label, hint = "Enter or a comma adds one.", problem, value, onValue, ...input }) {
  const [typed, type] = useState("");
  const add = (text) => {
    const fresh = text.split(",").map((tag) => tag.trim()).filter((tag, index, all) => tag && all.indexOf(tag) === index);
    onValue([...value, ...fresh.filter((tag) => !value.includes(tag))]);
    type("");
  };
  const keyDown = (event) => {
    if (event.key === "Enter" && typed.trim()) {
      event.preventDefault(); // It adds the tag, and does not send the form.
      add(typed);
    }
  };
  const follow = (event) => (event.target.value.includes(",") ? add(event.target.value) : type(event.target.value));
  const control = (given) => html`
    ${value.length > 0 && html`<ul class="tags">${value.map((tag) => html`<${Tag} key=${tag} tag=${tag} onRemove=${() => onValue(value.filter((each) => each !== tag))} />`)}</ul>`}
    <input type="text" autocomplete="off" autocapitalize="off" spellcheck=${false} ...${input} ...${given} value=${typed}
      onInput=${follow} onKeyDown=${keyDown} onBlur=${() => typed.trim() && add(typed)} />
  `;
  return html`<${Labelled} label=${label} hint=${hint} problem=${problem} control=${control} />`;
}

function Tag({ tag, onRemove }) {
  return html`<li class="tag"><${Name}>${tag}<//><button type="button" class="plain" aria-label=${`Remove ${tag}`} onClick=${onRemove}>×</button></li>`;
}
