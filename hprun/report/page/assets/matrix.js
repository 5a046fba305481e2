// The scatter matrix: each pair of the names that matter most, and the score.

function setUpMatrix() {
  const columns = namesThatMatter();
  if (columns.length + (data.score_axis ? 1 : 0) < 2) return hide("matrix");
  views.push(() => drawMatrix(columns));
  return undefined;
}

function drawMatrix(columns) {
  const place = partOf("matrix", ".plot");
  const width = Math.min(widthOf(place), 1100);
  const most = width < 600 ? 3 : 6;
  const of = columns.slice(0, most).map((column) => ({
    axis: data.axes[column],
    name: data.names[column],
    at: (trial, upright) => (trial.places[column] === null ? null : trial.places[column] + beside(data.axes[column], trial, upright)),
  }));
  if (data.score_axis) of.unshift({ axis: data.score_axis, name: data.metric_words, at: (trial) => trial.score_place });
  const left = columns.length - most;
  partOf("matrix", ".note").textContent = left > 0 ? `${counted(left, "name")} that matter${left === 1 ? "s" : ""} least left out.` : "";
  const margin = width < 600 ? 56 : 76, cells = of.length - 1;
  const cell = (width - margin) / cells, tall = Math.max(80, Math.min(cell, 190));
  const svg = draw("svg", { width, height: cells * tall + 50, role: "img", "aria-label": "Scatter matrix" });
  const points = [];
  for (let row = 1; row <= cells; row += 1) {
    for (let at = 0; at < row; at += 1) {
      const box = { left: margin + at * cell + 5, top: (row - 1) * tall + 6, right: margin + (at + 1) * cell - 3, bottom: row * tall - 4 };
      const here = cellPoints(of[at], of[row], box);
      svg.append(draw("path", { class: "rule", d: `M${box.left},${box.top}H${box.right}V${box.bottom}H${box.left}Z` }));
      dots(svg, here, here.length > 300 ? 3 : 5);
      points.push(...here);
    }
    labelRow(svg, of[row], margin, (row - 1) * tall, tall);
    labelColumn(svg, of[row - 1], margin + (row - 1) * cell, cell, cells * tall);
  }
  findable(svg, points, trialWords, 12);
  place.replaceChildren(svg);
}

function cellPoints(x, y, box) {
  const found = [];
  for (const trial of state.shown) {
    const across = x.at(trial, false), up = y.at(trial, true);
    if (across === null || up === null) continue;
    const inset = 6;
    found.push({
      x: box.left + inset + across * (box.right - box.left - 2 * inset),
      y: box.bottom - inset - up * (box.bottom - box.top - 2 * inset),
      trial,
    });
  }
  return found;
}

function labelRow(svg, { axis, name }, margin, top, tall) {
  const letters = Math.floor(tall / LETTER) - 2;
  const middle = top + tall / 2;
  svg.append(draw("text", { class: "title", transform: `translate(12,${middle}) rotate(-90)`, "text-anchor": "middle" }, shortened(name, letters)));
  for (const [at, text] of ticks(axis, 3, 0.15)) {
    svg.append(draw("text", { x: margin, y: top + tall - 10 - at * (tall - 22) + 4, "text-anchor": "end" }, shortened(text, Math.floor((margin - 18) / LETTER))));
  }
}

function labelColumn(svg, { axis, name }, left, cell, bottom) {
  const letters = Math.max(3, Math.floor(cell / LETTER) - 1);
  svg.append(draw("text", { class: "title", x: left + cell / 2, y: bottom + 36, "text-anchor": "middle" }, shortened(name, letters)));
  for (const [at, text] of ticksBelow(axis, cell - 20)) {
    svg.append(draw("text", { x: left + 11 + at * (cell - 20), y: bottom + 16, "text-anchor": at < 0.08 ? "start" : at > 0.92 ? "end" : "middle" }, text));
  }
}
