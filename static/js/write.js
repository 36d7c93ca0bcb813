// The write pages: the text grows and changes as the socket tells (webapp/write/consumers.py), and what is selected in
// it is what a change is asked for. htmx sends the forms; without this script they work on the whole text.
"use strict";
(() => {
const chat = document.getElementById("chat");
const text = document.getElementById("document");
const desk = document.getElementById("desk");
const change = document.getElementById("change");
const editor = document.getElementById("editor");
const scope = document.getElementById("scope");
const NEAR_END = 80; // pixels from the bottom that still count as being there
const SCOPE_SHOWN = 60; // characters of the selection that are repeated

const state = () => document.getElementById("state");
const composing = (event) => event.isComposing || event.keyCode === 229; // an input method's own key

// ---- A form is sent once ---------------------------------------------------------------------------------------

for (const form of document.querySelectorAll("form[data-once]")) {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
  window.addEventListener("pageshow", ({ persisted }) => { if (persisted) sent = false; });
}

// What was typed in the editor is saved: this page comes after it.
const saved = text && sessionStorage.getItem("saving");
if (saved && location.pathname.includes(saved.split(":").at(-1))) {
  localStorage.removeItem(saved);
  sessionStorage.removeItem("saving");
}

// ---- The text --------------------------------------------------------------------------------------------------

function elements(html) {
  const box = document.createElement("template");
  box.innerHTML = html.join("");
  return box.content;
}

function splice(start, remove, html) {
  const old = [...text.children].slice(start, remove === null ? undefined : start + remove);
  const after = text.children[start + old.length] ?? null;
  old.forEach((piece) => piece.remove());
  text.insertBefore(elements(html), after);
}

const operations = {
  note: (live, op) => {
    const note = state().querySelector(".message-note");
    note?.replaceChildren(op.text);
    if (live.childElementCount && !op.text) state().dataset.status = "streaming";
  },
  settle: (live) => {
    if (live.nextElementSibling?.matches(".rest")) live.nextElementSibling.remove();
    live.replaceWith(...live.children);
  },
};

function grow(id, ops) {
  const live = text?.querySelector(`.live[data-reply="${id}"]`);
  if (!live) return;
  for (const op of ops) {
    if (op.op === "block" || op.op === "text") state().dataset.status = "streaming";
    (operations[op.op] ?? growing[op.op])(live, op);
  }
}

// Keeps the newest words in view for who asked for them, or is there; who reads elsewhere stays where they are.
let following = true, asked = false;

const atEnd = () => desk.scrollHeight - desk.scrollTop - desk.clientHeight < NEAR_END;

chat?.addEventListener("htmx:beforeRequest", () => { asked = true; });

function follow() {
  const live = text?.querySelector(".live");
  if (!live || !following) return;
  const over = live.getBoundingClientRect().bottom - desk.getBoundingClientRect().bottom + NEAR_END;
  if (over > 0) desk.scrollTop += over;
}

desk?.addEventListener("wheel", () => { following = false; }, { passive: true });
desk?.addEventListener("touchmove", () => { following = false; }, { passive: true });
desk?.addEventListener("keydown", () => { following = false; });

function show(start, remove, html) {
  const was = text.querySelector(".live"), there = atEnd();
  splice(start, remove, html);
  const live = text.querySelector(".live");
  if (was || !live) return;
  following = asked || (there && !live.nextElementSibling);
  if (asked) live.scrollIntoView({ block: "nearest" });
  asked = false;
}

// ---- The socket ------------------------------------------------------------------------------------------------

function heard(said) {
  if (said.splice) {
    show(...said.splice);
    forgetSelection();
  }
  if (said.reply) grow(said.reply, said.ops);
  if (said.company) document.dispatchEvent(new CustomEvent("company", { detail: said }));
  if (said.revision !== undefined) {
    chat.dataset.revision = said.revision;
    document.getElementById("chat-title")?.replaceChildren(said.title);
    document.title = `${said.title} · Colloquy`;
  }
  follow();
}

if (chat?.hasAttribute("ws-connect")) {
  chat.addEventListener("htmx:wsBeforeMessage", (event) => {
    if (!event.detail.message.startsWith("{")) return;
    event.preventDefault(); // ours: nothing for htmx to swap
    heard(JSON.parse(event.detail.message));
  });
  // What stands around the text comes anew as a whole: an open menu stays open, and the focus stays where it is.
  let focused = "";
  chat.addEventListener("htmx:wsBeforeMessage", () => { focused = document.activeElement.id; });
  document.addEventListener("htmx:oobBeforeSwap", ({ detail: { target, fragment } }) => {
    for (const menu of target.querySelectorAll("details[id][open]")) {
      const fresh = fragment.querySelector(`#${menu.id}`);
      if (fresh) fresh.open = true;
    }
  });
  chat.addEventListener("htmx:wsAfterMessage", () => {
    if (!focused || document.activeElement !== document.body) return;
    document.getElementById(focused)?.focus();
    if (document.activeElement === document.body) desk?.focus(); // it is gone, or can do no more
  });
  chat.addEventListener("htmx:wsOpen", ({ detail }) => {
    connection.found();
    detail.socketWrapper.sendImmediately(JSON.stringify({ revision: chat.dataset.revision }));
  });
  chat.addEventListener("htmx:wsClose", ({ detail }) => {
    connection.lost(detail.event.code, chat.dataset.lost, Boolean(editor));
  });
}

// ---- What is selected in the text: block number and visible characters before (webapp/write/selection.py) --------

const HIDDEN = ".code-head, math";

function visible(node) {
  const copy = node.cloneNode(true);
  if (copy.querySelectorAll) copy.querySelectorAll(HIDDEN).forEach((one) => one.remove());
  return [...copy.textContent.replace(/\s/gu, "")].length;
}

function pointAt(node, offset) {
  const block = (node.nodeType === Node.TEXT_NODE ? node.parentElement : node).closest(".block");
  if (!block || block.parentElement !== text) return null;
  const before = document.createRange();
  before.setStart(block, 0);
  before.setEnd(node, offset);
  return [[...text.children].indexOf(block), visible(before.cloneContents())];
}

// A selection may end outside of the blocks, as after a triple click: then it ends with the block before.
function pointsOf(range) {
  const within = document.createRange();
  within.selectNodeContents(text);
  if (range.compareBoundaryPoints(Range.START_TO_START, within) < 0) range.setStart(within.startContainer, within.startOffset);
  if (range.compareBoundaryPoints(Range.END_TO_END, within) > 0) range.setEnd(within.endContainer, within.endOffset);
  const touched = [...text.children].filter((block) => range.intersectsNode(block));
  if (!touched.length || touched.some((block) => !block.matches(".block"))) return null;
  const [first, last] = [touched[0], touched.at(-1)];
  const number = (block) => [...text.children].indexOf(block);
  return [
    pointAt(range.startContainer, range.startOffset) ?? [number(first), 0],
    pointAt(range.endContainer, range.endOffset) ?? [number(last), visible(last)],
  ];
}

function forgetSelection() {
  if (!change) return;
  change.elements.selection.value = "";
  showScope("");
}

function showScope(words) {
  chat.toggleAttribute("data-selected", Boolean(words));
  if (!scope) return;
  const short = words.length > SCOPE_SHOWN ? `${words.slice(0, SCOPE_SHOWN)}…` : words;
  scope.textContent = words ? `${scope.dataset.selected} “${short}”` : "";
  scope.hidden = !words;
}

function select() {
  const selection = document.getSelection();
  if (change.contains(selection.anchorNode) || change.contains(document.activeElement)) return; // it says what to change
  const range = selection.rangeCount && !selection.isCollapsed ? selection.getRangeAt(0).cloneRange() : null;
  if (!range || !range.intersectsNode(text) || text.querySelector(".live")) return forgetSelection();
  const words = range.toString().trim().replace(/\s+/gu, " ");
  const points = words && pointsOf(range);
  if (!points) return forgetSelection();
  change.elements.selection.value = ["shown", ...points[0], ...points[1]].join(":");
  showScope(words);
  place(selection.getRangeAt(0).getBoundingClientRect());
}

// The bar stands by the selection where there is a mouse; on a phone it stays at the bottom, below the system's own menu.
const roomy = matchMedia("(hover: hover) and (min-width: 769px)");

function place(box) {
  const quick = change.querySelector(".quick");
  if (!roomy.matches) return;
  const { width, height } = quick.getBoundingClientRect();
  const within = chat.getBoundingClientRect();
  const left = Math.min(Math.max(box.left + box.width / 2 - width / 2, within.left + 8), within.right - width - 8);
  const [highest, lowest] = [within.top + 56, within.bottom - height - 8]; // below the tools, above the end
  const beside = box.top - height - 8 > highest ? box.top - height - 8 : box.bottom + 8;
  quick.style.setProperty("--left", `${left}px`);
  quick.style.setProperty("--top", `${Math.min(Math.max(beside, highest), lowest)}px`);
}

if (change && text) {
  let waiting = 0;
  document.addEventListener("selectionchange", () => {
    clearTimeout(waiting);
    waiting = setTimeout(select, 120);
  });
  change.addEventListener("submit", () => clearTimeout(waiting));
  desk.addEventListener("scroll", () => {
    const selection = document.getSelection();
    if (chat.hasAttribute("data-selected") && selection.rangeCount) place(selection.getRangeAt(0).getBoundingClientRect());
  }, { passive: true });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && chat.hasAttribute("data-selected")) {
      document.getSelection().removeAllRanges();
      forgetSelection();
    }
  });
  change.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.elt !== change || !detail.successful) return;
    change.elements.instruction.value = "";
    document.getSelection().removeAllRanges();
    forgetSelection();
  });
}

document.addEventListener("keydown", (event) => {
  if (event.target.id !== "instruction" || event.key !== "Enter" || event.shiftKey || composing(event)) return;
  event.preventDefault();
  if (event.target.value.trim()) document.getElementById("ask").click(); // htmx asks which button was clicked
});

// Undo and redo, where one does not write
document.addEventListener("keydown", (event) => {
  if (!text || !(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
  if (event.target.closest("input, textarea, select, dialog") && event.target.value) return;
  const button = document.getElementById(event.shiftKey ? "redo" : "undo");
  if (!button || button.disabled) return;
  event.preventDefault();
  button.click();
});
})();
