// The list of conversations beside every room: it is fetched anew when a socket says that something in it changed
// (webapp/chat/list_consumer.py): chat's own, or one for the list alone. A conversation begun on this page brings its
// row. List and search are walked with the arrow keys. htmx fetches and swaps.
(() => {
  const search = document.getElementById("list-search");
  if (!search) return;
  const query = search.elements.q;
  const found = document.getElementById("found");
  const PAGE = 40, AGAIN_MS = 1000, LONGEST_PAUSE_MS = 30000, SIGNED_OUT = 4401;
  const list = () => document.getElementById("conversations");

  // News
  let stale = false, waiting = 0;

  function refresh() {
    clearTimeout(waiting);
    const nav = list();
    stale = !nav || document.hidden || Boolean(nav.querySelector("[open]")); // a menu or dialog in it stays open
    if (!nav) return;
    if (stale) {
      if (!document.hidden) waiting = setTimeout(refresh, AGAIN_MS);
      return;
    }
    const rows = nav.querySelectorAll(".conversations:last-child > .conversation").length;
    nav.setAttribute("hx-vals", JSON.stringify({ pages: Math.max(1, Math.ceil(rows / PAGE)) }));
    htmx.trigger(nav, "list-changed");
  }

  document.addEventListener("visibilitychange", () => { if (stale && !document.hidden) refresh(); });

  function hear(data) {
    const { list: task } = JSON.parse(data); // "": something, while the server was deaf
    if (task === "" || (task && task === list()?.dataset.list)) refresh();
  }

  document.addEventListener("begun", ({ detail }) => {
    const rows = list().querySelector("#recent");
    if (!rows) return refresh();
    rows.insertAdjacentHTML("afterbegin", detail.row);
    htmx.process(rows.firstElementChild);
  });

  let attempts = 0;

  function listen() {
    const socket = new WebSocket(`${location.protocol.replace("http", "ws")}//${location.host}/ws/list/`);
    socket.addEventListener("open", () => {
      if (attempts) refresh(); // what happened meanwhile
      attempts = 0;
    });
    socket.addEventListener("message", ({ data }) => hear(data));
    socket.addEventListener("close", ({ code }) => {
      attempts += 1;
      if (code !== SIGNED_OUT) setTimeout(listen, (0.5 + Math.random()) * Math.min(1000 * 2 ** attempts, LONGEST_PAUSE_MS));
    });
  }

  if (document.querySelector("[data-tells-lists]")) {
    document.addEventListener("htmx:wsBeforeMessage", ({ detail }) => {
      if (detail.message.startsWith('{"list"')) hear(detail.message);
    });
    document.addEventListener("htmx:wsOpen", () => { if (attempts++) refresh(); }); // what happened meanwhile
  } else listen();

  // Keys
  const links = () => [...(found.childElementCount ? found : list()).querySelectorAll(".conversation > a, .result > a")];
  const composing = (event) => event.isComposing || event.keyCode === 229; // an input method's own key

  function clear() {
    query.value = "";
    query.dispatchEvent(new Event("input", { bubbles: true }));
    found.replaceChildren();
  }

  function step(from, by) {
    const all = links();
    const to = all.indexOf(from) + by;
    if (to < 0) query.focus();
    else all[to]?.focus();
  }

  const inQuery = {
    ArrowDown: () => step(null, 1),
    Escape: () => (query.value ? clear() : query.blur()),
    Enter: () => {
      if (found.firstElementChild?.dataset.results !== query.value.trim()) return false; // they are not here yet: a page shows them
      const first = links()[0];
      first?.click();
      return Boolean(first);
    },
  };

  const inLink = {
    ArrowDown: (link) => step(link, 1),
    ArrowUp: (link) => step(link, -1),
    Home: () => links()[0].focus(),
    End: () => links().at(-1).focus(),
    Escape: () => query.focus(),
  };

  search.parentElement.addEventListener("keydown", (event) => {
    if (composing(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    const { target } = event;
    const act = target === query ? inQuery[event.key] : target.matches(".conversation > a, .result > a") && inLink[event.key];
    if (act && act(target) !== false) event.preventDefault();
  });

  query.addEventListener("input", () => { if (!query.value.trim()) found.replaceChildren(); });
})();
