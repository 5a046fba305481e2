// Slices: the score by each hyperparameter that differs.

const MOST_SLICES = 24;

function setUpSlices() {
  const columns = namesThatMatter();
  if (!data.score_axis || !columns.length) return hide("slices");
  const left = columns.length - MOST_SLICES;
  partOf("slices", ".note").textContent = [left > 0 ? `${counted(left, "name")} that matter${left === 1 ? "s" : ""} least left out.` : "", besideNote(columns), cutNote()].join(" ").trim();
  const redraw = () => {
    const place = partOf("slices", ".plot");
    place.replaceChildren(...columns.slice(0, MOST_SLICES).map(() => make("div")));
    columns.slice(0, MOST_SLICES).forEach((column, at) => drawSlice(place.children[at], column));
  };
  views.push(redraw);
  return undefined;
}

function besideNote(columns) {
  const some = columns.some((column) => data.axes[column].floor === 1 || data.axes[column].marks.length);
  return some ? "Dots over the same value lie beside each other." : "";
}

function drawSlice(place, column) {
  const width = widthOf(place), height = 210, x = data.axes[column], y = data.score_axis;
  const box = { left: leftOf(y, 70), top: 24, right: width - 10, bottom: height - BELOW, inset: 8 };
  const svg = draw("svg", { width, height, role: "img", "aria-label": `${data.metric_words} by ${data.names[column]}` });
  svg.append(draw("text", { class: "title", x: box.left, y: 15 }, shortened(data.names[column], Math.floor((width - box.left) / LETTER / 1.1))));
  frame(svg, box, x, y);
  const points = state.shown
    .filter((trial) => trial.places[column] !== null && trial.score_place !== null)
    .map((trial) => ({
      x: box.left + box.inset + (trial.places[column] + beside(x, trial)) * (box.right - box.left - 2 * box.inset),
      y: box.bottom - trial.score_place * (box.bottom - box.top),
      trial,
    }));
  dots(svg, points, points.length > 300 ? 4 : 6);
  findable(svg, points);
  place.append(svg);
}
