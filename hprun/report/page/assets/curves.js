// The learning curves of the best trials, a line for each run.

const KINDS = 5; // colours; the next five lines are dashed

const curvesView = { off: new Set(), log: false };

function setUpCurves() {
  const long = data.curves.filter((curve) => curve.steps.length > 1);
  const section = partOf("curves", ".note");
  if (!data.metric || !data.curves.length) return hide("curves");
  if (!long.length) {
    section.textContent = "Each run wrote the metric once: there are no curves.";
    return undefined;
  }
  const order = [...new Set(long.map((curve) => curve.trial))];
  const values = long.flatMap((curve) => curve.values).filter((value) => value !== null);
  const low = smallest(values), high = -smallest(values.map((value) => -value));
  const canLog = low > 0 && high / low > 3;
  curvesView.log = canLog && high / low >= 20;
  order.slice(6).forEach((trial) => curvesView.off.add(trial));
  const redraw = () => {
    const chips = order.map((number, at) => choice(`trial ${number}`, !curvesView.off.has(number), () => flip(number, redraw), sample(at)));
    if (canLog) chips.push(choice("log", curvesView.log, () => ((curvesView.log = !curvesView.log), redraw())));
    partOf("curves", ".choices").replaceChildren(...chips);
    drawCurves(long, order);
  };
  section.textContent = curvesNote(long);
  views.push(redraw);
  return undefined;
}

function smallest(numbers) {
  return numbers.reduce((least, one) => (one < least ? one : least), Infinity);
}

function curvesNote(long) {
  const longest = Math.max(...long.map((curve) => curve.points));
  return [
    `${data.metric.name} by step${data.folds ? ", a line for each fold" : ""}; a ring marks the score that counts.`,
    longest > 300 ? `Thinned: the longest has ${counted(longest, "point")}; peaks are kept.` : "",
    data.no_curves ? `${counted(data.no_curves, "run")} could not be read any more.` : "",
  ].join(" ").trim();
}

function flip(number, redraw) {
  if (!curvesView.off.delete(number)) curvesView.off.add(number);
  redraw();
}

function lineClass(at) {
  return `k${at % KINDS}${Math.floor(at / KINDS) % 2 ? " dashed" : ""}`;
}

function sample(at) {
  return draw("svg", { width: 22, height: 4, "aria-hidden": "true" }, draw("path", { class: `curve ${lineClass(at)}`, d: "M0,2H22" }));
}

function drawCurves(all, order) {
  const place = partOf("curves", ".plot");
  const curves = all.filter((curve) => !curvesView.off.has(curve.trial));
  if (!curves.length) return place.replaceChildren();
  const width = widthOf(place), height = 340;
  const y = valueAxis(curves), x = stepAxis(curves);
  const box = { left: leftOf(y), top: 10, right: width - 12, bottom: height - BELOW - 16 };
  const svg = draw("svg", { width, height, role: "img", "aria-label": "Learning curves" });
  frame(svg, box, x, y);
  svg.append(draw("text", { x: box.right, y: height - 4, "text-anchor": "end" }, "step"));
  const several = new Set(all.map((curve) => `${curve.fold}/${curve.repeat}`)).size > 1;
  const found = [];
  for (const curve of [...curves].reverse()) {
    const at = (step, value) => ({
      x: box.left + along(x, step) * (box.right - box.left),
      y: box.bottom - along(y, value) * (box.bottom - box.top),
    });
    const trial = byNumber.get(curve.trial);
    const taken = trial === state.picked ? " taken" : "";
    const kind = `curve ${lineClass(order.indexOf(curve.trial))}${several ? " faint" : ""}${taken}`;
    svg.append(draw("path", { class: kind, d: curvePath(curve, at) }));
    const best = curve.steps.indexOf(curve.best);
    if (best >= 0 && curve.values[best] !== null) {
      const spot = at(curve.steps[best], curve.values[best]);
      svg.append(draw("circle", { class: `curve ${lineClass(order.indexOf(curve.trial)).slice(0, 2)}`, cx: spot.x, cy: spot.y, r: 4 }));
    }
    curve.steps.forEach((step, n) => {
      if (curve.values[n] !== null) found.push({ ...at(step, curve.values[n]), trial, curve, n });
    });
  }
  findable(svg, found, (trial, { curve, n }) => {
    const where = whereText(curve, several);
    return `trial ${trial.trial}${where && `, ${where}`}\nstep ${curve.steps[n]}: ${shortNumber(curve.values[n])}`;
  }, 30);
  return place.replaceChildren(svg);
}

function curvePath(curve, at) {
  let path = "", pen = "M";
  curve.steps.forEach((step, n) => {
    if (curve.values[n] === null) {
      pen = "M";
      return;
    }
    const { x, y } = at(step, curve.values[n]);
    path += `${pen}${x.toFixed(1)},${y.toFixed(1)}`;
    pen = "L";
  });
  return path;
}

// From the least to the greatest value; a few far off are left out of sight.
function valueAxis(curves) {
  const values = curves.flatMap((curve) => curve.values).filter((value) => value !== null).sort((a, b) => a - b);
  const [few, most] = [values[Math.floor(values.length * 0.03)], values[Math.ceil(values.length * 0.97) - 1]];
  let [low, high] = [values[0], values[values.length - 1]];
  if (!curvesView.log && values.length > 20) {
    const usual = Math.max(most - few, 0);
    if (usual > 0 && most + 2 * usual < high) high = most + usual * 0.5;
    if (usual > 0 && few - 2 * usual > low) low = few - usual * 0.5;
  }
  return { low, high, log: curvesView.log && low > 0, floor: 0, marks: [], words: [] };
}

function stepAxis(curves) {
  const low = Math.min(...curves.map((curve) => curve.steps[0]));
  const high = Math.max(...curves.map((curve) => curve.steps[curve.steps.length - 1]));
  return { low, high, log: false, floor: 0, marks: [], words: [], whole: true };
}
