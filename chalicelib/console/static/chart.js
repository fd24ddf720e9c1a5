// A chart by uPlot, told in words besides, and there as a table where it cannot be drawn.

import { html } from "./html.js";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "./preact_hooks.js";

/**
 * *data* as uPlot takes it, and *optionsFor({color, font, width, uPlot})*, its options without the
 * size; both must stay the same while nothing new is to be drawn. *summary* says what there is to
 * see, *readout(index)* what is under the pointer; *children* are the same as a table.
 */
export function Chart({ data, optionsFor, summary, readout, children }) {
  const id = useId();
  const [pointed, point] = useState("");
  const isEmpty = data[0].length === 0;
  const canDraw = Boolean(window.uPlot);
  return html`
    <figure>
      ${!isEmpty && canDraw && html`
        <${Plot} data=${data} optionsFor=${optionsFor} labelledBy=${id} onPoint=${(index) => point(index === null ? "" : readout(index))} />
        <p class="readout quiet" aria-hidden="true">${pointed}</p>
      `}
      ${!isEmpty && !canDraw && html`<${WithoutLibrary} />`}
      <figcaption id=${id} class="quiet">${summary}</figcaption>
    </figure>
    ${!isEmpty && html`<details open=${!canDraw}><summary>The same as a table</summary>${children}</details>`}
  `;
}

function WithoutLibrary() {
  return html`
    <p class="empty">The chart cannot be drawn: its library was not packaged. Run${" "}
    <code>python -m web.build</code> before packaging. The numbers are in the table below.</p>
  `;
}

/** Drawn anew where the data or the colours change, and fitted where the width does. */
function Plot({ data, optionsFor, labelledBy, onPoint }) {
  const box = useRef();
  const latest = useRef();
  latest.current = onPoint;
  const scheme = useScheme();
  useLayoutEffect(() => {
    const element = box.current;
    const plot = new window.uPlot(withSize(element, optionsFor, latest), data, element);
    const observer = new ResizeObserver(() => plot.setSize(sizeOf(element)));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [data, optionsFor, scheme]);
  return html`<div class="plot" role="img" aria-labelledby=${labelledBy} ref=${box}></div>`;
}

function withSize(box, optionsFor, latest) {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(`--${name}`).trim();
  const size = sizeOf(box);
  const options = optionsFor({ color, font: `12px ${style.fontFamily}`, width: size.width, uPlot: window.uPlot });
  const setCursor = (plot) => latest.current(plot.cursor.idx ?? null);
  return { legend: { show: false }, ...size, ...options, hooks: { setCursor: [setCursor] } };
}

function sizeOf(box) {
  const width = box.clientWidth;
  return { width, height: width < 480 ? 180 : 220 };
}

/** `dark` or `light`, as the system is now. */
function useScheme() {
  const [query] = useState(() => matchMedia("(prefers-color-scheme: dark)"));
  const [isDark, setDark] = useState(query.matches);
  useEffect(() => {
    const follow = () => setDark(query.matches);
    query.addEventListener("change", follow);
    return () => query.removeEventListener("change", follow);
  }, []);
  return isDark ? "dark" : "light";
}
