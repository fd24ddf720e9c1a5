// Releasing what somebody has reviewed, and nothing that was held later.

import { Button, Card, Name, count, heard, html, may, plural, post, refresh, useEffect, useOnce, useRef } from "./console.js";
import { Asking } from "./view_asking.js";
import { Freshness } from "./view_freshness.js";
import { Result, refusal } from "./view_results.js";
import { carryOut } from "./view_waiting.js";

/**
 * Asks before *asked* is released, and tells what became of it; `null` asks nothing.
 * *asked*: `{review, pairs, filter}`. The review is the one that was on screen when it was asked: the page looks again
 * while the dialog is open. *pairs* are null for all of them. *newestAt* is the newest measurement by now.
 */
export function ReleaseDialog({ asked, newestAt, onClose, onReleased }) {
  const { review, pairs, filter } = asked ?? { review: { count: 0 }, pairs: null, filter: [] };
  const number = pairs?.length ?? review.count;
  const release = async (given) => {
    const answer = await post("removals/release", { token: review.token, ...(pairs && { pairs }), ...given });
    onClose(); // Nothing outside of an open dialog can have the focus.
    onReleased(...releaseInWords(answer, pairs));
    refresh();
  };
  return html`
    <${Asking} title=${`Release ${plural(number, "removal")}?`} yes="Release them" no="Leave them" isOpen=${asked !== null}
      onYes=${release} onClose=${onClose}>
      ${asked && html`
        <p>${pairs ? `Those that you have selected, out of ${plural(review.count, "removal")}.` : html`<${FilterInWords} filter=${filter} />`}</p>
        <${Freshness} at=${newestAt} />
        <p>The next run removes those that are not observed by then. What is held after you looked is not released.</p>
      `}
    <//>
  `;
}

function FilterInWords({ filter }) {
  if (filter.length === 0) {
    return "All that wait: nothing is filtered.";
  }
  const part = ([label, value], index) => html`<span key=${label}>${index > 0 && ", "}${label} <strong><${Name}>${value}<//></strong></span>`;
  return html`All that wait with ${filter.map(part)}.`;
}

/** What to tell of a release, and its tone. *pairs* are those that were named, if any were. */
function releaseInWords({ reviewed, released, held }, pairs) {
  const asked = pairs?.length ?? reviewed;
  const missing = asked - released;
  const done = `Released ${count(released)} of the ${count(asked)} that were ${pairs ? "selected" : "reviewed"}; ${count(held)} wait still.`;
  if (missing <= 0) {
    return [`${done} The next run removes those that are not observed by then.`, "good"];
  }
  const other = missing === 1 ? "1 is" : `${count(missing)} are`;
  return [`${done} ${other} no longer as you saw: what you looked at was older than the state. They report again, were held anew, or are gone. Look again before you release more.`, "warn"];
}

/** What became of it; it takes the focus, for it is what was asked for. A run carries the release out. */
export function ReleaseOutcome({ result, tell, isRunOffered, onRun }) {
  const card = useRef();
  const [isBusy, once] = useOnce();
  useEffect(() => {
    card.current.focus({ preventScroll: true });
    card.current.scrollIntoView({ block: "nearest" });
  }, []);
  const run = () => once(async () => {
    tell("The run is being started…");
    onRun();
    await carryOut({}, tell).catch((error) => tell(refusal(heard(error)), "bad"));
  });
  return html`
    <${Card} label="What became of it" sectionRef=${card}>
      <${Result} of=${result} />
      ${isRunOffered && may("operator") && html`<div class="buttons"><${Button} isBusy=${isBusy} onClick=${run}>Start a run now<//></div>`}
    <//>
  `;
}
