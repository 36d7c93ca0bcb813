// The list of models follows what a colleague chooses: the socket says which model is chosen now.
"use strict";

document.getElementById("chat")?.addEventListener("htmx:wsBeforeMessage", ({ detail }) => {
  if (!detail.message.startsWith('{"revision"')) return;
  const { model } = JSON.parse(detail.message);
  const picker = document.getElementById("picker");
  if (!picker || model === undefined || picker.dataset.model === model) return;
  picker.dataset.model = model;
  htmx.ajax("GET", picker.querySelector("select").getAttribute("hx-post"), { target: "#picker", swap: "outerHTML" });
});
