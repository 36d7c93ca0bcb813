// What was typed is not lost by a slip: a dialog with such a form (data-unsaved="id of a question") asks before it closes,
// and the browser before one leaves the page. What the server drew anew, but did not save, says so (data-changed).
"use strict";

(() => {
  const held = () => document.querySelector("dialog[open]:has(form[data-unsaved])");
  let sent = false;

  function differs(field) {
    if (field.matches("textarea")) return field.value !== field.defaultValue;
    return field.matches("select") && [...field.options].some((option) => option.selected !== option.defaultSelected);
  }

  const changed = (form) => Boolean(form.querySelector("[data-changed]")) || [...form.elements].some(differs);

  // Keeps the dialog open, with the question before it, where something would be lost
  function hold(event, dialog) {
    const form = dialog?.querySelector("form[data-unsaved]");
    const question = form && document.getElementById(form.dataset.unsaved);
    if (!form || question.open || !changed(form)) return;
    event.preventDefault();
    event.stopPropagation();
    question.returnValue = "";
    question.onclose = () => { if (question.returnValue === "discard") dialog.close(); };
    question.showModal();
  }

  // The key itself too: a browser lets "cancel" be prevented only once between two clicks
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && !event.defaultPrevented) hold(event, held()); });
  document.addEventListener("cancel", (event) => hold(event, event.target), true);
  document.addEventListener("click", (event) => {
    const { target } = event;
    if (target.matches("dialog") || target.closest("[data-dialog-close]")) hold(event, target.closest("dialog"));
  }, true);

  document.addEventListener("submit", ({ target }) => { sent ||= target.matches("form[data-unsaved]:not([hx-post])"); });
  window.addEventListener("pageshow", () => { sent = false; });
  window.addEventListener("beforeunload", (event) => {
    if (!sent && [...document.querySelectorAll("form[data-unsaved]")].some(changed)) event.preventDefault();
  });
})();
