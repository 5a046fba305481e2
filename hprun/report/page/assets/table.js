// The ranking: a table that sorts by any column and follows the filter.

const FIRST_ROWS = 25;

function rankingColumns() {
  const number = (head, read, text, extra = {}) => ({ head, read, text, number: true, ...extra });
  const columns = [
    number("#", (t) => t.rank, (t) => (t.rank === null ? "-" : String(t.rank)), { field: "rank" }),
    number("trial", (t) => t.trial, (t) => String(t.trial), { field: "trial" }),
    ...data.names.map((name, at) => ({
      head: name,
      read: (t) => (t.words[at] === null ? null : typeof t.values[at] === "number" ? t.values[at] : t.words[at]),
      text: (t) => valueText(t, at),
      full: (t) => t.words[at],
      number: data.axes[at].floor < 1,
      field: `value-${at}`,
    })),
  ];
  if (data.metric) {
    columns.push(number(data.metric_words, (t) => t.score, scoreText, { full: (t) => (t.score === null ? null : String(t.score)), field: "score" }));
    if (data.folds) {
      columns.push(
        number("std", (t) => t.std, (t) => (t.std === null ? "-" : shortNumber(t.std)), { full: (t) => (t.std === null ? null : String(t.std)), field: "std" }),
        number("n", (t) => t.n, (t) => String(t.n), { field: "n" }),
      );
    }
  }
  columns.push(number("time", (t) => t.seconds, (t) => t.time_words, { field: "seconds" }));
  columns.push({ head: "state", read: (t) => t.state, text: stateText, full: (t) => t.state, number: false, field: "state" });
  return columns;
}

// Numbers before words, and both before what is not there, whichever way it is sorted.
function ordered(a, b, sign) {
  if (a === null || b === null) return (a === null) - (b === null);
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return sign * (a < b ? -1 : a > b ? 1 : 0);
}

function setUpRanking() {
  const columns = rankingColumns();
  const table = partOf("ranking", "table");
  const sorted = { by: 0, sign: 1 };
  let rows = FIRST_ROWS;
  const heads = columns.map((one, at) => {
    const turn = () => {
      sorted.sign = sorted.by === at ? -sorted.sign : 1;
      sorted.by = at;
      redraw();
    };
    const button = make("button", { type: "button", title: one.head, click: turn }, "");
    return make("th", { scope: "col", class: one.number ? "number" : "" }, button);
  });
  const body = make("tbody");
  table.append(make("thead", {}, make("tr", {}, ...heads)), body);
  const redraw = () => {
    heads.forEach((head, at) => {
      const sign = sorted.by === at ? sorted.sign : 0;
      head.setAttribute("aria-sort", sign ? (sign > 0 ? "ascending" : "descending") : "none");
      head.firstChild.textContent = shortened(columns[at].head, 30) + (sign > 0 ? " ↑" : sign < 0 ? " ↓" : "");
    });
    const read = columns[sorted.by].read;
    const all = [...state.shown].sort((a, b) => ordered(read(a), read(b), sorted.sign));
    body.replaceChildren(...all.slice(0, rows).map((trial) => rowOf(trial, columns)));
    const more = () => {
      rows = Infinity;
      redraw();
    };
    partOf("ranking", ".choices").replaceChildren(...(all.length > rows ? [choice(`Show all ${counted(all.length, "row")}`, true, more)] : []));
  };
  views.push(redraw);
}

function rowOf(trial, columns) {
  const cells = columns.map((one) => {
    const content = [one.text(trial)];
    if (one.field === "rank") content.unshift(swatch(trial));
    if (one.field === "trial") content[0] = make("button", { type: "button", class: "link" }, content[0]);
    return make("td", { class: one.number ? "number" : "", "data-field": one.field, title: one.full ? one.full(trial) : null }, ...content);
  });
  return make("tr", { class: trial === state.picked ? "picked" : "", "data-trial": trial.trial, click: () => pick(trial) }, ...cells);
}

function swatch(trial) {
  const line = draw("path", { class: `dots ${shadeOf.get(trial)}`, "stroke-width": 9, d: "M5,5h0" });
  return draw("svg", { width: 14, height: 10, "aria-hidden": "true" }, line);
}
