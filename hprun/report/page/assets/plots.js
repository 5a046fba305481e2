// The parts of which plots are made: a frame with its axes, dots, rings, and what the pointer finds.

const BELOW = 26; // pixels under a plot, for the ticks
const LETTER = 7; // pixels, about

function widthOf(element, least = 200) {
  return Math.max(least, Math.floor(element.clientWidth));
}

// A box from (left, top) to (right, bottom) with ticks; `x` and `y` are axes, or null for none.
// The x axis begins and ends `inset` pixels inside of it.
function frame(svg, box, x, y) {
  const inset = box.inset ?? 0;
  const wide = box.right - box.left - 2 * inset, tall = box.bottom - box.top;
  svg.append(draw("path", { class: "rule", d: `M${box.left},${box.top}V${box.bottom}H${box.right}` }));
  if (y) {
    for (const [place, text] of ticks(y, Math.max(2, tall / 45), 16 / tall)) {
      const at = box.bottom - place * tall;
      svg.append(
        draw("path", { class: "rule", d: `M${box.left},${at}H${box.right}` }),
        draw("text", { x: box.left - 6, y: at + 4, "text-anchor": "end" }, shortened(text, Math.floor((box.left - 6) / LETTER))),
      );
    }
  }
  if (x) {
    for (const [place, text] of ticksBelow(x, wide)) {
      const at = box.left + inset + place * wide;
      const near = place < 0.08 ? "start" : place > 0.92 ? "end" : "middle";
      svg.append(draw("text", { x: near === "start" ? at - 4 : near === "end" ? at + 4 : at, y: box.bottom + 16, "text-anchor": near }, text));
    }
  }
}

// Ticks under a plot: no longer than there is room for each word, and apart from each other.
function ticksBelow(axis, wide) {
  const room = (wide * (axis.floor === 1 ? 1 : axis.floor)) / Math.max(1, axis.words.length);
  const letters = axis.words.length ? Math.max(5, Math.min(14, Math.floor(room / LETTER) - 1)) : 14;
  const all = ticks(axis, Math.max(2, wide / 80), 0).map(([place, text]) => [place, shortened(text, letters)]);
  const kept = [];
  for (const [place, text] of all) {
    const last = kept[kept.length - 1];
    const needs = last ? (([...last[1]].length + [...text].length) / 2 + 1) * LETTER : 0;
    if (!last || (place - last[0]) * wide >= needs) kept.push([place, text]);
  }
  return kept;
}

// Room at the left for the labels of an axis.
function leftOf(axis, most = 90) {
  const longest = Math.max(3, ...ticks(axis, 6, 0).map(([, text]) => [...text].length));
  return Math.min(most, longest * LETTER + 12);
}

// Dots as one path for each colour; points are {x, y, trial}.
function dots(svg, points, size) {
  const paths = new Map(shadeNames.map((name) => [name, []]));
  for (const { x, y, trial } of points) paths.get(shadeOf.get(trial)).push(`M${x.toFixed(1)},${y.toFixed(1)}h0`);
  for (const [name, parts] of paths) {
    if (parts.length) svg.append(draw("path", { class: `dots ${name}`, "stroke-width": size, d: parts.join("") }));
  }
  for (const { x, y, trial } of points) {
    if (trial === state.picked) svg.append(draw("circle", { class: "ring", cx: x, cy: y, r: size / 2 + 3 }));
  }
}

// Dots over one of a few values lie beside each other: how far, as a part of the axis. By the
// sequence of M. Roberts (2018), which is even in two dimensions: the second is for an upright axis.
function beside(axis, trial, upright = false) {
  const part = ((trial.trial * (upright ? 0.5698403 : 0.7548777)) % 1) - 0.5;
  if (axis.floor === 1) return (part * 0.6) / axis.words.length;
  if (!axis.marks.length) return 0;
  const places = axis.marks.map((number) => along(axis, number));
  const least = Math.min(1, ...places.slice(1).map((place, n) => place - places[n]));
  return part * Math.min(0.05, 0.5 * least * (1 - axis.floor));
}

// What the pointer is near tells about itself, and is picked by a click.
function findable(svg, points, words = trialWords, reach = 18) {
  const find = (event) => {
    const corner = svg.getBoundingClientRect();
    const x = event.clientX - corner.left, y = event.clientY - corner.top;
    let best = null, least = reach * reach;
    for (const point of points) {
      const away = (point.x - x) ** 2 + (point.y - y) ** 2;
      if (away < least) [best, least] = [point, away];
    }
    return best;
  };
  reacting(svg, find, words);
}

function reacting(svg, find, words) {
  svg.addEventListener("pointermove", (event) => {
    const found = find(event);
    tell(found ? words(found.trial, found) : "", event);
    svg.setAttribute("cursor", found ? "pointer" : "default");
  });
  svg.addEventListener("pointerleave", () => tell(""));
  svg.addEventListener("click", (event) => {
    const found = find(event);
    if (found) pick(found.trial);
  });
}

function tell(text, event) {
  const tip = byId("tip");
  tip.hidden = !text;
  if (!text) return;
  tip.textContent = text;
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - width - 4))}px`;
  tip.style.top = `${event.clientY + 18 + height > innerHeight ? event.clientY - height - 12 : event.clientY + 18}px`;
}
