// The filter: `lr<0.01 units=64 failed !stopped`; all words must hold of a trial.

const OPERATORS = ["<=", ">=", "!=", "=", "<", ">"];

function column(name) {
  const at = data.names.indexOf(name);
  if (at >= 0) return (trial) => [trial.values[at], trial.words[at]];
  const own = { rank: "rank", trial: "trial", score: "score", std: "std", n: "n", seconds: "seconds", state: "state" };
  const field = name === data.metric?.name || name === data.metric_words ? "score" : Object.hasOwn(own, name) ? own[name] : null;
  return field && ((trial) => [trial[field], trial[field] === null ? null : String(trial[field])]);
}

function comparison(word) {
  const names = [...data.names, data.metric_words, data.metric?.name, "rank", "trial", "score", "std", "n", "seconds", "state"];
  for (const name of names.filter((one) => one && word.startsWith(one)).sort((a, b) => b.length - a.length)) {
    const operator = OPERATORS.find((one) => word.startsWith(one, name.length));
    if (operator) return compared(column(name), operator, word.slice(name.length + operator.length));
  }
  return null;
}

function compared(read, operator, wanted) {
  const number = wanted.trim() === "" ? NaN : Number(wanted);
  return (trial) => {
    const [value, words] = read(trial);
    if (words === null) return false;
    const numeric = typeof value === "number" && !Number.isNaN(number);
    const same = numeric ? value === number : words.toLowerCase() === wanted.toLowerCase();
    if (operator === "=") return same;
    if (operator === "!=") return !same;
    if (!numeric) return false;
    return operator.startsWith("<") ? value < number || (operator === "<=" && same) : value > number || (operator === ">=" && same);
  };
}

function condition(word) {
  if (word.startsWith("!") && word.length > 1) {
    const holds = condition(word.slice(1));
    return (trial) => !holds(trial);
  }
  const found = comparison(word);
  if (found) return found;
  const part = word.toLowerCase();
  return (trial) => stateText(trial).includes(part) || trial.words.some((one) => one !== null && one.toLowerCase().includes(part));
}

function matching(text) {
  const words = (text.match(/(?:[^\s"]|"[^"]*")+/g) ?? []).map((word) => word.replaceAll('"', "")).filter(Boolean);
  const conditions = words.map(condition);
  return trials.filter((trial) => conditions.every((holds) => holds(trial)));
}
