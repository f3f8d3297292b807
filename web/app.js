// The app: who is signed in, which page the address names, and what finishes meanwhile.
import { html, render, useEffect, useState } from "./vendor/htm-preact.js";
import { get } from "./core/api.js";
import { address, useRoute } from "./core/router.js";
import { enter, leave, me, token } from "./core/session.js";
import { STATES } from "./core/words.js";
import { onEnd, resume, stop } from "./core/watch.js";
import { Failure, Guard, Waiting } from "./parts/basics.js";
import { Notices, notify } from "./parts/notices.js";
import { AnalysesPage } from "./pages/analyses.js";
import { AnalysisPage } from "./pages/analysis.js";
import { BatchPage } from "./pages/batch.js";
import { MePage } from "./pages/me.js";
import { ServicePage } from "./pages/service.js";
import { ServicesPage } from "./pages/services.js";
import { SignIn } from "./pages/sign_in.js";
import { SourcePage } from "./pages/source.js";
import { SourcesPage } from "./pages/sources.js";
import { StartPage } from "./pages/start.js";

const PAGES = {
  sources: SourcesPage,
  source: SourcePage,
  start: StartPage,
  analyses: AnalysesPage,
  analysis: AnalysisPage,
  batch: BatchPage,
  services: ServicesPage,
  service: ServicePage,
  me: MePage,
};

const ROOMS = [
  ["sources", "Sources", ["sources", "source", "start"]],
  ["analyses", "Analyses", ["analyses", "analysis", "batch"]],
  ["services", "Services", ["services", "service"]],
];

function Bar({ room, out }) {
  return html`<header class="bar">
    <a class="brand" href="#/sources"><img src="icon.svg" alt="" width="22" height="22" />Heliograph</a>
    <nav aria-label="Main">${ROOMS.map(
      ([name, words, within]) => html`
      <a href=${address([name])} aria-current=${within.includes(room) ? "page" : undefined}>${words}</a>`,
    )}</nav>
    <div class="who"><a href="#/me" aria-current=${room === "me" ? "page" : undefined}>${me().username}</a>
      <button type="button" onClick=${out}>Sign out</button></div>
  </header>`;
}

const NotFound = () => html`<div class="card"><h1>No such page</h1><p>See the <a href="#/sources">sources</a>, or the
  <a href="#/analyses">analyses</a>.</p></div>`;

// An analysis that ended is told of, unless one looks at it.
function tell({ id, source, status }) {
  const here = [address(["analysis", String(id)]), address(["source", source])];
  if (here.includes(location.hash.split("?")[0])) return;
  const kind = status === "completed" ? "good" : "bad";
  notify(`Analysis ${id} of ${source}: ${STATES[status] ?? status}.`, {
    kind,
    link: { href: address(["analysis", id]), words: "Open it" },
  });
}

function App() {
  const { path, query } = useRoute();
  const [state, setState] = useState(token() ? "asking" : "out");
  const [problem, setProblem] = useState(null);
  const come = () =>
    get("/internal/profile").then((profile) => {
      enter(profile);
      resume();
      setProblem(null);
      setState("in");
    });
  const open = () =>
    come().catch((error) => {
      if (error.status === 401) leave();
      setProblem(error);
      setState(error.status === 401 ? "out" : "asking");
    });
  const out = () => {
    stop();
    leave();
    setProblem(null);
    setState("out");
  };
  useEffect(() => {
    if (token()) open();
    return onEnd(tell);
  }, []);
  const room = path[0] ?? "sources";
  useEffect(() => {
    document.title = [path.slice(1).join(" "), room === "source" ? "" : room, "Heliograph"].filter(Boolean).join(" · ");
    scrollTo(0, 0);
  }, [path.join("/")]);
  if (state === "asking") {
    return html`<main>${
      problem
        ? html`<${Failure} error=${problem} again=${open} />`
        : html`<${Waiting}
      what="Signing in" />`
    }</main>`;
  }
  if (state === "out") return html`<main><${SignIn} come=${come} refused=${problem} /></main>`;
  const Page = PAGES[room] ?? NotFound;
  return html`<a class="skip" href="#content"
    onClick=${(event) => (event.preventDefault(), document.getElementById("content").focus())}>Skip to the page</a>
    <${Bar} room=${room} out=${out} />
    <main id="content" tabindex="-1"><${Guard} key=${path.join("/")}><${Page} path=${path.slice(1)}
      query=${query} /><//></main>
    <${Notices} />`;
}

const place = document.getElementById("app");
place.replaceChildren();
render(html`<${App} />`, place);
