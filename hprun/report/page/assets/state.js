// What all views share: the data, which trials the filter leaves, and which one is picked.

const data = JSON.parse(byId("data").textContent);
const trials = data.trials;
const byNumber = new Map(trials.map((trial) => [trial.trial, trial]));
const SHADES = 9;

const state = { shown: trials, picked: null };
const views = []; // each redraws itself from the state

function refresh() {
  for (const redraw of views) redraw();
}

function pick(trial) {
  state.picked = state.picked === trial ? null : trial;
  refresh();
}

const ranked = trials.filter((trial) => trial.rank !== null && trial.score !== null).length;

// The class of a trial's colour, by its rank: a far outlier does not make all others alike.
function shade(trial) {
  if (trial.rank === null || trial.score === null) return "none";
  return `s${Math.min(SHADES - 1, Math.floor(((trial.rank - 1) * SHADES) / Math.max(ranked, 1)))}`;
}

const shadeNames = ["none", ...Array.from({ length: SHADES }, (_, n) => `s${SHADES - 1 - n}`)]; // the best last, on top
const shadeOf = new Map(trials.map((trial) => [trial, shade(trial)]));

// The names that differ, those that matter most first where that is known.
function namesThatMatter() {
  const shares = new Map(data.importances);
  const columns = data.names.slice(0, data.differing).map((name, column) => column);
  return columns.sort((a, b) => (shares.get(data.names[b]) ?? 0) - (shares.get(data.names[a]) ?? 0) || a - b);
}
