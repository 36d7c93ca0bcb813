// Judging by keyboard: each button names its keys.
"use strict";
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.target.closest("input, textarea, select")) return;
  const key = event.key.toLowerCase();
  const button = [...document.querySelectorAll("#duel [data-key]")].find(({ dataset }) => dataset.key.split(" ").includes(key));
  if (!button) return;
  event.preventDefault();
  button.click();
});
