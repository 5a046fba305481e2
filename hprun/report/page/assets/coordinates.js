// Parallel coordinates: a line for each trial through its values, to its score.

const MOST_AXES = 12;

function setUpCoordinates() {
  const columns = namesThatMatter().slice(0, MOST_AXES);
  if (columns.length + (data.score_axis ? 1 : 0) < 2) return hide("coordinates");
  const left = data.differing - columns.length;
  const absent = columns.some((column) => trials.some((trial) => trial.places[column] === null));
  partOf("coordinates", ".note").textContent = [
    left > 0 ? `${counted(left, "name")} that matter${left === 1 ? "s" : ""} least left out.` : "",
    absent ? "Below the axes: the trial has no such value." : "",
  ].join(" ").trim();
  views.push(() => drawCoordinates(columns));
  return undefined;
}

function drawCoordinates(columns) {
  const place = partOf("coordinates", ".plot");
  const axes = columns.map((column) => ({ axis: data.axes[column], name: data.names[column], of: (trial) => trial.places[column] }));
  if (data.score_axis) axes.push({ axis: data.score_axis, name: data.metric_words, of: (trial) => trial.score_place });
  const room = place.parentElement.clientWidth;
  const width = Math.max(room, axes.length * 84), height = 360;
  const top = 28, bottom = height - 34, first = leftOf(axes[0].axis, 104) + 6, step = (width - first - 46) / (axes.length - 1);
  const svg = draw("svg", { width, height, role: "img", "aria-label": "Parallel coordinates" });
  const yOf = (found) => (found === null ? bottom + 18 : bottom - found * (bottom - top));
  const lines = state.shown
    .filter((trial) => !data.score_axis || trial.score_place !== null)
    .map((trial) => ({ trial, ys: axes.map(({ of }) => yOf(of(trial))) }));
  const pathOf = ({ ys }) => ys.map((y, n) => `${n ? "L" : "M"}${(first + n * step).toFixed(1)},${y.toFixed(1)}`).join("");
  for (const name of shadeNames) {
    const d = lines.filter(({ trial }) => shadeOf.get(trial) === name).map(pathOf).join("");
    if (d) svg.append(draw("path", { class: `lines ${name}`, d, "stroke-width": lines.length > 200 ? 0.7 : 1.2 }));
  }
  for (const line of lines) if (line.trial === state.picked) svg.append(draw("path", { class: "taken", d: pathOf(line) }));
  axes.forEach(({ axis, name }, n) => {
    const [x, near] = n === 0 ? [2, "start"] : n === axes.length - 1 ? [width - 2, "end"] : [first + n * step, "middle"];
    svg.append(draw("text", { class: "title", x, y: 14, "text-anchor": near }, shortened(name, Math.max(4, Math.floor((step - 8) / LETTER)))));
    drawAxis(svg, axis, first + n * step, top, bottom, Math.floor((step - 8) / LETTER));
  });
  reacting(svg, (event) => nearestLine(svg, lines, first, step, event), trialWords);
  place.replaceChildren(svg);
}

function drawAxis(svg, axis, x, top, bottom, letters) {
  svg.append(draw("path", { class: "rule", d: `M${x},${top}V${bottom}` }));
  for (const [at, text] of ticks(axis, 5, 16 / (bottom - top))) {
    svg.append(draw("text", { x: x - 5, y: bottom - at * (bottom - top) + 4, "text-anchor": "end" }, shortened(text, Math.max(4, Math.min(letters, 12)))));
  }
}

function nearestLine(svg, lines, first, step, event) {
  const corner = svg.getBoundingClientRect();
  const x = (event.clientX - corner.left - first) / step, y = event.clientY - corner.top;
  const n = Math.floor(x);
  let best = null, least = 10;
  for (const line of lines) {
    const from = line.ys[Math.max(n, 0)], to = line.ys[Math.min(n + 1, line.ys.length - 1)];
    if (from === undefined || to === undefined) continue;
    const away = Math.abs(from + (to - from) * (x - n) - y);
    if (away < least) [best, least] = [line, away];
  }
  return best;
}
