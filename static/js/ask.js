// Which sentences of the passage an answer stands on: the newest answer's while nothing else is asked for; those of the
// answer under the pointer, under a finger or with the focus. The socket tells them while an answer is written.
"use strict";

(() => {
  const passage = document.getElementById("passage");
  const text = document.getElementById("passage-text");
  const narrow = matchMedia("(max-width: 900px)");
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  if (narrow.matches) passage.open = false;
  narrow.addEventListener("change", () => { passage.open = !narrow.matches; });

  const numbersOf = (article) => (article.dataset.sentences ?? "").split(" ").filter(Boolean);

  function light(article, { open = false, scroll = true } = {}) {
    text.querySelectorAll(".lit").forEach((sentence) => sentence.classList.remove("lit"));
    thread.querySelectorAll(".pointing").forEach((other) => other.classList.remove("pointing"));
    if (!article) return;
    const numbers = numbersOf(article);
    for (const number of numbers) document.getElementById(`s${number}`)?.classList.add("lit");
    article.classList.toggle("pointing", numbers.length > 0);
    if (open) passage.open = true;
    if (scroll && numbers.length) show(document.getElementById(`s${numbers[0]}`));
  }

  function show(sentence) { // within the pane alone: the thread stays where it is
    if (!sentence || !passage.open) return;
    const box = text.getBoundingClientRect(), place = sentence.getBoundingClientRect();
    if (place.top >= box.top && place.bottom <= box.bottom) return;
    text.scrollBy({ top: place.top - box.top - box.height / 3, behavior: still.matches ? "auto" : "smooth" });
  }

  const answerOf = (target) => target.closest?.("article[data-role=assistant]");
  const newest = () => [...thread.querySelectorAll("article[data-role=assistant]")].at(-1);
  let chosen = ""; // id of the answer that was clicked: it stays lit until another one comes
  const resting = () => document.getElementById(chosen) ?? newest();

  thread.addEventListener("pointerover", (event) => {
    const article = event.pointerType === "mouse" && answerOf(event.target);
    if (article && numbersOf(article).length) light(article);
  });
  thread.addEventListener("pointerleave", () => light(resting(), { scroll: false }));
  thread.addEventListener("focusin", (event) => {
    const article = answerOf(event.target);
    if (article && numbersOf(article).length) light(article);
  });
  thread.addEventListener("click", (event) => {
    const article = answerOf(event.target);
    if (!article) return;
    const link = event.target.closest(".found-in a");
    if (link) event.preventDefault();
    if (!link && event.target.closest("button, a, summary")) return;
    chosen = article.id;
    light(article, { open: Boolean(link) });
  });

  chat.addEventListener("htmx:wsBeforeMessage", ({ detail }) => {
    if (!detail.message.startsWith('{"sentences"')) return;
    const said = JSON.parse(detail.message);
    const article = document.getElementById(`m${said.of}`);
    if (!article) return;
    article.dataset.sentences = said.sentences.join(" ");
    article.querySelector(".absent").hidden = !said.absent;
    const link = article.querySelector(".found-in");
    link.hidden = !said.sentences.length;
    link.querySelector("a").hash = `s${said.sentences[0] ?? ""}`;
    chosen = "";
    light(article);
  });

  // A thread that was drawn anew brings its answers with their sentences.
  chat.addEventListener("htmx:wsAfterMessage", ({ detail }) => {
    if (!detail.message.startsWith("{")) light(resting(), { scroll: false });
  });

  const aimed = location.hash.startsWith("#m") && document.getElementById(location.hash.slice(1)); // by a search
  if (aimed && numbersOf(aimed).length) chosen = aimed.id;
  light(resting());
})();
