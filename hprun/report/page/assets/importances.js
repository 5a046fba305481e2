// How much each hyperparameter matters, as bars.

function setUpImportances() {
  if (!data.importances.length) return hide("importances");
  partOf("importances", ".note").textContent =
    "fANOVA: the share of the scores' variance that each one alone explains, by a random forest over " +
    `${counted(ranked, "trial")}${data.score_axis.log ? "; of the scores' logarithms" : ""}${data.score_axis.cut ? "; what is far off counts as the edge" : ""}.`;
  const redraw = () => {
    const place = partOf("importances", ".plot");
    const rows = data.importances.slice(0, 30), width = Math.min(widthOf(place), 800), tall = 24;
    const letters = Math.floor(Math.min(26, width / 3 / LETTER));
    const left = Math.min(letters, Math.max(...rows.map(([name]) => [...name].length))) * (LETTER + 1) + 14;
    const svg = draw("svg", { width, height: rows.length * tall + 4, role: "img", "aria-label": "Importances" });
    rows.forEach(([name, share], at) => {
      const y = at * tall, long = Math.max(1, share * (width - left - 60));
      svg.append(
        draw("text", { class: "title", x: left - 8, y: y + 16, "text-anchor": "end" }, shortened(name, letters)),
        draw("rect", { class: "bar", x: left, y: y + 4, width: long, height: tall - 8 }),
        draw("text", { x: left + long + 6, y: y + 16 }, share < 0.005 ? "< 1 %" : `${Math.round(share * 100)} %`),
      );
    });
    place.replaceChildren(svg);
  };
  views.push(redraw);
  return undefined;
}
