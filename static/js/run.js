// The page of a training run while it is open: draws the curves, and adds what the socket tells (webapp/runs/consumers.py).
"use strict";
{
  const run = document.getElementById("run");
  const curves = JSON.parse(document.getElementById("curves").textContent);
  const HEIGHT = 220, LEFT = 56, RIGHT = 12, TOP = 14, BOTTOM = 28; // px; a chart is as wide as its place
  const SVG = "http://www.w3.org/2000/svg";
  const charts = [
    { place: document.getElementById("chart-loss"), lines: [["loss", 1], ["held_out", 2], ["base", "base"]] },
    { place: document.getElementById("chart-rate"), lines: [["learning_rate", 3]] },
  ];

  function draw(place, name, attributes, text) {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    place.append(element);
    return element;
  }

  const { lang } = document.documentElement;
  const number = (value) => Math.round(value).toLocaleString(lang); // 1,200, as Django writes it

  const short = (value) => (value === 0 ? "0" : Math.abs(value) < 0.01 ? value.toExponential(1) : value.toPrecision(3));

  function frame(points) {
    const steps = points.map(([step]) => step), values = points.map(([, value]) => value);
    const low = Math.min(...values), high = Math.max(...values);
    return { from: Math.min(...steps), to: Math.max(...steps, 1), low, high: high > low ? high : low + Math.max(1e-9, Math.abs(low) * 0.1) };
  }

  function drawChart(chart) {
    const { place, lines } = chart;
    const all = lines.flatMap(([name]) => curves[name]), width = place.clientWidth;
    place.replaceChildren();
    if (!all.length || !width) return;
    place.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    const { from, to, low, high } = (chart.frame = frame(all));
    chart.width = width;
    chart.x = (step) => LEFT + ((step - from) / Math.max(1, to - from)) * (width - LEFT - RIGHT);
    chart.y = (value) => HEIGHT - BOTTOM - ((value - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
    for (const share of [0, 0.5, 1]) {
      const value = low + share * (high - low), y = chart.y(value);
      draw(place, "line", { x1: LEFT, x2: width - RIGHT, y1: y, y2: y });
      draw(place, "text", { x: LEFT - 8, y: y + 4, "text-anchor": "end" }, short(value));
    }
    draw(place, "text", { x: LEFT, y: HEIGHT - 8 }, number(from));
    draw(place, "text", { x: width - RIGHT, y: HEIGHT - 8, "text-anchor": "end" }, number(to));
    for (const [name, tone] of lines) {
      const path = curves[name].map(([step, value], i) => `${i ? "L" : "M"}${chart.x(step).toFixed(1)} ${chart.y(value).toFixed(1)}`);
      if (path.length === 1) dot(chart, tone, curves[name][0]);
      else draw(place, "path", { class: `line-${tone}`, d: path.join("") });
    }
    if (chart.at !== undefined) mark(chart, chart.at);
  }

  function drawAll() {
    document.getElementById("curves-part").hidden = !curves.loss.length && !curves.held_out.length;
    charts.forEach(drawChart);
  }

  const dot = (chart, tone, [step, value], name = "") => draw(chart.place, "circle", { class: `line-${tone} ${name}`, r: 4, cx: chart.x(step), cy: chart.y(value) });

  // Reading a curve: the mouse or a finger points, the arrow keys step
  const reading = document.getElementById("reading");

  const atStep = (step) => reading.dataset.step.replace("{step}", number(step));
  const nearest = (name, step) => curves[name].reduce((best, point) => (!best || Math.abs(point[0] - step) < Math.abs(best[0] - step) ? point : best), null);
  const steps = (chart) => [...new Set(chart.lines.flatMap(([name]) => (name === "base" ? [] : curves[name].map(([step]) => step))))].sort((a, b) => a - b);

  function mark(chart, step) {
    const { place } = chart, x = chart.x(step);
    place.querySelectorAll(".mark-at").forEach((old) => old.remove());
    draw(place, "line", { class: "cursor mark-at", x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM });
    for (const [name, tone] of chart.lines) {
      const point = nearest(name, step);
      if (point) dot(chart, tone, name === "base" ? [step, point[1]] : point, "mark-at");
    }
  }

  function read(chart, step) {
    chart.at = step;
    mark(chart, step);
    const values = chart.lines.flatMap(([name]) => {
      const point = nearest(name, step);
      if (!point) return [];
      const label = chart.place.parentElement.querySelector(`[data-line="${name}"]`).textContent;
      const elsewhere = name !== "base" && point[0] !== step ? ` ${reading.dataset.at.replace("{step}", number(point[0]))}` : "";
      return `${label} ${short(point[1])}${elsewhere}`;
    });
    reading.textContent = [atStep(step), ...values].join(" · ");
  }

  function point(chart, event) {
    if (!chart.frame) return;
    const share = (event.clientX - chart.place.getBoundingClientRect().left - LEFT) / (chart.width - LEFT - RIGHT);
    const wanted = chart.frame.from + share * (chart.frame.to - chart.frame.from);
    const at = steps(chart).reduce((best, step) => (Math.abs(step - wanted) < Math.abs(best - wanted) ? step : best), Infinity);
    if (at !== Infinity) read(chart, at);
  }

  for (const chart of charts) {
    chart.place.addEventListener("pointermove", (event) => point(chart, event));
    chart.place.addEventListener("pointerdown", (event) => point(chart, event));
    chart.place.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
      const all = way && chart.frame ? steps(chart) : [];
      if (!all.length) return;
      event.preventDefault();
      const index = all.indexOf(chart.at) + way;
      read(chart, all[Math.max(0, Math.min(all.length - 1, index))]);
    });
  }

  // What the socket tells
  const fact = (name) => run.querySelector(`[data-fact="${name}"]`); // none before it has begun
  const show = (name, text) => fact(name)?.replaceChildren(text);

  function timeLeft(seconds) {
    const { unitS, unitMin, unitH } = fact("left")?.dataset ?? {};
    if (seconds < 60) return `${Math.round(seconds)} ${unitS}`;
    if (seconds < 3600) return `${Math.round(seconds / 60)} ${unitMin}`;
    return `${(seconds / 3600).toFixed(1)} ${unitH}`;
  }

  let newest = null; // what the last step told

  function showFacts() {
    if (!newest) return;
    const { step, loss, tokens, tokens_per_s: speed, progress, elapsed_s: elapsed, memory_mb: memory, energy_wh: energy } = newest;
    show("step", number(step));
    if (fact("step")) fact("step").dataset.step = step;
    show("loss", loss.toFixed(3));
    show("tokens", number(tokens));
    show("tokens_per_s", number(speed));
    show("memory_mb", `${number(memory)} MB`);
    show("energy_wh", `${energy.toFixed(2)} Wh`);
    if (!progress) return;
    show("left", timeLeft((elapsed * (1 - progress)) / progress));
    document.getElementById("closing")?.toggleAttribute("hidden", progress < 1);
    run.querySelectorAll(".run-progress").forEach((bar) => { bar.value = progress; });
  }

  document.addEventListener("htmx:afterSwap", () => { // what was asked for may be older than what was told meanwhile
    if (newest && !(Number(fact("step")?.dataset.step) >= newest.step)) showFacts();
  });

  function add(name, step, value) {
    while (curves[name].length && curves[name].at(-1)[0] >= step) curves[name].pop(); // told once more
    curves[name].push([step, value]);
  }

  const hearing = {
    started(step, { parameters, resumed_from: resumed }) {
      if (!fact("parameters")) refresh();
      show("parameters", number(parameters));
      newest = null; // what was after the checkpoint is told once more
      for (const points of [curves.loss, curves.held_out, curves.learning_rate]) while (points.length && points.at(-1)[0] > (resumed ?? 0)) points.pop();
    },
    step(step, values) {
      add("loss", step, values.loss);
      add("learning_rate", step, values.learning_rate);
      if (curves.base.length) curves.base[1][0] = Math.max(curves.base[1][0], step);
      newest = { step, ...values };
      showFacts();
    },
    evaluated(step, { loss }) {
      if (run.dataset.lesson && !step && !curves.base.length) curves.base.push([0, loss], [1, loss]);
      add("held_out", step, loss);
    },
    sampled(step, { prompt, text }, id) {
      const samples = document.getElementById("samples");
      if (!samples) return besides(step, prompt, text);
      if (document.getElementById(`event-${id}`)) return; // the page had it already
      const figure = document.createElement("figure"), caption = document.createElement("figcaption"), body = document.createElement("p");
      figure.className = "sample";
      caption.className = "muted small";
      caption.textContent = atStep(step);
      if (prompt) {
        const given = document.createElement("strong");
        given.textContent = prompt;
        body.append(given, " ");
      }
      body.append(text);
      figure.append(caption, body);
      samples.prepend(figure);
    },
  };

  // A run that teaches: the reply beside the base model's, which came first
  function besides(step, prompt, text) {
    const row = [...run.querySelectorAll(".beside")].find((article) => article.querySelector("h3").textContent === prompt);
    if (!row) return refresh(); // the first ones: the server draws them
    if (!step) return;
    row.querySelector(".now figcaption").textContent = atStep(step);
    row.querySelector(".now p").textContent = text;
  }

  // Buttons, banners, what it answers, and the log are the server's to draw
  const head = () => document.getElementById("run-head");
  const refresh = () => (head().dataset.status === "planned" ? location.reload() : htmx.trigger(head(), "changed"));

  // The log follows its end, unless one has scrolled up to read
  const LONGEST_LOG = 100_000; // characters; the file has the rest
  let readingAt = null;

  document.addEventListener("scroll", ({ target }) => {
    if (target.id === "log-lines") readingAt = target.scrollHeight - target.scrollTop - target.clientHeight < 8 ? null : target.scrollTop;
  }, true);

  function showLog() {
    const lines = document.getElementById("log-lines");
    if (!lines) return;
    if (readingAt === null && lines.textContent.length > LONGEST_LOG) lines.textContent = lines.textContent.slice(-LONGEST_LOG);
    lines.scrollTop = readingAt ?? lines.scrollHeight;
  }

  for (const name of ["htmx:afterSwap", "htmx:oobAfterSwap"]) document.addEventListener(name, showLog);
  showLog();

  let redraw = 0;

  function hear(message) {
    if (message.revision !== undefined) return; // we have them all
    if (message.changed) return refresh();
    run.dataset.after = message.id;
    if (message.kind === "compared") refresh();
    hearing[message.kind]?.(message.step, message.values, message.id);
    cancelAnimationFrame(redraw);
    redraw = requestAnimationFrame(drawAll);
  }

  let attempt = 0, leaving = false;
  window.addEventListener("beforeunload", () => { leaving = true; });

  function connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}${run.dataset.socket}?after=${run.dataset.after}&status=${head().dataset.status}`);
    socket.addEventListener("open", () => { attempt = 0; });
    socket.addEventListener("message", ({ data }) => hear(JSON.parse(data)));
    socket.addEventListener("close", ({ code }) => {
      if (leaving) return;
      if (code === 4404 || code === 4401) return location.reload();
      setTimeout(connect, Math.random() * Math.min(1000 * 2 ** attempt++, 8000));
    });
  }

  new ResizeObserver(drawAll).observe(charts[0].place);
  connect();
}
