// The shell: who is asking, the way around, and the page that the address names.

import { token } from "./api.js";
import { Boundary, attempt } from "./boundary.js";
import { html } from "./html.js";
import { cameBack, isFromIssuer } from "./login.js";
import { Navigation } from "./navigation.js";
import { Overview } from "./overview.js";
import { render } from "./preact.js";
import { useEffect, useLayoutEffect, useRef } from "./preact_hooks.js";
import { lookedAt, refresh, watchSight } from "./refresh.js";
import { loadViews } from "./registry.js";
import { addressOf, pageAt, redirect, useAddress } from "./router.js";
import { enter, isOffered, may, session, signOut } from "./session.js";
import { SignIn } from "./signin.js";
import { Failure, Loading } from "./states.js";
import { Age } from "./times.js";
import { useTitle } from "./title.js";
import { Toasts } from "./toast.js";

/** Show the console in *root*. */
export async function begin(root) {
  arrive();
  const views = await loadViews();
  root.replaceChildren();
  render(html`<${Shell} views=${views} />`, root);
  watchSight(look);
}

/** Ask who this is, once whoever was sent back by the issuer is where they were before. */
async function arrive() {
  const back = await cameBack();
  if (back) {
    redirect(location.pathname + back.hash);
  }
  enter(back);
}

/** Ask again: what is shown where somebody is known, else who it is. */
function look() {
  const { phase } = session.get();
  if (phase === "known") {
    refresh();
  } else if (phase === "unreachable") {
    enter();
  }
}

function Shell({ views }) {
  const { phase } = session.use();
  const { path } = useAddress();
  const found = pageAt(views, path);
  const main = useRef();
  return html`
    <${SkipLink} to=${main} />
    <${Masthead} />
    <div class=${phase === "known" ? "frame" : "frame frame-bare"}>
      ${phase === "known" && html`<${Navigation} views=${views} path=${path} found=${found} />`}
      <main tabindex="-1" ref=${main}><${Content} views=${views} path=${path} found=${found} /></main>
    </div>
    <footer class="foot quiet"><p>All times are UTC. The page looks again every minute while it is in sight.</p></footer>
    ${phase === "known" && html`<${Toasts} />`}
  `;
}

/** A link that moves the focus: its address would be taken for that of a page. */
function SkipLink({ to }) {
  const skip = (event) => {
    event.preventDefault();
    to.current.focus();
    to.current.scrollIntoView();
  };
  return html`<a class="skip" href="#" onClick=${skip}>Skip to the content</a>`;
}

function Masthead() {
  const { phase, me } = session.use();
  const looked = lookedAt.use();
  const isKnown = phase === "known";
  return html`
    <header class="masthead">
      <a class="brand" href=${addressOf([])}><img src="./assets/icon.svg" alt="" width="24" height="24" />device-parameters</a>
      <div class="masthead-tools">
        ${isKnown && html`<span class="quiet identity">${[me.subject, me.role, me.organization].filter(Boolean).join(" · ")}</span>`}
        ${isKnown && token.get() !== null && html`<button type="button" class="plain" onClick=${signOut}>${isFromIssuer() ? "Sign out" : "Forget the token"}</button>`}
        ${isKnown && looked && html`<span class="quiet">Looked <${Age} at=${looked} /></span>`}
        ${phase !== "stranger" && html`<button type="button" class="refresh" onClick=${look}>Refresh</button>`}
      </div>
    </header>
  `;
}

function Content({ views, path, found }) {
  const { phase, error } = session.use();
  if (phase === "starting") {
    return html`<${Loading} />`;
  }
  if (phase === "unreachable") {
    return html`<${Failure} error=${error} />`;
  }
  return phase === "stranger" ? html`<${SignIn} />` : html`<${Page} views=${views} path=${path} found=${found} />`;
}

/** The page at the address, each with a state of its own. */
function Page({ views, path, found }) {
  const { query } = useAddress();
  useFormerAddress(views, found);
  const title = titleOf(path, found);
  useTitle(title);
  const key = path?.join("/");
  return html`
    <${Heading} title=${title} at=${key} />
    <${Boundary} key=${key}>${contentOf(views, path, found, query)}<//>
  `;
}

function titleOf(path, found) {
  if (found) {
    const { view, page, params } = found;
    return typeof page.title === "function" ? attempt(() => page.title(params), view.title) : page.title;
  }
  return path?.length === 0 ? "Overview" : "No such page";
}

function contentOf(views, path, found, query) {
  if (found && !isOffered(found.page)) {
    const lack = may(found.page.least) ? "This page is for the platform's own people." : `This page takes the role ${found.page.least}.`;
    return html`<div class="notice notice-bad" role="alert">${lack}</div>`;
  }
  if (found) {
    return html`<${found.page.Component} params=${found.params} query=${query} />`;
  }
  return path?.length === 0 ? html`<${Overview} views=${views} />` : html`<${NoSuchPage} />`;
}

function NoSuchPage() {
  return html`
    <div class="notice notice-bad" role="alert">
      There is no page at this address. <a href=${addressOf([])}>Go to the overview</a>
    </div>
  `;
}

/** The heading of the page takes the focus when the reader goes to another page. */
function Heading({ title, at }) {
  const heading = useRef();
  const before = useRef(at);
  useEffect(() => {
    if (before.current !== at) {
      before.current = at;
      heading.current.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
  }, [at]);
  return html`<h1 tabindex="-1" ref=${heading}>${title}</h1>`;
}

/** A view may know an address from before the console: `formerly(hash)` gives today's, or null. */
function useFormerAddress(views, found) {
  useLayoutEffect(() => {
    const known = found ? null : views.map((view) => attempt(() => view.formerly?.(location.hash))).find(Boolean);
    if (known) {
      redirect(known);
    }
  }, [found]);
}
