// What every page needs that follows a conversation: a text that grows block by block, the banner of a lost connection, who
// else is there, and which model is chosen. One file, since each costs a page a request.
"use strict";

// As webapp/chat/stream.py tells it, in operations on the element that holds the blocks.
const growing = (() => {
  const INLINE = new Set(["A", "CODE", "DEL", "EM", "STRONG", "SPAN", "math"]);

  // Where new characters belong: inside the last paragraph, item or cell, but after inline elements such as <strong>.
  function appendText(block, text) {
    let place = block;
    while (place.lastElementChild && !place.lastElementChild.nextSibling?.textContent.trim()
           && (!INLINE.has(place.lastElementChild.tagName) || place.tagName === "PRE")) {
      place = place.lastElementChild;
    }
    const last = place.lastChild;
    if (last && last.nodeType === Node.TEXT_NODE) last.appendData(text);
    else place.append(text);
  }

  function blockAt(body, number) {
    while (body.children.length <= number) {
      const block = document.createElement("div");
      block.className = "block";
      body.append(block);
    }
    return body.children[number];
  }

  return {
    reset: (body) => body.replaceChildren(),
    block: (body, op) => { blockAt(body, op.block).innerHTML = op.html; },
    text: (body, op) => appendText(blockAt(body, op.block), op.text),
    cut: (body, op) => body.replaceChildren(...[...body.children].slice(0, op.blocks)),
  };
})();

// The socket itself is htmx's.
const connection = (() => {
  const LONGEST_PAUSE_MS = 8000; // between two attempts to connect
  let leaving = false;

  window.addEventListener("beforeunload", () => { leaving = true; });
  window.addEventListener("pageshow", () => { leaving = false; });
  htmx.config.wsReconnectDelay = (attempt) => Math.random() * Math.min(1000 * 2 ** attempt, LONGEST_PAUSE_MS);

  function show(sentence) {
    const banner = document.getElementById("connection");
    banner.textContent = sentence;
    banner.hidden = !sentence;
  }

  // `stay`: there is something on the page that must not be lost.
  function lost(code, sentence, stay = false) {
    if (leaving) return; // who deletes the conversation is on the way to the next page
    if ((code === 4404 || code === 4401) && !stay) location.reload(); // no longer ours to see, or signed out
    else show(sentence);
  }

  return { found: () => show(""), lost };
})();

// Who else looks at the same shared conversation, and who writes something (webapp/chat/company.py). Whoever hears the
// socket passes it on as a "company" event.
(() => {
const TYPING_EVERY_MS = 2000, TYPING_FOR_MS = 5000;
const box = document.querySelector("#composer textarea");
const typists = new Map(); // a person's id -> { name, timer }
let socket = null, people = [], saidAt = 0;

const insert = (sentence, ...names) => names.reduce((said, name) => said.replace("%s", () => name), sentence);

function avatar(person) {
  const badge = document.createElement("span");
  badge.className = "avatar";
  badge.ariaHidden = "true";
  badge.dataset.tone = person.id % 5;
  badge.textContent = person.initials;
  return badge;
}

function showPeople() {
  const viewers = document.getElementById("viewers");
  if (!viewers) return;
  const summary = viewers.querySelector("summary");
  const list = document.createElement("ul");
  const more = document.createElement("span");
  more.textContent = people.length > 3 ? `+${people.length - 3}` : "";
  viewers.hidden = !people.length;
  summary.ariaLabel = summary.title = insert(viewers.dataset.here, people.map(({ name }) => name).join(", "));
  summary.replaceChildren(...people.slice(0, 3).map(avatar), more);
  list.replaceChildren(...people.map((person) => {
    const item = document.createElement("li");
    item.append(avatar(person), person.name);
    return item;
  }));
  viewers.querySelector("ul")?.remove();
  viewers.querySelector(".menu-list").append(list);
}

function showTypists() {
  const line = document.getElementById("typing");
  if (!line) return;
  const names = [...typists.values()].map(({ name }) => name);
  const { one, two, many } = line.dataset;
  line.textContent = insert({ 0: "", 1: one, 2: two }[names.length] ?? many, ...names);
}

function hearTyping({ id, name, on }) {
  clearTimeout(typists.get(id)?.timer);
  typists.delete(id);
  if (on) typists.set(id, { name, timer: setTimeout(() => hearTyping({ id, on: false }), TYPING_FOR_MS) });
  showTypists();
}

function hearCompany(company) {
  people = company;
  for (const id of typists.keys()) if (!people.some((person) => person.id === id)) hearTyping({ id, on: false });
  showPeople();
}

document.addEventListener("company", ({ detail }) => {
  if (detail.company) hearCompany(detail.company);
  if (detail.typing) hearTyping(detail.typing);
});
document.addEventListener("htmx:wsOpen", ({ detail }) => { socket = detail.socketWrapper; });
document.addEventListener("htmx:wsClose", () => { socket = null; hearCompany([]); });
document.addEventListener("htmx:afterSwap", showPeople); // the head may have come anew

box?.addEventListener("input", () => {
  const on = Boolean(box.value.trim()), now = Date.now();
  if (!socket || !people.length || (on ? now - saidAt < TYPING_EVERY_MS : !saidAt)) return;
  saidAt = on ? now : 0;
  socket.sendImmediately(JSON.stringify({ typing: on }));
});
})();

// The list of models follows what a colleague chooses: the socket says which model is chosen now.
document.getElementById("chat")?.addEventListener("htmx:wsBeforeMessage", ({ detail }) => {
  if (!detail.message.startsWith('{"revision"')) return;
  const { model } = JSON.parse(detail.message);
  const picker = document.getElementById("picker");
  if (!picker || model === undefined || picker.dataset.model === model) return;
  picker.dataset.model = model;
  htmx.ajax("GET", picker.querySelector("select").getAttribute("hx-post"), { target: "#picker", swap: "outerHTML" });
});
