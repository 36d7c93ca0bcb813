// The editor of a text: its selection goes along with a change, and what was typed survives the tab.
"use strict";
(() => {
const chat = document.getElementById("chat");
const editor = document.getElementById("editor");
const composing = (event) => event.isComposing || event.keyCode === 229; // an input method's own key
const source = editor.elements.text;
const first = source.defaultValue;
const key = `edited:${editor.dataset.draft}`; // person and text: nobody sees another's
const draft = localStorage.getItem(key);
const banner = document.getElementById("draft");
let sending = false;

sessionStorage.removeItem("saving");

// Who else changed the text, as the socket tells (webapp/write/consumers.py)
chat.addEventListener("htmx:wsBeforeMessage", ({ detail }) => {
  if (!detail.message.startsWith('{"version"')) return;
  const { version, by } = JSON.parse(detail.message);
  const notice = document.getElementById("meanwhile");
  if (String(version) === editor.elements.base.value || !notice.hidden) return;
  notice.querySelector("a").textContent = chat.dataset.meanwhile.replace("%s", () => by);
  notice.hidden = false;
});

if (draft !== null && draft !== source.value && editor.querySelector("[role=alert]").hidden) {
  source.value = draft;
  banner.hidden = false;
}
function keep() {
  try {
    localStorage.setItem(key, source.value);
  } catch { /* full, or forbidden: then the browser's own warning must do */ }
}

if (editor.querySelector("[role=alert]:not([hidden])")) keep();
source.addEventListener("input", keep);

const points = (count) => [...source.value.slice(0, count)].length; // characters, not UTF-16 units

editor.addEventListener("submit", () => {
  sending = true;
  const { selectionStart, selectionEnd } = source;
  const selected = selectionEnd > selectionStart;
  editor.elements.selection.value = selected ? `source:${points(selectionStart)}:${points(selectionEnd)}` : "";
  sessionStorage.setItem("saving", key); // the page of the text, when it comes, says that the server has it (write.js)
});

document.addEventListener("click", ({ target }) => {
  if (!target.closest("[data-drop-draft]")) return;
  localStorage.removeItem(key);
  if (target.closest("#draft")) {
    source.value = first;
    banner.hidden = true;
  } else sending = true;
});

document.addEventListener("selectionchange", () => chat.toggleAttribute("data-selected", source.selectionEnd > source.selectionStart));
source.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || composing(event)) return;
  if (event.key !== "s" && event.key !== "Enter") return;
  event.preventDefault();
  editor.requestSubmit(document.getElementById("save"));
});
window.addEventListener("beforeunload", (event) => {
  if (!sending && source.value !== first) event.preventDefault();
});
})();
