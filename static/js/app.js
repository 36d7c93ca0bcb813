// What the pages need beyond HTML: menus and dialogs that close, copying, toasts, and focus on the first wrong field.
// Every behaviour hangs on an attribute of the element; nothing here knows a page.
(() => {
  const toasts = document.getElementById("toasts");
  const TOAST_MS = 6000, UNDO_MS = 20000, COPIED_MS = 1600;

  function glyph(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const use = document.createElementNS(svg.namespaceURI, "use");
    svg.setAttribute("class", "glyph small");
    svg.setAttribute("aria-hidden", "true");
    use.setAttribute("href", `#i-${name}`);
    svg.append(use);
    return svg;
  }

  // Toasts: rendered by Django, sent by a response (HX-Trigger: {"toast": …}) or by a script (a "toast" event)
  function dressToast(toast) {
    const close = document.createElement("button");
    close.type = "button";
    close.className = "button quiet icon small";
    close.ariaLabel = toasts.dataset.close;
    close.append(glyph("close"));
    close.addEventListener("click", () => toast.remove());
    toast.append(close);
    if (toast.classList.contains("error")) return;
    const leave = () => (toast.matches(":hover, :focus-within") ? setTimeout(leave, TOAST_MS) : toast.remove());
    setTimeout(leave, toast.querySelector("form") ? UNDO_MS : TOAST_MS);
  }

  function showToast(message, level = "info") {
    const toast = document.createElement("div");
    const text = document.createElement("p");
    toast.className = `toast ${level}`;
    text.textContent = message;
    toast.append(text);
    toasts.append(toast);
    dressToast(toast);
  }

  // Copying; without https the clipboard API is missing, and a selected textarea does it
  async function writeClipboard(text) {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    if (!copied) throw new Error("copying was refused");
  }

  function copySource(button) {
    if ("copyCode" in button.dataset) return button.closest(".code")?.querySelector("pre");
    if (button.dataset.copy) return document.querySelector(button.dataset.copy);
    return button.closest(".copyable")?.querySelector("input, textarea");
  }

  function confirmCopied(button) {
    if (button.dataset.was) return;
    const use = button.querySelector("use");
    const label = [...button.childNodes].find((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    const was = { icon: use?.getAttribute("href"), text: label?.data };
    button.dataset.was = "1";
    use?.setAttribute("href", "#i-check");
    if (label?.parentElement.checkVisibility()) label.data = toasts.dataset.copied;
    else showToast(toasts.dataset.copied, "success");
    setTimeout(() => {
      delete button.dataset.was;
      use?.setAttribute("href", was.icon);
      if (label) label.data = was.text;
    }, COPIED_MS);
  }

  async function textToCopy(button) {
    if (!button.dataset.copyFrom) {
      const source = copySource(button);
      return source && (source.value ?? source.innerText);
    }
    const answer = await fetch(button.dataset.copyFrom);
    if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
    return answer.text();
  }

  async function copy(button) {
    try {
      const text = await textToCopy(button);
      if (text === undefined || text === null) return;
      await writeClipboard(text);
      confirmCopied(button);
    } catch {
      showToast(toasts.dataset.failed, "error");
    }
  }

  function suggest(button) {
    const input = document.querySelector(".composer textarea");
    input.value = button.dataset.suggestion;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.focus();
  }

  const closeMenus = (keep) =>
    document.querySelectorAll("details.menu[open]").forEach((menu) => menu.contains(keep) || (menu.open = false));

  document.addEventListener("click", (event) => {
    const { target } = event;
    closeMenus(target);
    if (target instanceof HTMLDialogElement) return target.close(); // the backdrop
    const button = target.closest("[data-copy], [data-copy-from], [data-copy-code], [data-dialog-open], [data-dialog-close], [data-suggestion]");
    if (!button) return;
    const { dataset } = button;
    if ("dialogOpen" in dataset) {
      closeMenus();
      document.getElementById(dataset.dialogOpen)?.showModal();
    } else if ("dialogClose" in dataset) button.closest("dialog")?.close();
    else if ("suggestion" in dataset) suggest(button);
    else {
      if (dataset.copyFrom) closeMenus();
      copy(button);
    }
  });

  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
    if (!menu) return;
    event.preventDefault(); // the drawer or dialog around the menu stays
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  document.addEventListener("focusout", (event) => {
    const menu = event.target.closest("details.menu[open]");
    if (menu && event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });

  document.addEventListener("change", ({ target }) => {
    if (target.closest("[data-autosubmit]")) target.form.requestSubmit();
    if (target.name === "theme") document.documentElement.dataset.theme = target.value;
  });

  // Dialogs that come as a response: each opens by itself, goes when it is closed, and gives the focus back
  document.addEventListener("htmx:load", ({ detail: { elt } }) => {
    if (!elt.matches?.("dialog[data-passing]")) return;
    const opener = document.activeElement.closest("details.menu")?.querySelector("summary") ?? document.activeElement;
    closeMenus();
    elt.showModal();
    elt.addEventListener("close", () => {
      const free = elt.contains(document.activeElement) || document.activeElement === document.body; // nobody went elsewhere
      elt.remove();
      if (free) (opener.isConnected ? opener : document.getElementById(opener.id))?.focus();
    });
    for (const box of elt.querySelectorAll("[data-keys]")) box.checked = keysOn();
  });

  document.addEventListener("htmx:afterRequest", ({ detail: { elt, successful, xhr } }) => {
    if (successful && xhr.status !== 422) elt.closest?.("dialog[data-passing]")?.close();
  });

  // Keys: pressing one presses (or focuses) the last visible element with that data-key. Single keys do nothing while
  // one writes or an input method composes, and can be turned off (WCAG 2.1.4); the sheet that lists them has the switch.
  const keysOn = () => localStorage.getItem("keys") !== "off";
  const WRITING = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
  const BUSY = "dialog[open], details.menu[open], .sidebar:popover-open";

  function press(key) {
    const found = [...document.querySelectorAll(`[data-key~="${CSS.escape(key)}"]`)].filter((one) => one.checkVisibility()).at(-1);
    if (!found || found.disabled) return false;
    if (found.matches(WRITING)) found.focus();
    else found.click();
    return true;
  }

  function wanted(event) {
    if (event.defaultPrevented || event.isComposing || event.keyCode === 229 || event.repeat) return "";
    if (event.altKey || event.shiftKey && event.key.length > 1 || document.querySelector(BUSY)) return "";
    if (event.ctrlKey || event.metaKey) return event.key === "/" ? "?" : "";
    if (event.key === "Escape") return event.target.closest("[role=search]") ? "" : "Escape";
    return keysOn() && event.key.length === 1 && !event.target.closest(WRITING) ? event.key : "";
  }

  document.addEventListener("keydown", (event) => {
    const key = wanted(event);
    if (key && press(key)) event.preventDefault();
  });

  document.addEventListener("change", ({ target }) => {
    if ("keys" in target.dataset) localStorage.setItem("keys", target.checked ? "on" : "off");
  });

  document.addEventListener("click", ({ target }) => {
    if (target.closest("[data-sidebar-toggle]")) document.documentElement.toggleAttribute("data-no-sidebar");
  });

  for (const box of document.querySelectorAll("[data-keys]")) box.checked = keysOn();

  const focusFirstError = (root) => root.querySelector('[aria-invalid="true"]')?.focus();

  document.addEventListener("toast", ({ detail }) => showToast(detail.message, detail.level));
  document.addEventListener("htmx:sendError", () => showToast(toasts.dataset.unreachable, "error"));
  document.addEventListener("htmx:responseError", () => showToast(toasts.dataset.failed, "error"));
  document.addEventListener("htmx:pushedIntoHistory", () => {
    const drawer = document.querySelector(".sidebar:popover-open");
    drawer?.hidePopover();
  });
  document.addEventListener("htmx:afterSettle", ({ target }) => focusFirstError(target));

  toasts.querySelectorAll(".toast").forEach(dressToast);
  focusFirstError(document);
})();
