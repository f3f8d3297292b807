// The app: sign-in, the page that the address names, notices of analyses that end.
import { html, render, useEffect, useRef, useState } from "./vendor/htm-preact.js";
import { addEndListener, resumeTracking, stopWatching } from "./core/analysis_watch.js";
import { addRefusalListener, api } from "./core/api.js";
import { STATE_LABELS } from "./core/format.js";
import { adjustWhileLoading, takeFocusStep } from "./core/page_settling.js";
import { useLoad } from "./core/request_hooks.js";
import { buildAddress, getSavedScroll, useRoute } from "./core/router.js";
import { addSignOutListener, clearSession, forgetToken, getProfile, getToken, setProfile } from "./core/session.js";
import { ErrorBoundary, ErrorMessage, LoadedContent, LoadingMessage } from "./parts/messages.js";
import { NoticeList, showNotice } from "./parts/notices.js";
import { focusSearch, showShortcuts, useShortcuts } from "./parts/shortcuts.js";
import { SignInPage } from "./pages/sign_in.js";

// By the first part of the address. Each page is loaded when it is opened first.
const PAGES = {
  sources: () => import("./pages/sources.js").then((module) => module.SourcesPage),
  source: () => import("./pages/source.js").then((module) => module.SourcePage),
  start: () => import("./pages/start.js").then((module) => module.StartPage),
  analyses: () => import("./pages/analyses.js").then((module) => module.AnalysesPage),
  analysis: () => import("./pages/analysis.js").then((module) => module.AnalysisPage),
  compare: () => import("./pages/compare.js").then((module) => module.ComparePage),
  batch: () => import("./pages/batch.js").then((module) => module.BatchPage),
  batches: () => import("./pages/batches.js").then((module) => module.BatchesPage),
  services: () => import("./pages/services.js").then((module) => module.ServicesPage),
  service: () => import("./pages/service.js").then((module) => module.ServicePage),
  me: () => import("./pages/me.js").then((module) => module.ProfilePage),
};

const SECTIONS = [
  { address: "#/sources", label: "Sources", pages: ["sources", "source", "start"] },
  { address: "#/analyses", label: "Analyses", pages: ["analyses", "analysis", "batch", "batches", "compare"] },
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

// Titles of the browser's tab that are not the name of the page.
const TITLES = { source: "", start: "Start an analysis of", me: "Profile" };

function Footer() {
  const [apiUrl, setApiUrl] = useState(null);
  useEffect(() => void api.getUrl().then(setApiUrl), []);
  return html`<footer class="foot"><nav aria-label="Help">
    <a href="docs/astronomers.md">Guide for astronomers</a>
    <a href="docs/service-authors.md">Guide for service authors</a>
    ${apiUrl && html`<a href=${`${apiUrl}/docs`}>API reference</a>`}
    <button type="button" class="plain" onClick=${showShortcuts}>Keyboard shortcuts</button>
  </nav></footer>`;
}

const NotFoundPage = () => html`<div class="card"><h1>Page not found</h1>
  <p>Go to the <a href="#/sources">sources</a> or the <a href="#/analyses">analyses</a>.</p></div>`;

const loadNotFoundPage = async () => NotFoundPage;

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

function buildTitle([pageName = "sources", ...rest]) {
  const title = TITLES[pageName] ?? pageName[0].toUpperCase() + pageName.slice(1);
  return [[title, ...rest].filter(Boolean).join(" "), "Heliograph"].join(" · ");
}

// After each change of the address: the title, the scroll, and the focus if the page is another one.
function usePageChange(route, isSignedIn) {
  const lastPage = useRef(null);
  useEffect(() => {
    document.title = buildTitle(route.path);
    if (!isSignedIn) return;
    const page = route.path.join("/");
    const isFirst = lastPage.current === null;
    const isOther = !isFirst && page !== lastPage.current;
    lastPage.current = page;
    const scroll = getSavedScroll();
    const moveFocus = isOther ? takeFocusStep() : () => {};
    if (isOther && scroll === null) scrollTo(0, 0);
    adjustWhileLoading(() => {
      if (scroll !== null) scrollTo(0, scroll);
      moveFocus();
    });
  }, [route, isSignedIn]);
}

const explainRefusal = ({ message }) =>
  new Error(
    `You were signed out: the server does not accept your token any more. ${message} Sign in, and you are back on this page.`,
  );

function useSession() {
  const [session, setSession] = useState(getToken() ? "signing in" : "signed out");
  const [error, setError] = useState(null);
  const signIn = async () => {
    setProfile(await api.getProfile());
    resumeTracking();
    setError(null);
    setSession("signed in");
  };
  const showSignIn = (reason) => {
    stopWatching();
    setError(reason);
    setSession("signed out");
  };
  const signOut = () => {
    clearSession();
    showSignIn(null);
  };
  const endSession = (problem) => {
    forgetToken();
    showSignIn(explainRefusal(problem));
  };
  const resumeSession = () =>
    signIn().catch((problem) => {
      if (problem.status === 401) endSession(problem);
      else setError(problem);
    });
  useEffect(() => {
    if (getToken()) resumeSession();
    const removeListeners = [
      // A token that is refused while signing in is an error of the form.
      addRefusalListener((problem) => getProfile() && endSession(problem)),
      addSignOutListener(signOut),
      addEndListener(announceEnd),
    ];
    return () => removeListeners.forEach((remove) => remove());
  }, []);
  return { session, error, signIn, signOut, resumeSession };
}

// The page is a component, which a state must not call: it is kept in an object.
function LoadedPage({ pageName, ...rest }) {
  const load = useLoad(async () => ({ Page: await (PAGES[pageName] ?? loadNotFoundPage)() }), [pageName]);
  return html`<${LoadedContent} load=${load} text="Loading the page">${({ Page }) => html`<${Page} ...${rest} />`}<//>`;
}

function App() {
  const route = useRoute();
  const { session, error, signIn, signOut, resumeSession } = useSession();
  usePageChange(route, session === "signed in");
  useShortcuts({ "/": session === "signed in" ? focusSearch : () => {}, "?": showShortcuts });
  if (session === "signing in")
    return html`<main>${
      error
        ? html`<${ErrorMessage} error=${error} onRetry=${resumeSession} />`
        : html`<${LoadingMessage} text="Signing in" />`
    }</main>`;
  if (session === "signed out")
    return html`<main><${SignInPage} signIn=${signIn} error=${error} /></main><${Footer} />`;
  const { path, query } = route;
  const pageName = path[0] ?? "sources";
  return html`<a class="skip" href="#content" onClick=${skipToContent}>Skip to content</a>
    <${Header} pageName=${pageName} onSignOut=${signOut} />
    <main id="content" tabindex="-1"><${ErrorBoundary} key=${[pageName, ...path.slice(1)].join("/")}><${LoadedPage} key=${pageName}
      pageName=${pageName} path=${path.slice(1)} query=${query} /><//></main>
    <${Footer} /><${NoticeList} />`;
}

const container = document.getElementById("app");
container.replaceChildren();
render(html`<${App} />`, container);
