// The review table by keyboard: j and k go from row to row, a and r say a verdict and go on, e edits, ? lists the keys.
"use strict";

(() => {
  const rows = () => [...document.querySelectorAll("[data-row]")];
  const current = () => document.activeElement?.closest("[data-row]");
  let last = 0; // where one was, should the table be drawn anew

  function go(place) {
    const found = rows();
    if (!found.length) return;
    last = Math.min(Math.max(place, 0), found.length - 1);
    found[last].focus({ preventScroll: true });
    found[last].scrollIntoView({ block: "nearest" });
  }

  const step = (by) => go(current() ? rows().indexOf(current()) + by : last);

  function press(verdict) {
    const row = current() ?? rows()[last];
    const button = row?.querySelector(`[data-verdict="${verdict}"]`);
    if (!button) return;
    row.focus({ preventScroll: true });
    last = rows().indexOf(row);
    if (verdict !== "e" && button.getAttribute("aria-pressed") === "true") return step(1); // it is so already
    onward = verdict !== "e";
    button.click();
  }

  let onward = false; // the next answer is to a key: go on to the next row

  const DEEDS = {
    j: () => step(1),
    k: () => step(-1),
    a: () => press("a"),
    r: () => press("r"),
    e: () => press("e"),
    "?": () => document.getElementById("keys").showModal(),
  };
  const WRITING = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";

  // Before app.js, whose own keys are for the other pages
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (localStorage.getItem("keys") === "off" || event.target.closest(WRITING)) return;
    if (!document.querySelector("[data-row]")) return; // the page of one row
    if (document.querySelector("dialog[open], details.menu[open], .sidebar:popover-open")) return;
    const deed = DEEDS[event.key];
    if (!deed) return;
    event.preventDefault();
    deed();
  }, true);

  document.addEventListener("keydown", (event) => {
    const form = event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.closest(".row-form");
    if (form) form.requestSubmit();
  });

  // A row that was replaced has lost the focus
  document.addEventListener("htmx:afterSettle", ({ target }) => {
    if (!target.matches?.("[data-row]") && !target.querySelector?.("[data-row]")) return;
    const place = rows().indexOf(document.getElementById(target.id));
    if (place >= 0) go(onward ? place + 1 : place);
    onward = false;
  });

  // A dialog closes when what it asked for has come (app.js); its tokens and its turns are no such thing
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.requestConfig?.path.match(/\/(tokens|turns)\//)) event.stopPropagation();
  }, true);

  // A worker is done with the dataset: the table is drawn anew, not the page, on which somebody may be typing
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    if (!event.detail.xhr.getResponseHeader("HX-Refresh") || !document.getElementById("table")) return;
    event.preventDefault();
    document.getElementById("state").remove();
    htmx.ajax("GET", location.href, "#table");
  });

  document.addEventListener("focusin", ({ target }) => {
    const row = target.closest("[data-row]");
    if (row) last = rows().indexOf(row);
  });
})();
