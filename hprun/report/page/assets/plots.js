// The parts of which plots are made: a frame with its axes, dots, rings, and what the pointer finds.

const BELOW = 26; // pixels under a plot, for the ticks
const LETTER = 7; // pixels, about

function widthOf(element, least = 200) {
  return Math.max(least, Math.floor(element.clientWidth));
}

// A box from (left, top) to (right, bottom) with ticks; `x` and `y` are axes, or null for none.
function frame(svg, box, x, y) {
  const wide = box.right - box.left, tall = box.bottom - box.top;
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
    const letters = Math.max(3, Math.floor(Math.min(14, wide / LETTER / Math.max(1, Math.min(6, x.words.length || 4)))));
    for (const [place, text] of ticks(x, Math.max(2, wide / 80), ((letters - 1) * LETTER) / wide)) {
      const at = box.left + place * wide;
      const near = place < 0.08 ? "start" : place > 0.92 ? "end" : "middle";
      svg.append(draw("text", { x: near === "start" ? at - 4 : near === "end" ? at + 4 : at, y: box.bottom + 16, "text-anchor": near }, shortened(text, letters)));
    }
  }
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
