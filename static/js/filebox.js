// A text box that takes a file: chosen, or dropped on it (data-filebox="address"). The server finds out the encoding and
// answers {"text", "name"} or {"error": sentence}. Without script the form sends the file itself.
"use strict";

for (const box of document.querySelectorAll("[data-filebox]")) {
  const area = box.querySelector("textarea");
  const input = box.querySelector("input[type=file]");
  const error = box.querySelector(".error");
  const name = box.closest("form").elements.name;

  function say(sentence, bad = true) {
    error.textContent = sentence;
    error.classList.toggle("busy", !bad);
    area.toggleAttribute("aria-invalid", Boolean(sentence) && bad);
  }

  async function read(file) {
    const data = new FormData();
    data.append("file", file);
    const token = box.closest("form").elements.csrfmiddlewaretoken.value;
    say(box.dataset.reading, false);
    try {
      const response = await fetch(box.dataset.filebox, { method: "POST", body: data, headers: { "X-CSRFToken": token } });
      const answer = await response.json();
      if (answer.error) return say(answer.error);
      area.value = answer.text;
      if (name) name.value = answer.name;
      area.scrollTop = 0;
      area.dispatchEvent(new Event("input", { bubbles: true }));
      say("");
    } catch {
      say("");
      document.dispatchEvent(new CustomEvent("htmx:responseError"));
    } finally {
      input.value = ""; // the box holds its text now; the same file may be chosen again
    }
  }

  input.addEventListener("change", () => { if (input.files.length) read(input.files[0]); });

  box.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    box.classList.add("over");
  });
  box.addEventListener("dragleave", () => box.classList.remove("over"));
  box.addEventListener("drop", (event) => {
    box.classList.remove("over");
    const { files } = event.dataTransfer;
    if (!files.length) return;
    event.preventDefault();
    if (files.length > 1) say(box.dataset.several);
    else read(files[0]);
  });
}

// Enter in a question sends it, but never the Enter of an input method
for (const field of document.querySelectorAll("[data-submits]")) {
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    field.form.requestSubmit();
  });
}
