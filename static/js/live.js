// The chat page while it is open: puts growing replies in place as the socket tells (webapp/chat/consumers.py), sends
// what is typed, and keeps the newest words in view. htmx and its ws extension do the rest.
"use strict";

const chat = document.getElementById("chat");
const thread = document.getElementById("thread");
const composer = document.getElementById("composer");
const NEAR_END = 80; // pixels from the bottom that still count as being there

// ---- Growing replies -------------------------------------------------------------------------------------------

const operations = {
  note: (article, op) => { article.querySelector(".message-note[role=status]")?.replaceChildren(op.text); },
  end: (article, op) => {
    const end = article.querySelector(".message-end");
    end.innerHTML = op.foot;
    htmx.process(end);
    article.dataset.status = op.status;
  },
};

function growReply(id, ops) {
  const article = document.getElementById(`m${id}`);
  if (!article) return;
  const body = article.querySelector("[data-blocks]");
  for (const op of ops) {
    if ((op.op === "text" || op.op === "block") && article.dataset.status === "queued") article.dataset.status = "streaming";
    if (op.op in growing) growing[op.op](body, op);
    else operations[op.op](article, op);
  }
}

// ---- Staying at the newest words -------------------------------------------------------------------------------

let following = true;

function atEnd() {
  return thread.scrollHeight - thread.scrollTop - thread.clientHeight < NEAR_END;
}

function toEnd() {
  thread.scrollTop = thread.scrollHeight;
}

function afterChange() {
  [...thread.querySelectorAll(".left-out")].slice(0, -1).forEach((line) => line.remove()); // it has moved on
  if (following) toEnd();
  const active = thread.querySelector("[data-role=assistant][data-status=queued], [data-role=assistant][data-status=streaming]");
  const stop = document.getElementById("stop-button");
  if (stop) stop.hidden = !active;
}

thread?.addEventListener("scroll", () => {
  following = atEnd();
  const button = document.getElementById("to-bottom");
  if (button) button.hidden = following;
}, { passive: true });

document.getElementById("to-bottom")?.addEventListener("click", () => { following = true; toEnd(); });

// Older messages come in above; what one is reading stays where it is.
let fromEnd = null;

thread?.addEventListener("htmx:beforeSwap", (event) => {
  if (event.target.matches(".older")) fromEnd = thread.scrollHeight - thread.scrollTop;
});

thread?.addEventListener("htmx:afterSwap", () => {
  if (fromEnd !== null) thread.scrollTop = thread.scrollHeight - fromEnd;
  fromEnd = null;
});

// ---- The socket ------------------------------------------------------------------------------------------------

const sent = new Map(); // client_id -> text, until the server has it
let connected = false;

function heard(message) {
  if (message.begun) begin(message);
  if (message.reply) growReply(message.reply, message.ops);
  if (message.revision !== undefined) {
    chat.dataset.revision = message.revision;
    document.getElementById("chat-title")?.replaceChildren(message.title);
    document.title = `${message.title} · Colloquy`;
  }
  if (message.company || message.typing) document.dispatchEvent(new CustomEvent("company", { detail: message }));
  if (message.posted) settled(message.posted, "");
  if (message.error) settled(message.refused, message.error);
}

function settled(clientId, error) {
  const box = composer.elements.text;
  if (!error && box.value === sent.get(clientId)) {
    box.value = "";
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }
  sent.delete(clientId);
  composer.querySelector(".error").textContent = error;
  box.toggleAttribute("aria-invalid", Boolean(error));
  following = true;
}

chat?.addEventListener("htmx:wsBeforeMessage", (event) => {
  if (event.detail.message.startsWith("{")) {
    event.preventDefault(); // ours: nothing for htmx to swap
    heard(JSON.parse(event.detail.message));
    afterChange();
  }
});

chat?.addEventListener("htmx:wsAfterMessage", afterChange);

chat?.addEventListener("htmx:wsOpen", ({ detail }) => {
  connected = true;
  connection.found();
  detail.socketWrapper.sendImmediately(JSON.stringify({ revision: chat.dataset.revision }));
  for (const [id, text] of sent) detail.socketWrapper.sendImmediately(asMessage(id, text)); // it may have been lost on its way
});

chat?.addEventListener("htmx:wsClose", ({ detail }) => {
  connected = false;
  connection.lost(detail.event.code, chat.dataset.lost);
});

// ---- The empty chat ---------------------------------------------------------------------------------------------

// Its first message makes the conversation whose page this already is (webapp/chat/beginning.py): it gets its address.
let here = location.pathname;
let options = ""; // where it is said who answers in what has begun here

function begin(message) {
  if (!("beginning" in composer.dataset)) return;
  delete composer.dataset.beginning;
  history.pushState(null, "", message.begun);
  here = location.pathname;
  thread.querySelector(".welcome")?.remove();
  chat.insertAdjacentHTML("afterbegin", message.head);
  htmx.process(chat.firstElementChild);
  options = message.options;
  leadToOptions();
  document.dispatchEvent(new CustomEvent("begun", { detail: message }));
}

// Also where a choice made before is answered only now, and the list drawn anew by that
function leadToOptions() {
  if (!options) return;
  for (const one of document.querySelectorAll("#picker [hx-get], #picker [hx-post]")) {
    if (one.getAttribute(one.hasAttribute("hx-get") ? "hx-get" : "hx-post") === options) continue;
    for (const name of ["hx-get", "hx-post", "href"]) if (one.hasAttribute(name)) one.setAttribute(name, options);
    htmx.process(one);
  }
}

document.addEventListener("htmx:afterSettle", leadToOptions);
window.addEventListener("popstate", () => { if (location.pathname !== here) location.reload(); });

// ---- The composer ----------------------------------------------------------------------------------------------

function newId() { // crypto.randomUUID exists only on https and localhost
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

composer?.addEventListener("keydown", (event) => {
  // keyCode 229: the Enter with which an input method takes its candidate, in browsers that end the composition first
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  if (composer.elements.text.value.trim()) composer.requestSubmit();
});

function asMessage(id, text) { // the server stores it once, however often it hears it
  const model = "beginning" in composer.dataset ? composer.elements.model?.value : undefined;
  return JSON.stringify({ text, client_id: id, model });
}

composer?.addEventListener("htmx:wsConfigSend", (event) => {
  const text = composer.elements.text.value;
  if ([...sent.values()].includes(text)) return event.preventDefault(); // on its way already
  if (submitted || !connected && "beginning" in composer.dataset) { // there may never be a socket: the form does it
    event.preventDefault();
    if (!submitted) composer.submit();
    submitted = true;
    return;
  }
  const id = newId();
  sent.set(id, text);
  event.detail.messageBody = asMessage(id, text);
  if (!connected) composer.querySelector(".error").textContent = composer.dataset.unsent;
});

let submitted = false; // the form makes one conversation, also when Enter is pressed twice

window.addEventListener("pageshow", ({ persisted }) => { // come back to, when its message is elsewhere
  if (persisted && submitted) typing.value = "";
  if (persisted) submitted = false;
});

const typing = composer?.elements.text;

function grow() {
  if (CSS.supports("field-sizing", "content")) return;
  typing.style.height = "auto"; // allowed by the policy: it is set by script, not by an attribute
  typing.style.height = `${typing.scrollHeight}px`;
}

typing?.addEventListener("input", grow);
if (typing?.value) grow();
const aimed = location.hash.startsWith("#m") && document.getElementById(location.hash.slice(1)); // what a search found
if (aimed) {
  following = false;
  aimed.scrollIntoView({ block: "center" });
} else if (thread?.querySelector("article")) toEnd();
