// The page of a training run while it is open: draws the curves, and adds what the socket tells (webapp/runs/consumers.py).
"use strict";
{
  const run = document.getElementById("run");
  const curves = JSON.parse(document.getElementById("curves").textContent);
  const WIDTH = 600, HEIGHT = 240, LEFT = 52, RIGHT = 10, TOP = 12, BOTTOM = 26;
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

  const short = (value) => (value === 0 ? "0" : Math.abs(value) < 0.01 ? value.toExponential(0) : value.toPrecision(3));

  function frame(points) {
    const steps = points.map(([step]) => step), values = points.map(([, value]) => value);
    const low = Math.min(...values), high = Math.max(...values);
    return { from: Math.min(...steps), to: Math.max(...steps, 1), low, high: high > low ? high : low + Math.max(1e-9, Math.abs(low) * 0.1) };
  }

  function drawChart(chart) {
    const { place, lines } = chart;
    const all = lines.flatMap(([name]) => curves[name]);
    place.replaceChildren();
    if (!all.length) return;
    const { from, to, low, high } = (chart.frame = frame(all));
    chart.x = (step) => LEFT + ((step - from) / Math.max(1, to - from)) * (WIDTH - LEFT - RIGHT);
    chart.y = (value) => HEIGHT - BOTTOM - ((value - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
    for (const share of [0, 0.5, 1]) {
      const value = low + share * (high - low), y = chart.y(value);
      draw(place, "line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y, y2: y });
      draw(place, "text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, short(value));
    }
    draw(place, "text", { x: LEFT, y: HEIGHT - 6 }, from);
    draw(place, "text", { x: WIDTH - RIGHT, y: HEIGHT - 6, "text-anchor": "end" }, to);
    for (const [name, tone] of lines) {
      const path = curves[name].map(([step, value], i) => `${i ? "L" : "M"}${chart.x(step).toFixed(1)} ${chart.y(value).toFixed(1)}`);
      if (path.length === 1) draw(place, "circle", { class: `line-${tone}`, r: 4, cx: chart.x(curves[name][0][0]), cy: chart.y(curves[name][0][1]) });
      else draw(place, "path", { class: `line-${tone}`, d: path.join("") });
    }
  }

  // Reading a curve: the mouse or a finger points, the arrow keys step
  const reading = document.getElementById("reading");

  function read(chart, step) {
    const [first] = chart.lines;
    const nearest = (name) => curves[name].reduce((best, point) => (!best || Math.abs(point[0] - step) < Math.abs(best[0] - step) ? point : best), null);
    const at = nearest(first[0]);
    if (!at) return;
    chart.at = at[0];
    chart.place.querySelector(".cursor")?.remove();
    draw(chart.place, "line", { class: "cursor", x1: chart.x(at[0]), x2: chart.x(at[0]), y1: TOP, y2: HEIGHT - BOTTOM });
    const values = chart.lines.map(([name]) => nearest(name)).filter(Boolean).map(([, value]) => short(value));
    reading.textContent = `${reading.dataset.step} ${at[0]}: ${values.join(" · ")}`;
  }

  for (const chart of charts) {
    chart.place.addEventListener("pointermove", (event) => {
      if (!chart.frame) return;
      const box = chart.place.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * WIDTH;
      read(chart, chart.frame.from + ((x - LEFT) / (WIDTH - LEFT - RIGHT)) * (chart.frame.to - chart.frame.from));
    });
    chart.place.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!way || !chart.frame) return;
      event.preventDefault();
      const points = curves[chart.lines[0][0]];
      const index = points.findIndex(([step]) => step === chart.at);
      read(chart, points[Math.max(0, Math.min(points.length - 1, index + way))][0]);
    });
  }

  // What the socket tells
  const fact = (name) => run.querySelector(`[data-fact="${name}"]`);

  function timeLeft(seconds) {
    const { unitS, unitMin, unitH } = fact("left").dataset;
    if (seconds < 60) return `${Math.round(seconds)} ${unitS}`;
    if (seconds < 3600) return `${Math.round(seconds / 60)} ${unitMin}`;
    return `${(seconds / 3600).toFixed(1)} ${unitH}`;
  }

  const hearing = {
    started(step, { parameters, resumed_from: resumed }) {
      fact("parameters").textContent = parameters.toLocaleString(document.documentElement.lang);
      for (const points of Object.values(curves)) while (points.length && points.at(-1)[0] > (resumed ?? 0)) points.pop();
    },
    step(step, { loss, learning_rate: rate, tokens, tokens_per_s: speed, progress, elapsed_s: elapsed, memory_mb: memory, energy_wh: energy }) {
      curves.loss.push([step, loss]);
      curves.learning_rate.push([step, rate]);
      fact("step").textContent = step;
      fact("loss").textContent = loss.toFixed(3);
      fact("tokens").textContent = tokens.toLocaleString(document.documentElement.lang);
      fact("tokens_per_s").textContent = Math.round(speed).toLocaleString(document.documentElement.lang);
      if (fact("memory_mb")) fact("memory_mb").textContent = `${Math.round(memory).toLocaleString(document.documentElement.lang)} MB`;
      if (fact("energy_wh")) fact("energy_wh").textContent = `${energy.toFixed(2)} Wh`;
      if (curves.base.length) curves.base[1][0] = Math.max(curves.base[1][0], step);
      if (progress) {
        fact("left").textContent = timeLeft((elapsed * (1 - progress)) / progress);
        run.querySelector(".run-progress").value = progress;
      }
    },
    evaluated(step, { loss }) {
      if (run.dataset.lesson && !step && !curves.base.length) curves.base.push([0, loss], [1, loss]);
      curves.held_out.push([step, loss]);
    },
    sampled(step, { prompt, text }) {
      const samples = document.getElementById("samples");
      if (!samples) return besides(step, prompt, text);
      const figure = document.createElement("figure"), caption = document.createElement("figcaption"), body = document.createElement("p");
      figure.className = "sample";
      caption.className = "muted small";
      caption.textContent = `${samples.dataset.step} ${step}`;
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
    if (!row) return location.reload(); // the first ones: the server draws them
    if (!step) return;
    row.querySelector(".now figcaption").textContent = `${reading.dataset.step} ${step}`;
    row.querySelector(".now p").textContent = text;
  }

  let redraw = 0;

  function hear(message) {
    if (message.revision !== undefined) return; // we have them all
    if (message.changed) return location.reload(); // buttons, banners and log are the server's to draw
    run.dataset.after = message.id;
    hearing[message.kind]?.(message.step, message.values);
    cancelAnimationFrame(redraw);
    redraw = requestAnimationFrame(() => charts.forEach(drawChart));
  }

  let attempt = 0, leaving = false;
  window.addEventListener("beforeunload", () => { leaving = true; });

  function connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}${run.dataset.socket}?after=${run.dataset.after}&status=${run.dataset.status}`);
    socket.addEventListener("open", () => { attempt = 0; });
    socket.addEventListener("message", ({ data }) => hear(JSON.parse(data)));
    socket.addEventListener("close", ({ code }) => {
      if (leaving) return;
      if (code === 4404 || code === 4401) return location.reload();
      setTimeout(connect, Math.random() * Math.min(1000 * 2 ** attempt++, 8000));
    });
  }

  charts.forEach(drawChart);
  connect();
}
