// What is told in words: what was stopped, what failed, what changed, and where it ran.

function setUpStopped() {
  const { total, runs } = data.stopped;
  if (!total) return hide("stopped");
  partOf("stopped", ".note").textContent = `${data.spared}${total > runs.length ? ` The first ${runs.length} of ${total.toLocaleString("en")}:` : ""}`;
  const heads = ["trial", ...(data.folds ? ["run"] : []), "values written", data.metric_words, "why"];
  const rows = runs.map((run) => [trialLink(run.trial), ...(data.folds ? [whereText(run, true)] : []), run.values === null ? "-" : String(run.values), run.score_words, run.why]);
  fillTable("stopped", heads, rows);
  return undefined;
}

function fillTable(id, heads, rows) {
  const table = partOf(id, "table");
  if (heads.length) table.append(make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))));
  table.append(make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((cell) => make("td", {}, cell))))));
}

function trialLink(number) {
  const trial = byNumber.get(number);
  return trial ? make("button", { type: "button", class: "link", click: () => pick(trial) }, String(number)) : String(number);
}

function setUpFailures() {
  const { total, runs } = data.failures;
  if (!total) return hide("failures");
  const logs = runs.filter((run) => run.log.length).length;
  partOf("failures", ".note").textContent =
    `${counted(total, "run")}${total > runs.length ? `, the first ${runs.length} below` : ""}${logs < runs.length ? `; the ends of ${counted(logs, "log")}` : ""}.`;
  partOf("failures", ".list").append(...runs.map((run, at) => failure(run, at === 0)));
  return undefined;
}

function failure(run, open) {
  const where = whereText(run, data.folds);
  const words = `trial ${run.trial}${where && `, ${where}`}: ${run.state === "completed" ? "" : `${run.state}, `}${run.why}`;
  const log = run.log.length ? make("pre", {}, ...run.log.map((line) => make("span", {}, line))) : "";
  return make("details", { open: open && run.log.length ? "" : null }, make("summary", {}, words), make("p", { class: "note" }, run.path), log);
}

function setUpChanges() {
  partOf("changes", ".note").textContent = data.unchanged;
  if (!data.changes.length) partOf("changes", "pre").hidden = true;
  if (data.best === null) return hide("changes");
  partOf("changes", "h2").textContent = `What the best trial, ${data.best}, changed`;
  const kinds = { "+": "plus", "-": "minus", "@": "at" };
  const kindOf = (line) => (/^(\+\+\+|---) /.test(line) ? "at" : kinds[line[0]] ?? "");
  partOf("changes", "pre").append(...data.changes.map((line) => make("span", { class: kindOf(line) }, line)));
  return undefined;
}

function setUpEnvironment() {
  fillTable("environment", [], data.environment);
}
