// Best so far: each trial at the time at which it ended, and the best of all up to then.

const progressView = { byTime: true };

function setUpProgress() {
  const ended = trials.filter((trial) => trial.ended !== null).sort((a, b) => a.ended - b.ended || a.trial - b.trial);
  if (!data.score_axis || !ended.length) return hide("progress");
  const redraw = () => {
    partOf("progress", ".choices").replaceChildren(
      choice("over time", progressView.byTime, () => ((progressView.byTime = true), redraw())),
      choice("over trials", !progressView.byTime, () => ((progressView.byTime = false), redraw())),
    );
    drawProgress(ended);
  };
  const odd = ended.filter((trial) => trial.score === null).length;
  partOf("progress", ".note").textContent = [
    odd ? `${counted(odd, "trial")} without a score ${odd === 1 ? "is" : "are"} not drawn.` : "",
    cutNote(),
  ].join(" ").trim();
  views.push(redraw);
}

function cutNote() {
  return data.score_axis.cut ? "The worst scores are far off: they are drawn at the edge." : "";
}

function drawProgress(ended) {
  const place = partOf("progress", ".plot");
  const width = widthOf(place), height = 300, y = data.score_axis;
  const box = { left: leftOf(y), top: 10, right: width - 12, bottom: height - BELOW - 16 };
  const xOf = (trial, order) => (progressView.byTime ? trial.ended : order + 1);
  const last = Math.max(...ended.map(xOf));
  const x = { low: 0, high: last || 1, log: false, floor: 0, marks: [], words: [] };
  const svg = draw("svg", { width, height, role: "img", "aria-label": "The best score so far" });
  frame(svg, box, null, y);
  const [unit, length] = progressView.byTime ? unitOf(x.high) : ["", 1];
  for (const number of evenTicks(0, x.high / length, Math.max(2, width / 120))) {
    const at = box.left + along(x, number * length) * (box.right - box.left);
    svg.append(draw("text", { x: at, y: box.bottom + 16, "text-anchor": at > width - 40 ? "end" : "middle" }, `${shortNumber(number)} ${unit}`));
  }
  svg.append(draw("text", { x: box.right, y: height - 4, "text-anchor": "end" }, progressView.byTime ? "since the first run began" : "trials that ended"));
  const at = (trial, order) => ({
    x: box.left + along(x, xOf(trial, order)) * (box.right - box.left),
    y: box.bottom - trial.score_place * (box.bottom - box.top),
    trial,
  });
  const shown = new Set(state.shown);
  const points = ended.map(at).filter(({ trial }) => trial.score_place !== null && shown.has(trial));
  svg.append(draw("path", { class: "bestline", d: bestPath(ended.map(at), box) }));
  dots(svg, points, points.length > 300 ? 5 : 7);
  findable(svg, points);
  place.replaceChildren(svg);
}

function bestPath(points, box) {
  const low = data.metric.direction === "min";
  let best = null, path = "";
  for (const { x, y, trial } of points) {
    if (trial.score === null || trial.rank === null) continue;
    if (best !== null && !(low ? trial.score < best : trial.score > best)) continue;
    path += best === null ? `M${x.toFixed(1)},${y.toFixed(1)}` : `H${x.toFixed(1)}V${y.toFixed(1)}`;
    best = trial.score;
  }
  return path && `${path}H${box.right}`;
}
