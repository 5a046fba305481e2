"""A search whose trials a strategy proposes, killed and gone on with, and what it came to.

Each death lies at an act of the coordinator's, drawn by a seed; see `doomed`. Between two deaths
it is called as a user would call it: the same command again, or `hprun resume`.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash import doomed
from tests.crash.doomed import ENTERED, Doom

SCRIPT = '''\
"""Tells a log outside the cache when it starts and when it is done; fails for some values."""
import math, os

OUTSIDE = {outside!r}
lr = 0.01
units = 32
opt = "adam"
momentum = 0.0
extra = None
log = os.open(f"{{OUTSIDE}}/log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def tell(word):
    os.write(log, f"{{word}} {{os.environ['HPRUN_ATTEMPT']}} {{os.getcwd()}}\\n".encode())


tell("start")
if opt == "sgd" and units > 28:
    raise SystemExit("it does not fit")
loss = (math.log10(lr) + 2) ** 2 + units / 100 + momentum + (extra or 0) / 10
print("loss:", "nan" if extra == 3 else loss)
tell("done")
'''
SAMPLED = (
    "lr=1e-4:l:1",
    "units=8:64",
    "opt=adam,sgd",
    'momentum=0:u:1 if opt == "sgd"',
    "extra=choice(None, choice(3, quniform(4,9,1)))",
)
FINITE = (
    "lr=0.001,0.1",
    "units=16,56",
    "opt=adam,sgd",
    'momentum=0.1,0.9 if opt == "sgd"',
    "extra=choice(None, choice(3, 4))",
)
_PATIENCE_S = 400.0
_LOCKED = "is being searched already"


@dataclass(frozen=True, slots=True)
class Tried:
    """A trial at the end: `run` is the folder of its one run, `endings` are its attempts'."""

    values: str
    state: str
    score: float | None
    run: str
    endings: tuple[str, ...]

    @property
    def came_to(self) -> tuple[str, str, float | None]:
        """What must be the same, however often the search was killed."""
        return self.values, self.state, self.score


@dataclass(frozen=True, slots=True)
class Told:
    """A line of the script's own log."""

    word: str
    attempt: int
    run: str


class Scene:
    """A project in a folder, and hprun called in it, often to be killed."""

    def __init__(self, folder: Path) -> None:
        self.project, self.outside = folder / "project", folder / "outside"
        self.cache, self.journal = self.project / "cache", self.outside / "journal"
        for made in (self.project, self.outside):
            made.mkdir(parents=True)
        text = SCRIPT.format(outside=str(self.outside))
        (self.project / "train.py").write_text(text, encoding="utf-8")

    def call(self, words: Sequence[str], doom: Doom) -> tuple[int, str]:
        """Call hprun, which is doomed or not; its status and what it said."""
        with (self.outside / "errors").open("w+", encoding="utf-8") as errors:
            hprun = subprocess.Popen(
                [sys.executable, doomed.__file__, doom.to_json(), *words],
                cwd=self.project,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
            try:
                status = hprun.wait(_PATIENCE_S)
            finally:
                hprun.kill()
                hprun.wait()
            errors.seek(0)
            return status, errors.read()

    def undisturbed(self, words: Sequence[str]) -> None:
        """The whole search, or what is left of it, in one life."""
        status, said = self.live(words, self.doom())
        assert status in (0, 1), said

    def live(self, words: Sequence[str], doom: Doom) -> tuple[int, str]:
        """Call hprun until it is let in: what was killed may not be quite dead."""
        for _ in range(50):
            status, said = self.call(words, doom)
            if _LOCKED not in said:
                break
        return status, said

    def killed(self, words: Sequence[str], doom: Doom) -> str | None:
        """Call hprun; the act before which it died, nothing if it came to its end before that."""
        status, said = self.live(words, doom)
        assert status in (-signal.SIGKILL, 0, 1), f"{doom}: exit status {status}: {said}"
        return self.acts()[-1] if status == -signal.SIGKILL else None

    def doom(
        self, nth: int = 0, act: str = "", since: str = "", *, everything: bool = False
    ) -> Doom:
        """A doom with its journal here."""
        return Doom(str(self.journal), nth, act, since, everything)

    def acts(self) -> list[str]:
        """Those of the last life."""
        return self.journal.read_text("utf-8").splitlines()

    def tried(self) -> list[Tried]:
        """The trials, in the order in which they were proposed."""
        query = (
            'SELECT trial."values", ifnull(run.outcome, run.state), reading.value, run.folder,'
            " (SELECT json_group_array(ending) FROM attempt WHERE attempt.run = run.id)"
            " FROM trial JOIN part ON part.search = trial.search AND part.trial = trial.number"
            " JOIN run ON run.id = part.run LEFT JOIN reading ON reading.run = run.id"
            " ORDER BY trial.number"
        )
        with contextlib.closing(sqlite3.connect(self.cache / "hprun.db", timeout=30)) as database:
            return [
                Tried(values, state, score, folder, tuple(json.loads(endings)))
                for values, state, score, folder, endings in database.execute(query)
            ]

    def told(self) -> list[Told]:
        """The script's own log."""
        lines = (self.outside / "log").read_text("utf-8").splitlines()
        split = (line.split(" ", 2) for line in lines)
        return [
            Told(word, int(attempt), os.path.relpath(where, self.cache))
            for word, attempt, where in split
        ]

    def is_known(self) -> bool:
        """Say whether a search is written down yet."""
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(
                sqlite3.connect(f"file:{self.cache / 'hprun.db'}?mode=ro", uri=True, timeout=30)
            ) as database,
        ):
            return bool(database.execute("SELECT count(*) FROM search").fetchone()[0])
        return False


@dataclass
class Siege:
    """Kills a search so many times, while `acts` of the undisturbed one are done about evenly.

    A run that vanishes three times in a row has failed, by design; so after a death that may have
    taken a run with it, the next one comes when that run has ended. In parallel the search may be
    over by then, and with it the siege, before it has killed so many times.
    """

    scene: Scene
    words: Sequence[str]
    jobs: int
    acts: int
    kills: int
    draws: random.Random
    deaths: list[str] = field(default_factory=list)
    _took_a_run: bool = False

    def carry_out(self) -> None:
        """Kill, go on, and at last let it come to its end."""
        while len(self.deaths) < self.kills:
            doom = self._doom()
            death = self.scene.killed(self._call(), doom)
            if death is None:
                return
            self.deaths.append(death)
            if doom.act or not self._took_a_run:
                self._took_a_run = doom.all or self.deaths[-1].endswith("start")
        self.scene.undisturbed(self._call())

    def _call(self) -> Sequence[str]:
        again = not self.scene.is_known() or self.draws.random() < 1 / 2
        return self.words if again else ("resume", "train-1")

    def _doom(self) -> Doom:
        if self._took_a_run:
            return self.scene.doom(self.jobs + 1, "UPDATE attempt", ENTERED)
        if self.draws.random() < 1 / 5:
            return self.scene.doom(self.draws.randint(1, 15))
        if self.draws.random() < 1 / 3:  # when a run has just begun, and with it
            nth = self.draws.randint(1, 2)
            return self.scene.doom(nth, "after start", ENTERED, everything=True)
        most = max(2, round(1.4 * self.acts / self.kills))
        return self.scene.doom(self.draws.randint(1, most), "", ENTERED)


def crimes(tried: Sequence[Tried], told: Sequence[Told], trials: int) -> Iterator[str]:
    """Everything that must not be, however often a search of so many trials was killed."""
    if len(tried) != trials:
        yield f"there are {len(tried)} trials, not {trials}"
    for what, names in (("values", [t.values for t in tried]), ("run", [t.run for t in tried])):
        yield from (f"{what} twice: {one}" for one, n in Counter(names).items() if n > 1)
    starts = Counter((line.run, line.attempt) for line in told if line.word == "start")
    done = {(line.run, line.attempt) for line in told if line.word == "done"}
    yield from (f"{run}: attempt {n} started twice" for (run, n), c in starts.items() if c > 1)
    for one in tried:
        last = len(one.endings)
        if one.state not in ("completed", "failed"):
            yield f"{one.run} is {one.state} at the end"
        if any(not ending.startswith("vanished") for ending in one.endings[:-1]):
            yield f"{one.run} was tried again though it had ended: {one.endings}"
        if one.state == "failed" and one.endings[-1:] != ("exit status 1",):
            yield f"{one.run} failed by no fault of its own: {one.endings}"
        if one.state == "completed" and (one.run, last) not in done:
            yield f"{one.run} is completed, but attempt {last} never got to its end"
        if (one.run, last) not in starts:
            yield f"{one.run}: attempt {last} ended and never started"
