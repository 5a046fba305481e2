// From numbers to places on an axis (0 to 1), and the ticks that people read there.

function shortNumber(number) {
  if (number === 0) return "0";
  const size = Math.abs(number);
  if (size < 1e-3 || size >= 1e6) return number.toExponential(2).replace(/\.?0*e/, "e").replace("e+", "e");
  return String(Number(number.toPrecision(5)));
}

function along(axis, number) {
  const { low, high } = axis;
  if (low === high) return 0.5;
  const held = Math.min(Math.max(number, low), high);
  return axis.log ? Math.log(held / low) / Math.log(high / low) : (held / 2 - low / 2) / (high / 2 - low / 2);
}

function evenTicks(low, high, count) {
  const span = high - low;
  if (!(span > 0) || !Number.isFinite(span)) return low === high ? [low] : [low, high];
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((one) => one >= rough) ?? 10 * power;
  const found = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9 && found.length < 50; n += 1) {
    found.push(Number((n * step).toPrecision(12)));
  }
  return found.length ? found : [low, high];
}

function logTicks(low, high, count) {
  const decades = Math.log10(high) - Math.log10(low);
  const leading = decades > 1.5 ? [1] : decades > 0.7 ? [1, 2, 5] : null;
  if (!leading) return evenTicks(low, high, count).filter((one) => one > 0);
  const every = Math.max(1, Math.ceil(decades / count));
  const found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high) + 1e-9; power += every) {
    for (const digit of leading) {
      const number = Number(`${digit}e${power}`);
      if (number >= low * (1 - 1e-9) && number <= high * (1 + 1e-9)) found.push(number);
    }
  }
  return found.length > 1 ? found : [low, high];
}

// Ticks of an axis as [place, text]; none nearer to another than `gap`.
function ticks(axis, count, gap) {
  const numbers = axis.floor < 1 ? axis.marks?.length ? axis.marks : (axis.log ? logTicks : evenTicks)(axis.low, axis.high, count) : [];
  const room = axis.floor === 1 ? 1 : axis.floor;
  const found = axis.words.map((word, n) => [(room * (n + 0.5)) / axis.words.length, word]);
  found.push(...numbers.map((number) => [axis.floor + (1 - axis.floor) * along(axis, number), shortNumber(number)]));
  const kept = [];
  for (const tick of found) if (!kept.length || tick[0] - kept[kept.length - 1][0] >= gap) kept.push(tick);
  return kept;
}
