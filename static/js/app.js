// What the pages need beyond HTML: menus and dialogs that close, copying, toasts, and focus on the first wrong field.
// Every behaviour hangs on an attribute of the element; nothing here knows a page.
(() => {
  const toasts = document.getElementById("toasts");
  const TOAST_MS = 6000, COPIED_MS = 1600;

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
    setTimeout(leave, TOAST_MS);
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
    if (label) label.data = toasts.dataset.copied;
    else showToast(toasts.dataset.copied, "success");
    setTimeout(() => {
      delete button.dataset.was;
      use?.setAttribute("href", was.icon);
      if (label) label.data = was.text;
    }, COPIED_MS);
  }

  async function copy(button) {
    const source = copySource(button);
    if (!source) return;
    try {
      await writeClipboard(source.value ?? source.innerText);
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
    const button = target.closest("[data-copy], [data-copy-code], [data-dialog-open], [data-dialog-close], [data-suggestion]");
    if (!button) return;
    const { dataset } = button;
    if ("dialogOpen" in dataset) {
      closeMenus();
      document.getElementById(dataset.dialogOpen)?.showModal();
    } else if ("dialogClose" in dataset) button.closest("dialog")?.close();
    else if ("suggestion" in dataset) suggest(button);
    else copy(button);
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
