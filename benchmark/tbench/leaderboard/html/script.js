"use strict";

const MISSING = "–";

function valueOf(row, column, numeric) {
  const cell = row.cells[column];
  const told = cell.dataset.sort ?? cell.textContent.trim();
  if (!numeric) return told;
  const value = parseFloat(told.replace(/[,≈<]/g, "").trim());
  return told === MISSING || Number.isNaN(value) ? null : value;
}

function sortBy(table, column, numeric, descending) {
  const body = table.tBodies[0];
  const sign = descending ? -1 : 1;
  const rows = Array.from(body.rows, (row) => [valueOf(row, column, numeric), row]);
  rows.sort(([one], [other]) => {
    if (one === null || other === null) return (one === null) - (other === null);
    return sign * (numeric ? one - other : one.localeCompare(other, "en"));
  });
  body.append(...rows.map(([, row]) => row));
}

function makeSortable(table) {
  const heads = Array.from(table.tHead.rows[0].cells);
  heads.forEach((head, column) => {
    const numeric = head.classList.contains("n");
    const button = document.createElement("button");
    button.type = "button";
    button.append(...Array.from(head.childNodes).filter((node) => !(node instanceof Element && node.matches("svg, br"))));
    if (button.textContent === "") button.setAttribute("aria-label", "name");
    head.prepend(button);
    button.addEventListener("click", () => {
      const descending = head.hasAttribute("aria-sort") ? head.getAttribute("aria-sort") === "ascending" : numeric;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      sortBy(table, column, numeric, descending);
    });
  });
}

function makeFilter(search) {
  const part = search.closest("section");
  const switches = Array.from(part.querySelectorAll(".switch"));
  const rows = Array.from(part.querySelectorAll("tbody tr"));
  const apply = () => {
    const wanted = search.value.trim().toLowerCase();
    const off = switches.filter((box) => !box.checked).map((box) => box.value);
    for (const row of rows) {
      row.hidden = off.includes(row.dataset.kind) || !row.cells[0].textContent.toLowerCase().includes(wanted);
    }
    part.querySelector(".count").textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length}`;
  };
  [search, ...switches].forEach((control) => control.addEventListener("input", apply));
  apply();
}

document.querySelectorAll("table.sortable").forEach(makeSortable);
document.querySelectorAll(".controls").forEach((controls) => { controls.hidden = false; });
document.querySelectorAll("input[type=search]").forEach(makeFilter);
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.open = true; }));

const SVG = "http://www.w3.org/2000/svg";
const PLOT = { left: 84, right: 620, top: 15, bottom: 370 };

function draw(name, attributes, words) {
  const element = document.createElementNS(SVG, name);
  Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
  if (words !== undefined) element.textContent = words;
  return element;
}

function linear(values, start, end) {
  const low = Math.min(...values), high = Math.max(...values);
  const room = 0.06 * (high - low) || 0.5;
  const scale = (value) => start + (end - start) * (value - low + room) / (high - low + 2 * room);
  const rough = (high - low + 2 * room) / 5;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * size).find((one) => one >= rough);
  scale.ticks = [];
  for (let place = Math.ceil((low - room) / step); place * step <= high + room; place += 1) scale.ticks.push(place * step);
  return scale;
}

function shown(value) {
  return String(Number(value.toPrecision(5)));
}

function makeScatter(plot) {
  const part = plot.closest("section");
  const data = JSON.parse(part.querySelector("script").textContent);
  const [metric, dataset] = ["metric", "dataset"].map((name) => part.querySelector(`select[name=${name}]`));
  const tip = part.querySelector(".tip");
  const nameOf = (select) => select.options[select.selectedIndex].text;
  const apply = () => {
    const row = Number(metric.value), column = Number(dataset.value);
    const points = data.candidates
      .map((name, place) => ({ name, score: data.scores[row][column][place], truth: data.truth[column][place] }))
      .filter((point) => point.score !== null && point.truth !== null);
    const tau = data.taus[row][column];
    const words = `${points.length} candidates, τ_w ${tau === null ? MISSING : tau.toFixed(3)}`;
    part.querySelector(".chosen").textContent = words;
    plot.setAttribute("aria-label", `${nameOf(metric)} against ${data.measure[column]} on ${nameOf(dataset)}: ${words}`);
    plot.replaceChildren();
    tip.textContent = "";
    if (points.length === 0) return;
    const x = linear(points.map((point) => point.score), PLOT.left, PLOT.right);
    const y = linear(points.map((point) => point.truth), PLOT.bottom, PLOT.top);
    for (const tick of x.ticks) {
      plot.append(draw("line", { class: "axis", x1: x(tick), x2: x(tick), y1: PLOT.top, y2: PLOT.bottom }));
      plot.append(draw("text", { x: x(tick), y: PLOT.bottom + 18, "text-anchor": "middle" }, shown(tick)));
    }
    for (const tick of y.ticks) {
      plot.append(draw("line", { class: "axis", x1: PLOT.left, x2: PLOT.right, y1: y(tick), y2: y(tick) }));
      plot.append(draw("text", { x: PLOT.left - 8, y: y(tick) + 4, "text-anchor": "end" }, shown(tick)));
    }
    plot.append(draw("text", { x: (PLOT.left + PLOT.right) / 2, y: PLOT.bottom + 40, "text-anchor": "middle" }, nameOf(metric)));
    const middle = (PLOT.top + PLOT.bottom) / 2;
    plot.append(draw("text", { transform: `translate(14 ${middle}) rotate(-90)`, "text-anchor": "middle" }, data.measure[column]));
    for (const point of points.sort((one, other) => one.score - other.score)) {
      const told = `${point.name}: score ${shown(point.score)}, ${data.measure[column]} ${shown(point.truth)}`;
      const mark = draw("circle", { class: "point", cx: x(point.score), cy: y(point.truth), r: 6, tabindex: 0, role: "img", "aria-label": told });
      mark.append(draw("title", {}, told));
      const tell = () => { tip.textContent = told; };
      mark.addEventListener("mouseenter", tell);
      mark.addEventListener("focus", tell);
      plot.append(mark);
    }
  };
  [metric, dataset].forEach((select) => select.addEventListener("input", apply));
  apply();
}

document.querySelectorAll("svg.scatter").forEach(makeScatter);
