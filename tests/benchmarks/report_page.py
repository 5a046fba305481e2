"""`hprun report` on a large search of five hyperparameters: seconds, bytes, and how fast it opens.

    python -m tests.benchmarks.report_page [--trials 1000] [--keep FILE]

The search is made through hprun's own parts, without running anything; each run has a log with a
curve of 200 points. What the browser takes is counted from its start to the drawn page, beside
what it takes for a page with nothing in it.
"""

from __future__ import annotations

import argparse
import math
import random
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

from hprun.config import Settings
from hprun.engine.question import understand
from hprun.engine.writing_down import Begun, write_down
from hprun.model import Outcome, Values
from hprun.paths import Cache
from hprun.store import Close, PlannedTrial, ReadingRow, Store
from tests.benchmarks.scratch import scratch_folder

_POINTS = 200
_SCRIPT = """\
lr = 0.01
units = 64
dropout = 0.2
optimizer = "adam"
depth = 2
print("val_loss:", lr * units * dropout * depth, optimizer)
"""


_SPACE = (
    "lr=1e-5:l:0.1", "units=16,32,64,128,256,512,1024", "dropout=0:u:0.6",
    "optimizer=adam,sgd,rmsprop", "depth=1:6",
)  # fmt: skip


def drawn(trials: int) -> list[Values]:
    """So many trials, the same ones each time."""
    chance = random.Random(0)
    return [
        {
            "lr": float(f"{10 ** chance.uniform(-5, -1):.6g}"),
            "units": 2 ** chance.randint(4, 10),
            "dropout": round(chance.uniform(0, 0.6), 4),
            "optimizer": chance.choice(["adam", "sgd", "rmsprop"]),
            "depth": chance.randint(1, 6),
        }
        for _ in range(trials)
    ]


def _loss(values: Values, chance: random.Random) -> float:
    bowl = (math.log10(float(str(values["lr"]))) + 3) ** 2 / 6
    best = {"adam": 0.0, "rmsprop": 0.05, "sgd": 0.2}[str(values["optimizer"])]
    size = abs(math.log2(int(str(values["units"]))) - 7) / 20
    loss = 0.1 + bowl + best + size + float(str(values["dropout"])) / 5 + chance.gauss(0, 0.03)
    return abs(loss) * (1e6 if chance.random() < 0.01 else 1)


def make(project: Path, trials: int) -> None:
    """Write down a search in which all but one in fifty have completed."""
    (project / "train.py").write_text(_SCRIPT, encoding="utf-8")
    settings = Settings(
        script="train.py", hp=_SPACE, search="random", trials=trials, metric="val_loss:min", jobs=2
    )
    cache = Cache(project / "cache")
    cache.create()
    store = Store(cache.database)
    question, values = understand(settings, project), drawn(trials)
    begun = write_down(question, store, cache, time.time())
    planned = [PlannedTrial(number, one) for number, one in enumerate(values)]
    store.add(begun.row.id, planned, question.plan(begun.row.name, cache, values))
    _end(store, cache, begun)
    store.close()


def _end(store: Store, cache: Cache, begun: Begun) -> None:
    chance, row, now = random.Random(1), begun.row, time.time()
    with store.transaction():
        for trial in store.trials(row.id, None):
            now += chance.expovariate(1 / 20)
            run = trial.parts[0].run
            loss, fails = _loss(trial.values, chance), trial.number % 50 == 49
            attempt = store.claim(run.id, row.id, "", now - 60)
            assert attempt is not None, "the search is not fresh"
            _write_log(cache.run(run.folder).log, loss, fails, chance)
            outcome = Outcome.FAILED if fails else Outcome.COMPLETED
            reading = None if fails else ReadingRow("resolved", loss, _POINTS - 1, "log//val_loss")
            detail = "exited with status 1" if fails else ""
            store.end(Close(run.id, attempt, outcome, 60.0, detail, reading), row.metric, now)
    store.set_search_state(row.id, "complete", now)


def _write_log(path: Path, loss: float, fails: bool, chance: random.Random) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix("").mkdir(exist_ok=True)
    values = [
        loss * (1 + 5 * math.exp(-n / 30)) + abs(chance.gauss(0, 0.01)) for n in range(_POINTS - 1)
    ]
    lines = [f"val_loss: {value}" for value in (*values, loss)]
    if fails:
        lines = [*lines[:20], "Traceback (most recent call last):", "ValueError: it diverged"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _seconds(command: list[str], folder: Path) -> float:
    begun = time.monotonic()
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
    return time.monotonic() - begun


def _cpu_seconds() -> float:
    """Of all processes that were waited for so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """As the module says."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.report_page")
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--keep", type=Path, help="Where to leave the page.")
    asked = parser.parse_args()
    with scratch_folder() as folder:
        project = Path(folder)
        make(project, asked.trials)
        page = project / "page.html"
        before = _cpu_seconds()
        seconds = _seconds([sys.executable, "-m", "hprun", "report", "-o", page.name], project)
        cpu = _cpu_seconds() - before
        size = page.stat().st_size / 1e6
        print(f"{asked.trials:,} trials: {seconds:.1f} s ({cpu:.1f} s of CPU time), {size:.2f} MB")
        browser = shutil.which("chromium") or shutil.which("google-chrome")
        if browser is not None:
            empty = project / "empty.html"
            empty.write_text("<p>nothing", encoding="utf-8")
            command = [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom",
                       f"--user-data-dir={project / 'browser'}"]  # fmt: skip
            _seconds([*command, empty.as_uri()], project)  # makes the browser's folder
            opened = [_seconds([*command, one.as_uri()], project) for one in (empty, page)]
            print(f"in {browser}: {opened[1]:.1f} s, an empty page {opened[0]:.1f} s")
        if asked.keep:
            asked.keep.write_bytes(page.read_bytes())


if __name__ == "__main__":
    main()
