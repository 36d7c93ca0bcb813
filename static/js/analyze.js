// An analysis while it goes on: when the socket says that there is something new, the part of the page that shows it is
// fetched, as it is sorted and filtered; never under somebody's hands.
"use strict";

(() => {
  const analysis = document.getElementById("analysis");
  const results = document.getElementById("results");
  const PAUSE_MS = 1000;
  let shown = "", fetchedAt = 0, timer = 0;

  const busy = () => results.querySelector("select:focus, input:focus") !== null && results.matches(":focus-within");

  function refresh() {
    clearTimeout(timer);
    if (document.getElementById("overview").dataset.shown === shown) return;
    const wait = fetchedAt + PAUSE_MS - performance.now();
    if (wait > 0 || busy()) timer = setTimeout(refresh, Math.max(wait, 300));
    else fetchRows();
  }

  function fetchRows() {
    fetchedAt = performance.now();
    const focused = results.contains(document.activeElement) ? document.activeElement.id : "";
    const view = location.search, headers = { "X-View": view };
    htmx.ajax("GET", location.pathname + view, { target: "#results", swap: "innerHTML show:none", headers })
      .then(() => { if (focused) document.getElementById(focused)?.focus({ preventScroll: true }); });
  }

  analysis.addEventListener("htmx:wsBeforeMessage", (event) => {
    event.preventDefault();
    const said = JSON.parse(event.detail.message);
    document.getElementById("chat-title")?.replaceChildren(said.title);
    document.title = `${said.title} · Colloquy`;
    shown = said.shown;
    if (results) refresh();
    else if (said.done || said.running) location.reload(); // somebody chose the column
  });

  analysis.addEventListener("htmx:wsClose", ({ detail }) => {
    if (detail.event.code === 4404 || detail.event.code === 4401) location.reload(); // not ours to see any more
  });

  // What one has just changed oneself is shown at once.
  results?.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.requestConfig.verb === "post") fetchRows();
  });

  // Somebody filters while rows are on their way: those are not what is asked for any more.
  results?.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const view = detail.requestConfig.headers["X-View"];
    if (view !== undefined && view !== location.search) detail.shouldSwap = false;
  });
})();
