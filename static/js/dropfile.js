// A form that takes a file (data-dropfile), or several where its input does: chosen, dropped anywhere on the page, or
// pasted, be it a file or, where data-pasted names what they make, the rows themselves. While it is sent one sees how far
// it is; what is refused leaves the form as it was. Without script the form sends it.
"use strict";

(() => {
  const form = document.querySelector("[data-dropfile]");
  if (!form) return;
  const input = form.querySelector("input[type=file]");
  const note = form.querySelector("[data-dropfile-note]");
  const sending = form.querySelector("[data-dropfile-sending]");
  const [bar, share, stop] = ["progress", "span", "button"].map((name) => sending.querySelector(name));
  const WRITING = "input:not([type=file]), textarea, select, [contenteditable]";
  let request = null;

  function say(sentence) {
    note.textContent = sentence;
    input.toggleAttribute("aria-invalid", Boolean(sentence));
  }

  function take(files) {
    if (request || !files.length) return;
    if (files.length > 1 && !input.multiple) return say(form.dataset.several);
    const held = new DataTransfer();
    for (const file of files) held.items.add(file);
    input.files = held.files;
    say("");
    form.scrollIntoView({ block: "nearest" });
    form.querySelector("button.primary").focus();
  }

  // What rows that are pasted are: the server reads a file by its name and its beginning
  function named(text) {
    const start = text.trimStart()[0];
    return start === "{" ? "jsonl" : start === "[" ? "json" : text.split("\n", 1)[0].includes("\t") ? "tsv" : "csv";
  }

  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");

  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    form.classList.add("over");
  });
  document.addEventListener("dragleave", ({ relatedTarget }) => { if (!relatedTarget) form.classList.remove("over"); });
  document.addEventListener("drop", (event) => {
    form.classList.remove("over");
    if (!carriesFiles(event)) return;
    event.preventDefault();
    take(event.dataTransfer.files);
  });

  document.addEventListener("paste", (event) => {
    const { files } = event.clipboardData;
    const text = event.clipboardData.getData("text/plain");
    if (event.target.closest?.(WRITING) || !(files.length || form.dataset.pasted && text.trim())) return;
    event.preventDefault();
    take(files.length ? files : [new File([text], `${form.dataset.pasted}.${named(text)}`)]);
  });

  input.addEventListener("change", () => say(""));

  function rest() {
    request = null;
    sending.hidden = true;
  }

  function arrived({ target }) {
    rest();
    if (target.status < 300) return location.assign(target.responseURL); // where the server sent us
    const page = new DOMParser().parseFromString(target.responseText, "text/html");
    const reason = page.querySelector("[data-dropfile] .errorlist")?.textContent.trim();
    if (reason) say(reason);
    else document.dispatchEvent(new CustomEvent("htmx:responseError"));
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (request) return;
    request = new XMLHttpRequest();
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      bar.value = loaded / total;
      share.textContent = `${Math.floor((100 * loaded) / total)} %`;
    });
    request.addEventListener("load", arrived);
    request.addEventListener("abort", rest);
    request.addEventListener("error", () => {
      rest();
      document.dispatchEvent(new CustomEvent("htmx:sendError"));
    });
    request.open("POST", form.action);
    request.send(new FormData(form));
    sending.hidden = false;
    sending.scrollIntoView({ block: "nearest" });
    say("");
  });

  stop.addEventListener("click", () => request?.abort());
  window.addEventListener("beforeunload", (event) => { if (request) event.preventDefault(); });
})();
