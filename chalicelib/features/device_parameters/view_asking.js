// A dialog that asks for a reason before something happens that cannot be taken back.

import { Button, Dialog, Field, heard, html, toast, useEffect, useOnce, useRef, useState } from "./console.js";
import { refusal } from "./view_results.js";

const MOST = 500;
const HINT = "It stands in the audit log, with your name.";

/**
 * *onYes(given)* gets `{comment}`, or `{}` where nothing was said; where it fails, the dialog stays and says why.
 * The safe answer has the focus. Enter in the field does nothing.
 */
export function Asking({ title, yes, no, isOpen, onYes, onClose, children }) {
  const [comment, setComment] = useState("");
  const [problem, complain] = useState("");
  const [isBusy, once] = useOnce();
  const isInSight = useRef();
  isInSight.current = isOpen;
  useEffect(() => {
    setComment("");
    complain("");
  }, [isOpen]);
  const fail = (error) => (isInSight.current ? complain : toastBad)(refusal(heard(error)));
  const agree = () => once(async () => {
    complain("");
    const said = comment.trim();
    await Promise.resolve(onYes(said ? { comment: said } : {})).then(onClose, fail);
  });
  return html`
    <${Dialog} title=${title} isOpen=${isOpen} onClose=${onClose}>
      ${children}
      <${Field} label="Comment" hint=${HINT} maxlength=${MOST} autocomplete="off" value=${comment} onValue=${setComment} />
      ${problem && html`<p class="bad-text" role="alert">${problem}</p>`}
      <div class="buttons">
        <button type="button" autofocus onClick=${onClose}>${no}</button>
        <${Button} tone="danger" isBusy=${isBusy} onClick=${agree}>${yes}<//>
      </div>
    <//>
  `;
}

const toastBad = (text) => toast(text, "bad");
