// What one does in a conversation beside writing on: word a question anew, delete, keep a draft. live.js brings what
// grows, follow.js who else is there; app.js knows dialogs, copying and keys.
"use strict";
(() => {
const chat = document.getElementById("chat");
const thread = document.getElementById("thread");
const composer = document.getElementById("composer");
const box = composer?.elements.text;
const toasts = document.getElementById("toasts");

// ---- Asking the server -----------------------------------------------------------------------------------------

// Posts the fields; returns the sentence that says what is wrong, or "" when it is done.
async function post(url, fields = {}) {
  const headers = { ...JSON.parse(document.body.getAttribute("hx-headers")), "HX-Request": "true" };
  try {
    const answer = await fetch(url, { method: "POST", headers, body: new URLSearchParams(fields), redirect: "manual" });
    const said = JSON.parse(answer.headers.get("HX-Trigger") ?? "{}").toast;
    if (answer.ok) return said?.message ?? "";
    const wrong = answer.headers.get("Content-Type") === "application/json" ? (await answer.json()).error : "";
    return wrong || toasts.dataset.failed;
  } catch {
    return toasts.dataset.unreachable;
  }
}

function complain(message) {
  if (message) document.dispatchEvent(new CustomEvent("toast", { detail: { message, level: "error" } }));
  return message;
}

// ---- Wording a question anew -----------------------------------------------------------------------------------

const edits = new Map(); // an article's id -> what stands in its editor, also while the page is drawn anew

function openEditor(article, text) {
  const body = article.querySelector(".message-body");
  const form = document.getElementById("edit-form").content.firstElementChild.cloneNode(true);
  const field = form.elements.text;
  form.action = article.querySelector("[data-edit]").dataset.edit;
  field.value = text ?? body.textContent;
  edits.set(article.id, field.value);
  body.after(form);
  fit(field);
  field.focus();
  field.setSelectionRange(field.value.length, field.value.length);
}

function closeEditor(form) {
  const article = form.closest("article");
  edits.delete(article.id);
  form.remove();
  article.querySelector("[data-edit]")?.focus();
}

async function sendEdit(form) {
  const text = form.elements.text.value;
  const button = form.querySelector(".primary");
  if (!text.trim() || button.disabled) return;
  button.disabled = true;
  const error = await post(form.action, { text, client_id: form.dataset.id ??= newId() });
  button.disabled = false;
  form.querySelector(".error").textContent = error;
  form.elements.text.toggleAttribute("aria-invalid", Boolean(error));
  if (error) form.elements.text.focus();
  else {
    closeEditor(form);
    box?.focus();
  }
}

// Whoever draws the page anew takes the editor away; it comes back with what was written in it.
function reopenEditors() {
  for (const [id, text] of edits) {
    const article = document.getElementById(id);
    if (!article) continue;
    if (!article.querySelector("[data-edit]")) edits.delete(id);
    else if (!article.querySelector(".edit")) openEditor(article, text);
  }
}

function fit(field) {
  if (CSS.supports("field-sizing", "content")) return;
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}

const composing = (event) => event.isComposing || event.keyCode === 229; // an input method's own key

thread?.addEventListener("input", ({ target }) => {
  if (!target.closest(".edit")) return;
  edits.set(target.closest("article").id, target.value);
  delete target.form.dataset.id; // another text is another message
  fit(target);
});

thread?.addEventListener("keydown", (event) => {
  const form = event.target.closest(".edit");
  if (!form || composing(event)) return;
  if (event.key === "Escape") closeEditor(form);
  else if (event.key === "Enter" && !event.shiftKey && event.target.matches("textarea")) form.requestSubmit();
  else return;
  event.preventDefault();
});

thread?.addEventListener("submit", (event) => {
  if (!event.target.matches(".edit")) return;
  event.preventDefault();
  sendEdit(event.target);
});

chat?.addEventListener("htmx:wsAfterMessage", reopenEditors);

// The arrow up in an empty composer goes to what one wrote last.
box?.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowUp" || composing(event) || box.value || event.shiftKey || event.altKey || event.ctrlKey) return;
  const last = [...thread.querySelectorAll("[data-edit]")].at(-1);
  if (!last) return;
  event.preventDefault();
  last.click();
});

// ---- Deleting --------------------------------------------------------------------------------------------------

const question = document.getElementById("remove-message");
let doomed = null;

async function removeWaiting(button) {
  const article = button.closest("article");
  const text = article.querySelector(".message-body").textContent;
  if (complain(await post(button.dataset.remove)) || !box || box.value) return;
  box.value = text; // not lost: it goes back to where it came from
  box.dispatchEvent(new Event("input", { bubbles: true }));
  box.focus();
}

question?.addEventListener("close", async () => {
  if (question.returnValue !== "delete" || !doomed) return;
  complain(await post(doomed));
  box?.focus();
});

thread?.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-edit], [data-edit-cancel], [data-remove]");
  if (!button) return;
  if ("editCancel" in button.dataset) closeEditor(button.form);
  else if ("edit" in button.dataset) {
    const article = button.closest("article");
    if (!article.querySelector(".edit")) openEditor(article);
  } else if ("alone" in button.dataset) removeWaiting(button);
  else {
    doomed = button.dataset.remove;
    question.returnValue = "";
    button.closest("details.menu")?.removeAttribute("open");
    question.showModal();
  }
});

// ---- Drafts ----------------------------------------------------------------------------------------------------

const KEPT_MS = 30 * 24 * 3600 * 1000;
let place = composer?.dataset.draft && `draft:${composer.dataset.draft}`; // person and conversation: nobody sees another's

function keepDraft() {
  try {
    if (box.value.trim()) localStorage.setItem(place, JSON.stringify({ text: box.value, at: Date.now() }));
    else localStorage.removeItem(place);
  } catch { /* full, or forbidden: then there are no drafts */ }
}

function draftAt(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

// What was sent from a page without a socket has arrived when another page of ours opens.
function forgetSent() {
  const sent = sessionStorage.getItem("sent");
  sessionStorage.removeItem("sent");
  if (sent && sent !== place) localStorage.removeItem(sent);
}

function forgetOld() {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith("draft:") && !(Date.now() - draftAt(key)?.at < KEPT_MS)) localStorage.removeItem(key);
  }
}

function restoreDraft() {
  const draft = draftAt(place);
  if (!draft || box.value) return;
  const last = [...thread.querySelectorAll("[data-role=user] .message-body")].at(-1);
  if (last?.textContent === draft.text) return localStorage.removeItem(place); // it was sent just before the page went
  box.value = draft.text;
  box.dispatchEvent(new Event("input", { bubbles: true }));
  box.setSelectionRange(box.value.length, box.value.length);
}

if (place) {
  forgetSent();
  forgetOld();
  restoreDraft();
  box.addEventListener("input", keepDraft);
  composer.addEventListener("submit", () => {
    if ("beginning" in composer.dataset) sessionStorage.setItem("sent", place);
  });
  document.addEventListener("begun", () => {
    localStorage.removeItem(place);
    sessionStorage.removeItem("sent");
    place = `draft:${composer.dataset.draft.split(":", 1)}:${chat.dataset.conversation}`;
    keepDraft();
  });
}

})();
