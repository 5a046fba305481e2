// Trials in words.

function valueText(trial, column) {
  const words = trial.words[column];
  if (words === null) return "-";
  const value = trial.values[column];
  const long = typeof value === "number" && !Number.isInteger(value) && words.length > 8;
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

function secondsText(seconds) {
  if (seconds < 120) return `${Number(seconds.toPrecision(3))} s`;
  if (seconds < 7200) return `${Number((seconds / 60).toPrecision(3))} min`;
  return seconds < 172800 ? `${Number((seconds / 3600).toPrecision(3))} h` : `${Number((seconds / 86400).toPrecision(3))} d`;
}
