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
  for (let wanted = count; wanted < 50; wanted *= 2) {
    const found = stepped(low, high, span / wanted);
    if (found.length > 1) return found;
  }
  return [low, high];
}

function stepped(low, high, rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((one) => one >= rough) ?? 10 * power;
  const found = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9 && found.length < 50; n += 1) {
    found.push(Number((n * step).toPrecision(12)));
  }
  return found;
}

function logTicks(low, high, count) {
  const decades = Math.log10(high) - Math.log10(low);
  const leading = decades > 1.5 ? [1] : decades > 0.7 ? [1, 2, 5] : null;
  if (!leading) return evenTicks(low, high, count).filter((one) => one > 0);
  for (let every = Math.max(1, Math.ceil(decades / count)); every >= 1; every = Math.floor(every / 2)) {
    const found = powers(low, high, every, leading);
    if (found.length > 1) return found;
  }
  return evenTicks(low, high, count).filter((one) => one > 0);
}

function powers(low, high, every, leading) {
  const found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high) + 1e-9; power += every) {
    for (const digit of leading) {
      const number = Number(`${digit}e${power}`);
      if (number >= low * (1 - 1e-9) && number <= high * (1 + 1e-9)) found.push(number);
    }
  }
  return found;
}

// Ticks of an axis as [place, text]; none nearer to another than `gap`.
function ticks(axis, count, gap) {
  const numbers = axis.floor < 1 ? axis.marks?.length ? axis.marks : (axis.log ? logTicks : evenTicks)(axis.low, axis.high, count) : [];
  if (axis.whole && numbers.some(Number.isInteger)) numbers.splice(0, numbers.length, ...numbers.filter(Number.isInteger));
  const room = axis.floor === 1 ? 1 : axis.floor;
  const found = axis.words.map((word, n) => [(room * (n + 0.5)) / axis.words.length, word]);
  found.push(...numbers.map((number) => [axis.floor + (1 - axis.floor) * along(axis, number), shortNumber(Number(number.toPrecision(4)))]));
  const kept = [];
  for (const tick of found) if (!kept.length || tick[0] - kept[kept.length - 1][0] >= gap) kept.push(tick);
  return kept;
}
