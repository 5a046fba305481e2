// Trials in words.

function valueText(trial, column) {
  const words = trial.words[column];
  if (words === null) return "-";
  const value = trial.values[column];
  const long = Number.isFinite(value) && !Number.isInteger(value) && words.length > 8;
  return long ? shortNumber(value) : words;
}

function scoreText(trial) {
  return trial.score_words || "-";
}

function stateText(trial) {
  return trial.after ? `${trial.state} ${trial.after}` : trial.state;
}

function trialWords(trial) {
  const lines = [trial.rank === null ? `trial ${trial.trial}` : `#${trial.rank}, trial ${trial.trial}`];
  if (data.metric) lines.push(`${data.metric_words} ${scoreText(trial)}`);
  data.names.slice(0, 20).forEach((name, column) => {
    if (trial.words[column] !== null) lines.push(`${name}=${shortened(valueText(trial, column), 60)}`);
  });
  if (trial.state !== "completed") lines.push(stateText(trial));
  return lines.join("\n");
}

// "fold 2", "fold 2 repeat 1", "" for the only run.
function whereText(run, several) {
  if (!several) return "";
  return run.repeat ? `fold ${run.fold} repeat ${run.repeat}` : `fold ${run.fold}`;
}

function counted(count, one, many = `${one}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

// The unit in which so many seconds are told: its name and its length.
function unitOf(seconds) {
  if (seconds < 180) return ["s", 1];
  if (seconds < 10800) return ["min", 60];
  return seconds < 259200 ? ["h", 3600] : ["d", 86400];
}
