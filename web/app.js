// The app: sign-in, the page that the address names, notices of analyses that end.
import { html, render, useEffect, useState } from "./vendor/htm-preact.js";
import { addEndListener, resumeTracking, stopWatching } from "./core/analysis_watch.js";
import { api } from "./core/api.js";
import { STATE_LABELS } from "./core/format.js";
import { buildAddress, useRoute } from "./core/router.js";
import { clearSession, getProfile, getToken, setProfile } from "./core/session.js";
import { ErrorBoundary, ErrorMessage, LoadingMessage } from "./parts/messages.js";
import { NoticeList, showNotice } from "./parts/notices.js";
import { AnalysesPage } from "./pages/analyses.js";
import { AnalysisPage } from "./pages/analysis.js";
import { BatchPage } from "./pages/batch.js";
import { ComparePage } from "./pages/compare.js";
import { ProfilePage } from "./pages/me.js";
import { ServicePage } from "./pages/service.js";
import { ServicesPage } from "./pages/services.js";
import { SignInPage } from "./pages/sign_in.js";
import { SourcePage } from "./pages/source.js";
import { SourcesPage } from "./pages/sources.js";
import { StartPage } from "./pages/start.js";

// By the first part of the address.
const PAGES = {
  sources: SourcesPage,
  source: SourcePage,
  start: StartPage,
  analyses: AnalysesPage,
  analysis: AnalysisPage,
  compare: ComparePage,
  batch: BatchPage,
  services: ServicesPage,
  service: ServicePage,
  me: ProfilePage,
};

const SECTIONS = [
  { address: "#/sources", label: "Sources", pages: ["sources", "source", "start"] },
  { address: "#/analyses", label: "Analyses", pages: ["analyses", "analysis", "batch", "compare"] },
  { address: "#/services", label: "Services", pages: ["services", "service"] },
];

function Header({ pageName, onSignOut }) {
  const markCurrent = (pages) => (pages.includes(pageName) ? "page" : undefined);
  return html`<header class="bar">
    <a class="brand" href="#/sources"><img src="icon.svg" alt="" width="22" height="22" />Heliograph</a>
    <nav aria-label="Main">${SECTIONS.map(
      ({ address, label, pages }) => html`<a href=${address} aria-current=${markCurrent(pages)}>${label}</a>`,
    )}</nav>
    <div class="who"><a href="#/me" aria-current=${markCurrent(["me"])}>${getProfile().username}</a>
      <button type="button" onClick=${onSignOut}>Sign out</button></div>
  </header>`;
}

const NotFoundPage = () => html`<div class="card"><h1>Page not found</h1>
  <p>Go to the <a href="#/sources">sources</a> or the <a href="#/analyses">analyses</a>.</p></div>`;

function skipToContent(event) {
  event.preventDefault();
  document.getElementById("content").focus();
}

// The pages of the analysis and of its source show the end themselves.
function announceEnd({ id, source, status, verdict }) {
  const analysisAddress = buildAddress(["analysis", String(id)]);
  if ([analysisAddress, buildAddress(["source", source])].includes(location.hash.split("?")[0])) return;
  const isRefuted = verdict?.describes_data === false;
  const state = STATE_LABELS[status] ?? status;
  showNotice(`Analysis ${id} of ${source}: ${state}${isRefuted ? ", but the model does not describe the data" : ""}.`, {
    kind: status === "completed" && !isRefuted ? "good" : "bad",
    link: { href: analysisAddress, text: "Open analysis" },
  });
}

function App() {
  const { path, query } = useRoute();
  const [session, setSession] = useState(getToken() ? "signing in" : "signed out");
  const [error, setError] = useState(null);
  const signIn = async () => {
    setProfile(await api.get("/internal/profile"));
    resumeTracking();
    setError(null);
    setSession("signed in");
  };
  const signOut = (reason = null) => {
    stopWatching();
    clearSession();
    setError(reason);
    setSession("signed out");
  };
  const resumeSession = () =>
    signIn().catch((problem) => {
      if (problem.status === 401) signOut(problem);
      else setError(problem);
    });
  useEffect(() => {
    if (getToken()) resumeSession();
    return addEndListener(announceEnd);
  }, []);
  const pageName = path[0] ?? "sources";
  useEffect(() => {
    document.title = [path.slice(1).join(" "), pageName === "source" ? "" : pageName, "Heliograph"]
      .filter(Boolean)
      .join(" · ");
    scrollTo(0, 0);
  }, [path.join("/")]);
  if (session === "signing in")
    return html`<main>${
      error
        ? html`<${ErrorMessage} error=${error} onRetry=${resumeSession} />`
        : html`<${LoadingMessage} text="Signing in" />`
    }</main>`;
  if (session === "signed out") return html`<main><${SignInPage} signIn=${signIn} error=${error} /></main>`;
  const Page = PAGES[pageName] ?? NotFoundPage;
  return html`<a class="skip" href="#content" onClick=${skipToContent}>Skip to content</a>
    <${Header} pageName=${pageName} onSignOut=${() => signOut()} />
    <main id="content" tabindex="-1"><${ErrorBoundary} key=${[pageName, ...path.slice(1)].join("/")}><${Page} path=${path.slice(1)}
      query=${query} /><//></main>
    <${NoticeList} />`;
}

const container = document.getElementById("app");
container.replaceChildren();
render(html`<${App} />`, container);
