"""What only a real GPU can show, as a table: `python -m tests.gpu.on_a_gpu`. Needs torch alone.

Sixteen small trainings with `-j auto`, with each fixed `-j`, and one at a time; limits on memory
that hold; a start that wants more memory than there is, and recovers. Ends with 0 where all that
hprun promises held, with 1 where something did not, with 2 where there is no GPU.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RUNS = 16
FIXED = (1, 2, 4, 8, 16)
OF_BEST = 0.95
"""`-j auto` does at least so much of what the best fixed number does."""
OF_ONE = 2.5
"""And so many times as much as one at a time."""
SLACK = 0.02
"""Allocators round up: a limit holds if no more than this part of the device is taken on top."""

TRAINING = """\
import torch
seed = 0
steps = {steps}
torch.manual_seed(seed)
model = torch.nn.Sequential(
    torch.nn.Linear(64, 256), torch.nn.ReLU(), torch.nn.Linear(256, 256), torch.nn.ReLU(),
    torch.nn.Linear(256, 1),
).to("{device}")
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
x = torch.randn(256, 64, device="{device}")
y = x.sum(1, keepdim=True)
for step in range(steps):
    loss = torch.nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 99:
        print(f"loss: {{loss.item():.4f}}")
"""
GREEDY = """\
import os, time
import torch
greedy = 0
total = torch.cuda.get_device_properties(0).total_memory
if greedy:
    blocks = []
    try:
        while len(blocks) < 1000:
            blocks.append(torch.empty(total // 200, dtype=torch.uint8, device="cuda"))
    except torch.cuda.OutOfMemoryError:
        print(f"taken: {torch.cuda.memory_reserved() / total:.4f}")
    time.sleep(5)
else:
    until = time.monotonic() + 15
    while time.monotonic() < until:
        block = torch.ones(total // 20 // 4, device="cuda")
        assert block.sum().item() > 0
    print("taken: 0.05")
"""
FULL = """\
import time
import torch
seed = 0
total = torch.cuda.get_device_properties(0).total_memory
block = torch.ones(int(0.4 * total) // 4, device="cuda")
for step in range(20):
    time.sleep(0.5)
    print(f"loss: {1 / (step + 1):.4f}", flush=True)
"""


@dataclass(frozen=True)
class Row:
    """A line of the table; `held` is None for what promises nothing."""

    what: str
    found: str
    held: bool | None = None


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.gpu.on_a_gpu", description=__doc__)
    parser.add_argument("--steps", type=int, default=15_000, help="of each small training")
    steps = parser.parse_args().steps
    why = missing()
    if why:
        print(f"Nothing was measured: {why}.", file=sys.stderr)
        return 2
    rows = []
    with tempfile.TemporaryDirectory(prefix="hprun-on-a-gpu-") as scratch:
        for part in (throughput(Path(scratch), steps), limits(Path(scratch)), full(Path(scratch))):
            for row in part:
                print(f"… {row.what}: {row.found}", file=sys.stderr, flush=True)
                rows.append(row)
    print(table(rows, device_words(), datetime.date.today()))
    return int(any(row.held is False for row in rows))


def missing() -> str:
    """Why nothing can be measured here; "" if it can."""
    try:
        import torch
    except ImportError:
        return "torch is not installed, and the trainings need it"
    if not torch.cuda.is_available():
        return "there is no GPU that torch can use"
    return ""


def device_words() -> str:
    """The device and what drives it."""
    import torch

    memory = torch.cuda.get_device_properties(0).total_memory / 1e9
    return f"{torch.cuda.get_device_name(0)}, {memory:.0f} GB, torch {torch.__version__}"


def throughput(scratch: Path, steps: int, device: str = "cuda") -> Iterator[Row]:
    """Sixteen small trainings, at each number at once."""
    text = TRAINING.format(steps=steps, device=device)
    taken: dict[str, float | None] = {}
    for jobs in (*map(str, FIXED), "auto"):
        name = f"{RUNS} trainings, -j {jobs}"
        done = search(scratch / f"j{jobs}", text, f"seed=0:{RUNS - 1}", "-j", jobs)
        taken[jobs] = done.seconds if done.completed == RUNS else None
        yield Row(name, f"{done.seconds:.1f} s" if taken[jobs] else done.trouble)
    yield from verdicts(taken)


def verdicts(taken: Mapping[str, float | None]) -> Iterator[Row]:
    """What `-j auto` is worth, from the seconds by `-j`; None where not all runs completed."""
    auto = taken["auto"]
    fixed = {jobs: seconds for jobs, seconds in taken.items() if jobs != "auto" and seconds}
    if not auto or not fixed:
        yield Row("-j auto against fixed numbers", "cannot be said", held=False)
        return
    best = min(fixed, key=lambda jobs: fixed[jobs] or 0)
    share = (fixed[best] or 0) / auto
    yield Row(f"-j auto against the best fixed, -j {best}", f"{share:.2f} of it", share >= OF_BEST)
    if "1" in fixed:
        times = (fixed["1"] or 0) / auto
        yield Row("-j auto against one at a time", f"{times:.2f} times as fast", times >= OF_ONE)


def limits(scratch: Path) -> Iterator[Row]:
    """A run that takes what it can get, beside one that needs a little."""
    done = search(
        scratch / "limits", GREEDY, "greedy=1,0", "-j", "2", "--gpu-memory", "0.5", metric="taken"
    )
    got = done.scores.get(0)
    held = got is not None and got <= 0.25 + SLACK
    found = f"out of memory at {got:.2f} of the device" if got is not None else done.trouble
    yield Row("a run limited to 0.25 of the device wants all of it", found, held)
    state = done.states.get(1, "missing")
    yield Row("its neighbour", state, state == "completed")


def full(scratch: Path) -> Iterator[Row]:
    """Four runs at once of which two fit."""
    done = search(scratch / "full", FULL, "seed=0:3", "-j", "4", metric="loss:last")
    tries = sum(done.attempts.values())
    found = f"{done.completed} of 4 completed, in {tries} attempts"
    yield Row("four at once, of which two fit", found, done.completed == 4)


@dataclass(frozen=True)
class Done:
    """What came of a search; scores, states and attempts by trial."""

    seconds: float
    scores: Mapping[int, float | None]
    states: Mapping[int, str]
    attempts: Mapping[int, int]
    trouble: str

    @property
    def completed(self) -> int:
        """How many trials did."""
        return sum(state == "completed" for state in self.states.values())


def search(folder: Path, script: str, spec: str, *options: str, metric: str = "loss:last") -> Done:
    """Run a search as a user does, in a folder of its own."""
    folder.mkdir()
    (folder / "train.py").write_text(script, encoding="utf-8")
    command = [sys.executable, "-m", "hprun"]
    asked = ["--hp", spec, "--metric", metric, "--direction", "min", *options]
    began = time.perf_counter()
    ran = _call([*command, *asked, "train.py"], folder)
    seconds = time.perf_counter() - began
    told = _call([*command, "results", "--json"], folder)
    trials: list[Any] = json.loads(told.stdout)["trials"] if told.returncode == 0 else []
    lines = [line for line in ran.stderr.splitlines() if line.strip()]
    return Done(
        seconds,
        {one["trial"]: one["score"] for one in trials},
        {one["trial"]: one["state"] for one in trials},
        {one["trial"]: sum(fold["attempts"] for fold in one["folds"]) for one in trials},
        f"hprun ended with {ran.returncode}: {lines[-1] if lines else 'it said nothing'}",
    )


def _call(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("HPRUN_")}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def table(rows: Sequence[Row], device: str, day: datetime.date) -> str:
    """The rows as Markdown, with the day and the device."""
    words = {True: "yes", False: "NO", None: ""}
    head = [f"{day.day} {day:%B %Y}, {device}:", "", "| | | held |", "|---|--:|---|"]
    return "\n".join(
        [*head, *(f"| {row.what} | {row.found} | {words[row.held]} |" for row in rows)]
    )


if __name__ == "__main__":
    sys.exit(main())
