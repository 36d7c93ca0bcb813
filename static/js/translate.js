// The page that translates: sends what is typed when one pauses, and puts the translation in place sentence by sentence
// as the socket tells (webapp/translate/consumers.py). Offsets from there count characters, not UTF-16 units.
"use strict";

const room = document.getElementById("translate");
const byId = (id) => document.getElementById(id);
const [text, mirror, output, source, target] = ["text", "mirror", "output", "source", "target"].map(byId);
const mayWrite = room.dataset.mayWrite === "1" && Boolean(text);
const longest = Number(room.dataset.longest);
const PAUSE_MS = 400, CALM_MS = 300, LONGEST_PAUSE_MS = 8000;

// ---- What is known ---------------------------------------------------------------------------------------------

const segments = new Map(); // key -> {id, status, text, corrected}
let state = null; // of the translation, as the server told it last
let number = 0, answered = 0; // of the last text sent on this socket, and of the last that the server has taken
let held = false; // this very target was chosen for this text: it is not exchanged where the text is in it already
let sent = values(); // what the server was asked for last, or showed

function values() {
  return text ? { text: text.value, source: source.value, target: target.value, held } : null;
}

const same = (a, b) => a.text === b.text && a.source === b.source && a.target === b.target && a.held === b.held;
const isActive = (segment) => segment?.status === "queued" || segment?.status === "streaming";

// ---- The socket ------------------------------------------------------------------------------------------------

let socket = null, attempts = 0, leaving = false;

function connect(address) {
  const own = new WebSocket(`${location.protocol.replace("http", "ws")}//${location.host}${address}`);
  socket?.close();
  socket = own;
  own.addEventListener("message", ({ data }) => { if (own === socket) heard(JSON.parse(data)); });
  own.addEventListener("open", () => {
    const lost = number > answered;
    attempts = number = answered = 0;
    waiting("");
    if (mayWrite && (lost || unsent || !same(values(), sent))) submit();
  });
  own.addEventListener("close", ({ code }) => {
    if (own !== socket || leaving) return;
    if (code === 4404 || code === 4401) return location.reload(); // no longer ours to see, or signed out
    waiting(room.dataset.lost);
    document.dispatchEvent(new CustomEvent("company", { detail: { company: [] } }));
    attempts += 1;
    setTimeout(() => own === socket && connect(room.dataset.socket), Math.random() * Math.min(1000 * 2 ** attempts, LONGEST_PAUSE_MS));
  });
}

function tell(message) {
  if (socket?.readyState !== WebSocket.OPEN) return false;
  socket.send(JSON.stringify(message));
  return true;
}

window.addEventListener("beforeunload", () => { leaving = true; });
window.addEventListener("pageshow", (event) => {
  leaving = false;
  if (event.persisted) connect(room.dataset.socket);
});

function heard(message) {
  if (message.company) document.dispatchEvent(new CustomEvent("company", { detail: message }));
  else if (message.state) show(message.state, message.number);
  else if (message.segment) grow(message);
  else if (message.waiting !== undefined) waiting(message.waiting);
  else if (message.refused !== undefined) refused(message);
}

// ---- Asking ----------------------------------------------------------------------------------------------------

let timer = 0, composing = false;
let unsent = false; // the socket was away, or may have lost it

function soon(pause = PAUSE_MS) {
  clearTimeout(timer);
  timer = setTimeout(submit, pause);
}

function submit() {
  clearTimeout(timer);
  timer = 0;
  const wanted = values();
  if (composing || wanted.text.length > longest && [...wanted.text].length > longest) return;
  if (!wanted.text.trim()) return emptied();
  sent = wanted;
  unsent = !tell({ number: number + 1, ...wanted });
  if (!unsent) number += 1;
  keepDraft();
}

function emptied() {
  if (state) begin();
}

// Another translation: the one before stays where it is, in the list.
function begin() {
  state = null;
  held = false;
  segments.clear();
  output.replaceChildren();
  room.dataset.socket = room.dataset.new;
  history.pushState(null, "", room.dataset.home);
  byId("translation").action = room.dataset.home;
  sent = values();
  say("notice", "");
  byId("turn-back").hidden = true;
  tidy();
  refresh();
  connect(room.dataset.socket);
}

function refused({ refused: sentence, number: which }) {
  if (which) answered = Math.max(answered, which);
  if (!which || which >= number) say("error", sentence);
}

function keepDraft() {
  if (text.value && (unsent || !state)) sessionStorage.setItem("translation", text.value);
  else sessionStorage.removeItem("translation");
}

// ---- Showing ---------------------------------------------------------------------------------------------------

function show(news, upTo) {
  const moved = news.conversation !== state?.conversation;
  answered = Math.max(answered, upTo);
  state = news;
  if (moved) settleAt(news);
  const current = upTo >= number && !timer && !composing && (!text || text.value === sent.text || !mayWrite);
  if (current) adopt(news);
  draw();
  drawMirror(text.value === news.text);
  say("notice", news.notice);
  if (mayWrite) byId("turn-back").hidden = !news.switched;
  source.options[0].textContent = news.label;
  title(news.title);
  refresh();
  if (news.status === "" && mayWrite && !document.hidden) tell({ number: ++number, ...values() }); // by another model now
}

// The conversation that this page is about from now on.
function settleAt(news) {
  segments.clear();
  sessionStorage.removeItem("translation");
  const address = new URL(room.dataset.socket, location);
  room.dataset.socket = `/ws/translate/${news.conversation}/${address.search}`;
  byId("translation").action = `${news.url}text/`;
  if (location.pathname !== news.url) history.pushState(null, "", news.url);
}

// The head with its menu, and the thumbs, are the server's to draw. One after the other: an answer that is overtaken
// would undo what was pressed meanwhile.
let refreshing = false;

function isStale() {
  const head = byId("translation-head"), foot = byId("translation-foot");
  if (head.dataset.conversation !== (state?.conversation ?? "")) return true;
  return Boolean(state) && (String(state.shared) !== head.dataset.shared || (state.status === "done" && !foot.dataset.reply));
}

async function refresh() {
  const options = { target: "#translation-head", select: "#translation-head", selectOOB: "#translation-foot", swap: "outerHTML" };
  if (refreshing) return;
  refreshing = true;
  for (let turn = 0; turn < 5 && isStale(); turn++) await htmx.ajax("GET", state?.url ?? room.dataset.home, { ...options });
  refreshing = false;
}

function adopt(news) {
  if (text.value !== news.text) {
    const [start, end] = [text.selectionStart, text.selectionEnd];
    text.value = news.text;
    if (document.activeElement === text) text.setSelectionRange(start, end);
  }
  source.value = news.source;
  target.value = news.target;
  held = news.held;
  sent = values();
  output.lang = news.target;
  measure();
}

// What a search found is lit and in view, once it is there.
let sought = new URLSearchParams(location.search).get("q");

function seek() {
  const letters = [...state.text];
  const found = sought && state.parts.findIndex(([, key, start, stop]) =>
    [letters.slice(start, stop).join(""), segments.get(key)?.text ?? ""].some((words) => words.includes(sought)));
  sought = null;
  const node = output.querySelectorAll(".segment")[found];
  if (!node || found === null) return;
  light(node.dataset.name);
  node.scrollIntoView({ block: "center" });
}

function title(name) {
  byId("chat-title")?.replaceChildren(name);
  document.title = `${name} · Colloquy`;
}

function say(id, sentence) {
  const place = byId(id);
  if (place.textContent !== sentence) place.textContent = sentence;
}

function waiting(sentence) {
  room.dataset.waiting = sentence ? "1" : "";
  say("waiting", sentence);
}

// Sentences that are there already keep their element; where a new one has no words yet, those of the one it replaces stay.
function draw() {
  const before = new Map([...output.querySelectorAll(".segment")].map((node) => [node.dataset.name, node]));
  const counts = new Map(), fresh = [], shown = document.createDocumentFragment();
  const focused = document.activeElement?.dataset?.name;
  for (const [gap, key] of state.parts) {
    counts.set(key, (counts.get(key) ?? 0) + 1);
    const name = `${key}.${counts.get(key)}`;
    const node = before.get(name) ?? newSegment(name, key);
    if (!before.delete(name)) fresh.push(node);
    shown.append(gap, node);
  }
  shown.append(state.tail);
  const gone = [...before.values()].filter((node) => node.dataset.name);
  fresh.forEach((node, place) => { node.stale = gone[place]?.textContent ?? ""; });
  output.replaceChildren(shown);
  for (const node of output.querySelectorAll(".segment")) paint(node);
  if (focused) output.querySelector(`[data-name="${focused}"]`)?.focus();
  tidy();
}

function newSegment(name, key) {
  const node = document.createElement("span");
  node.className = "segment";
  Object.assign(node.dataset, { name, key });
  return node;
}

function paint(node) {
  const known = segments.get(node.dataset.key);
  const words = known?.text || (isActive(known) || !known ? node.stale : "") || "";
  if (node.textContent !== words) node.textContent = words;
  node.dataset.status = known?.status ?? "";
  node.role = mayWrite && words && known && !isActive(known) ? "button" : null; // it opens the dialog
  node.ariaHasPopup = node.role && "dialog";
  if (!node.role) node.removeAttribute("tabindex");
  node.classList.toggle("stale", Boolean(words) && !known?.text);
  node.classList.toggle("corrected", Boolean(known?.corrected));
}

function grow(message) {
  const known = segments.get(message.segment);
  if (message.more === undefined) {
    const { id, status, text: words, corrected = false } = message;
    segments.set(message.segment, { id, status, text: words, corrected });
  } else if (known?.id === message.id && [...known.text].length === message.offset) {
    known.text += message.more;
    known.status = "streaming";
    waiting("");
  }
  for (const node of output.querySelectorAll(`[data-key="${CSS.escape(message.segment)}"]`)) paint(node);
  if (!tidying) tidying = requestAnimationFrame(tidy);
}

let tidying = 0;

// Buttons, figures and words that follow from the rest.
function tidy() {
  tidying = 0;
  const parts = state?.parts ?? [];
  const known = parts.map(([, key]) => segments.get(key));
  const done = known.filter((segment) => segment?.status === "done").length;
  const active = known.some(isActive);
  const broken = !active && known.some((segment) => segment?.status === "failed" || segment?.status === "stopped");
  const was = room.dataset.status;
  room.dataset.status = active ? "streaming" : broken ? "broken" : "done";
  say("progress", active && parts.length > 3 ? `${done} / ${parts.length}` : "");
  byId("copy").hidden = !output.textContent.trim();
  say("trouble", broken ? state.trouble : "");
  byId("trouble-box").hidden = !broken || !state.trouble;
  if (!active) waiting(socket?.readyState === WebSocket.OPEN ? "" : byId("waiting").textContent);
  if (mayWrite) {
    byId("stop").hidden = !active;
    byId("clear").hidden = !text.value;
    rove();
  }
  if (sought && parts.length && !active && known.every(Boolean)) seek();
  if (was === "streaming" && room.dataset.status === "done") say("said", room.dataset.done);
  else if (active) say("said", "");
}

// ---- The text and its mirror, which gives the pane its height and shows which sentence is meant ------------------

function measure() {
  const length = text.value.length < longest ? text.value.length : [...text.value].length;
  say("length", length.toLocaleString(document.documentElement.lang));
  byId("count").classList.toggle("over", length > longest);
  say("error", length > longest ? room.dataset.tooLong : "");
  text.toggleAttribute("aria-invalid", length > longest);
}

function drawMirror(known) {
  const shown = document.createDocumentFragment();
  const letters = known ? [...text.value] : [];
  const counts = new Map();
  let end = 0;
  for (const [, key, start, stop] of known ? state.parts : []) {
    counts.set(key, (counts.get(key) ?? 0) + 1);
    const node = document.createElement("span");
    Object.assign(node.dataset, { name: `${key}.${counts.get(key)}`, start, stop });
    node.textContent = letters.slice(start, stop).join("");
    shown.append(letters.slice(end, start).join(""), node);
    end = stop;
  }
  shown.append(known ? letters.slice(end).join("") : text.value, "\u200b"); // so that an empty last line counts
  mirror.replaceChildren(shown);
}

function light(name) {
  for (const lit of room.querySelectorAll(".lit")) if (lit.dataset.name !== name) lit.classList.remove("lit");
  if (name) for (const node of room.querySelectorAll(`[data-name="${name}"]`)) node.classList.add("lit");
}

function under(event) {
  return document.elementsFromPoint(event.clientX, event.clientY).find((node) => node.parentElement === mirror && node.dataset.name);
}

function atCaret() {
  const caret = [...text.value.slice(0, text.selectionStart)].length;
  return [...mirror.children].find(({ dataset }) => Number(dataset.start) <= caret && caret <= Number(dataset.stop));
}

// ---- What people do --------------------------------------------------------------------------------------------

function typed() {
  byId("undo").hidden = true;
  drawMirror(false);
  measure();
  keepDraft();
  byId("clear").hidden = !text.value;
}

text?.addEventListener("compositionstart", () => { composing = true; clearTimeout(timer); timer = 0; });
text?.addEventListener("compositionend", () => { composing = false; soon(); });
text?.addEventListener("input", (event) => {
  typed();
  if (!composing && !event.isComposing) soon(event.inputType === "insertFromPaste" ? 0 : PAUSE_MS);
});

if (mayWrite) {
  source.addEventListener("change", () => {
    const before = sent.source || state?.detected;
    if (source.value === target.value && before && before !== source.value) target.value = before; // they change places
    if (text.value.trim()) submit();
  });
  target.addEventListener("change", () => into(target.value));
  byId("turn-back").addEventListener("click", () => { into(state.switched); target.focus(); });
  byId("swap").addEventListener("click", swap);
  byId("clear").addEventListener("click", clear);
  byId("undo").addEventListener("click", undo);
  byId("stop").addEventListener("click", () => tell({ stop: true }));
  byId("translation").addEventListener("submit", (event) => { event.preventDefault(); submit(); });
}

function into(language) {
  target.value = output.lang = language;
  held = Boolean(text.value.trim());
  if (held) submit();
}

function swap() {
  const spoken = source.value || state?.detected || "";
  const words = output.textContent;
  const other = spoken && spoken !== target.value ? spoken : [...target.options].find((o) => o.value !== target.value).value;
  source.value = target.value;
  target.value = output.lang = other;
  if (words.trim() && room.dataset.status === "done" && state?.parts.length) text.value = words;
  typed();
  if (text.value.trim()) submit();
}

let cleared = null;

function clear() {
  cleared = { ...values(), path: location.pathname };
  text.value = "";
  typed();
  if (state) begin();
  byId("undo").hidden = false;
  say("said", room.dataset.cleared);
  text.focus();
}

function undo() {
  byId("undo").hidden = true;
  [text.value, source.value, target.value] = [cleared.text, cleared.source, cleared.target];
  if (cleared.path !== room.dataset.home) {
    room.dataset.socket = `/ws${cleared.path}${new URL(room.dataset.new, location).search}`;
    connect(room.dataset.socket);
    sent = values();
    drawMirror(false);
    measure();
  } else {
    typed();
    submit();
  }
  text.focus();
}

text?.addEventListener("mousemove", (event) => light(under(event)?.dataset.name));
text?.addEventListener("mouseleave", () => light(null));
text?.addEventListener("click", () => light(atCaret()?.dataset.name));
output?.addEventListener("mouseover", ({ target: node }) => light(node.closest?.(".segment")?.dataset.name));
output?.addEventListener("mouseleave", () => light(null));
output?.addEventListener("focusin", ({ target: node }) => light(node.dataset.name));
output?.addEventListener("focusout", () => light(null));

// ---- Correcting a sentence -------------------------------------------------------------------------------------

const dialog = byId("sentence");
let correcting = null;

// One sentence is in the order of the Tab key, the arrow keys go on from it.
function rove(to) {
  const nodes = [...output.querySelectorAll("[role=button]")];
  const current = to ?? nodes.find((node) => node.tabIndex === 0) ?? nodes[0];
  for (const node of nodes) node.tabIndex = node === current ? 0 : -1;
}

function open(node) {
  const known = segments.get(node.dataset.key);
  if (!known || isActive(known)) return;
  correcting = node.dataset;
  const [, , start, stop] = state.parts.find(([, key]) => key === correcting.key);
  byId("sentence-source").textContent = [...state.text].slice(start, stop).join("");
  byId("sentence-source").lang = state.source || state.detected;
  byId("sentence-text").value = known.text;
  byId("sentence-text").lang = state.target;
  byId("sentence-undo").hidden = !known.corrected;
  dialog.showModal();
  byId("sentence-text").focus();
}

function close(message) {
  if (message && !tell(message)) return waiting(room.dataset.lost); // what was typed stays in the dialog
  dialog.close();
  output.querySelector(`[data-name="${correcting.name}"]`)?.focus();
}

if (mayWrite) {
  output.addEventListener("click", (event) => {
    const node = event.target.closest(".segment");
    if (node && getSelection().isCollapsed) open(node);
  });
  output.addEventListener("keydown", (event) => {
    const node = event.target.closest(".segment");
    if (!node) return;
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter" || event.key === " ") open(node);
    else if (step) {
      const nodes = [...output.querySelectorAll("[role=button]")];
      const next = nodes[nodes.indexOf(node) + step];
      if (next) { rove(next); next.focus(); }
    } else return;
    event.preventDefault();
  });
  byId("sentence-form").addEventListener("submit", (event) => {
    event.preventDefault();
    close({ correct: correcting.key, correction: byId("sentence-text").value });
  });
  byId("sentence-text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) byId("sentence-form").requestSubmit();
  });
  byId("sentence-undo").addEventListener("click", () => close({ correct: correcting.key, correction: "" }));
  byId("sentence-again").addEventListener("click", () => close({ again: correcting.key }));
}

// ---- What is in view comes first -------------------------------------------------------------------------------

let looking = 0;

document.querySelector(".main").addEventListener("scroll", () => {
  clearTimeout(looking);
  looking = setTimeout(() => {
    if (!mayWrite || !state?.parts.some(([, key]) => !segments.has(key))) return;
    const nodes = [...output.querySelectorAll(".segment")];
    const first = nodes.findIndex((node) => node.getBoundingClientRect().bottom > 0);
    if (first >= 0) tell({ look: state.parts[first][2] });
  }, CALM_MS);
}, { passive: true });

// ---- Beginning -------------------------------------------------------------------------------------------------

window.addEventListener("popstate", () => location.reload());

if (text) {
  const draft = mayWrite && location.pathname === room.dataset.home && !text.value && sessionStorage.getItem("translation");
  if (draft) text.value = draft;
  drawMirror(false);
  measure();
  connect(room.dataset.socket);
}
