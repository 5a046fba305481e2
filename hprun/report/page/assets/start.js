// The head of the page, the filter, and the start of all.

function hide(id) {
  byId(id).hidden = true;
}

function setUpHead() {
  byId("name").textContent = data.search;
  const states = new Map();
  for (const trial of trials) states.set(trial.state, (states.get(trial.state) ?? 0) + 1);
  const each = [...states].map(([word, count]) => `${count.toLocaleString("en")} ${word}`).join(", ");
  const left = data.total > trials.length ? `; the page has the first ${trials.length.toLocaleString("en")}` : "";
  byId("summary").textContent = `${data.state}; ${counted(data.total, "trial")}${left}: ${each || "none"}. ${data.metric ? `Ranked by ${data.metric_words}, ${data.metric.direction === "min" ? "low" : "high"} is better.` : "No metric is named."}`;
  const best = byNumber.get(data.best);
  if (!best) return void (byId("best").hidden = true);
  const values = data.names.map((name, at) => [name, at]).filter(([, at]) => best.words[at] !== null).map(([name, at]) => `${name}=${shortened(valueText(best, at), 80)}`);
  byId("best").append(make("b", {}, `Best: ${scoreText(best)}`), spread(best), ` by trial ${best.trial}: ${values.join(" ")}`);
}

function spread(trial) {
  return trial.n > 1 && trial.std !== null ? ` (std ${shortNumber(trial.std)}, n ${trial.n})` : "";
}

function setUpContents() {
  const sections = [...document.querySelectorAll("section")].filter((section) => !section.hidden);
  byId("contents").append(...sections.map((section) => make("a", { href: `#${section.id}` }, section.querySelector("h2").textContent)));
}

function setUpFilter() {
  const input = byId("filter");
  const name = data.names[0] ?? "trial";
  input.placeholder = `Filter: ${shortened(name, 20)}=${data.names.length ? shortened(valueText(trials[0] ?? { words: [""] }, 0), 12) : "3"} state=completed`;
  input.addEventListener("input", () => {
    state.shown = matching(input.value);
    refresh();
  });
  const line = shadeNames.slice(1).reverse().map((shadeName, n) => draw("path", { class: `dots ${shadeName}`, "stroke-width": 9, d: `M${6 + n * 12},5h0` }));
  if (ranked > 1) byId("legend").append("best", draw("svg", { width: SHADES * 12, height: 10 }, ...line), "worst");
  else byId("legend").hidden = true;
  views.push(() => {
    const count = state.shown.length === trials.length ? counted(trials.length, "trial") : `${state.shown.length.toLocaleString("en")} of ${counted(trials.length, "trial")}`;
    byId("count").textContent = count;
    tellPicked();
  });
}

function tellPicked() {
  const box = byId("picked"), trial = state.picked;
  box.hidden = !trial;
  if (!trial) return box.replaceChildren();
  const [first, ...rest] = trialWords(trial).split("\n");
  const several = trial.runs.length > 1;
  const runs = several ? trial.runs.map((run) => `${whereText(run, true)}: ${run.state === "completed" ? run.score_words : run.state}`).join("; ") : "";
  return box.replaceChildren(make("b", {}, first), `${rest.join("  ")}${runs && `  (${runs})`} `, make("button", { type: "button", class: "link", click: () => pick(trial) }, "let go"));
}

setUpHead();
setUpFilter();
setUpRanking();
setUpProgress();
setUpCurves();
setUpImportances();
setUpSlices();
setUpCoordinates();
setUpMatrix();
setUpStopped();
setUpFailures();
setUpChanges();
setUpEnvironment();
setUpContents();
refresh();

let waiting = 0, drawnAt = innerWidth;
addEventListener("resize", () => {
  if (innerWidth === drawnAt) return; // a phone's bars come and go
  drawnAt = innerWidth;
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(refresh);
});
