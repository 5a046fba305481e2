"""Each strategy survives being killed: the same trials in sequence, none twice in parallel."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.crash.doomed import ENTERED
from tests.crash.strategy_kills import FINITE, SAMPLED, Scene, Siege, Told, Tried, crimes

TRIALS = 24
SEARCHES = {
    "random": "random",
    "qmc": "qmc",
    "tpe": "tpe:startup=5",
    "gp": "gp:startup=4",
    "cmaes": "cmaes:population=5",
    "shac": "shac:batch=4",
    "classic": "shac:faithful=yes,num_batches=6,skip_cv_checks=yes",
}
ALL = [*SEARCHES, "list", "grid"]


def _trials(name: str) -> int:
    """How many trials there are to be; a Gaussian process takes its time over each."""
    return {"grid": 36, "gp": 12}.get(name, TRIALS)


def _words(name: str, jobs: int) -> list[str]:
    """The command of a search of so many trials; one after the other they start cold."""
    specs = FINITE if name == "grid" else SAMPLED
    words = [word for spec in specs for word in ("--hp", spec)]
    if name in SEARCHES:
        words += ["--search", SEARCHES[name], "--trials", str(_trials(name))]
    elif name == "list":
        words += ["--trial", "@rows.csv"]
    words += ["--start", "cold"] if jobs == 1 else []
    return [*words, "--metric", "loss:min", "--jobs", str(jobs), "train.py"]


def _rows() -> str:
    """The table of the strategy list."""
    rows = ["lr,units,opt,momentum,extra"]
    for n in range(TRIALS):
        opt, momentum = ("sgd", str(n / 30)) if n % 3 else ("adam", "")
        rows.append(f"{0.001 * (n + 1)},{8 + 2 * n},{opt},{momentum},{3 if n % 5 == 1 else None}")
    return "\n".join(rows) + "\n"


@pytest.fixture
def scenes(tmp_path: Path) -> Callable[[], Scene]:
    def make() -> Scene:
        scene = Scene(tmp_path / str(len(list(tmp_path.iterdir()))))
        (scene.project / "rows.csv").write_text(_rows(), encoding="utf-8")
        return scene

    return make


def _killed(scenes: Callable[[], Scene], name: str, jobs: int, kills: int) -> None:
    words = _words(name, jobs)
    whole = scenes()
    whole.undisturbed(words)
    acts = whole.acts()
    assert list(crimes(whole.tried(), whole.told(), _trials(name))) == []
    assert {tried.state for tried in whole.tried()} == {"completed", "failed"}
    draws = random.Random(f"{name} {jobs}")
    loop = len(acts) - acts.index(ENTERED)
    while kills > 0:
        scene = scenes()
        siege = Siege(scene, words, jobs, loop, kills, draws)
        siege.carry_out()
        assert siege.deaths
        assert jobs > 1 or len(siege.deaths) == kills
        kills -= len(siege.deaths)
        tried = scene.tried()
        assert list(crimes(tried, scene.told(), _trials(name))) == [], siege.deaths
        if jobs == 1:
            ours = [one.came_to for one in tried]
            assert ours == [one.came_to for one in whole.tried()], siege.deaths


@pytest.mark.parametrize("name", ["tpe", "cmaes"])
def test_a_search_that_is_killed_has_the_trials_of_one_that_is_not(scenes, name: str) -> None:
    _killed(scenes, name, jobs=1, kills=5)


@pytest.mark.long
def test_a_death_around_the_writing_down_of_a_proposal_leaves_no_trace(scenes) -> None:
    words = _words("cmaes", jobs=1)  # what is proposed next hangs on the notes of what was
    whole = scenes()
    whole.undisturbed(words)
    for act, everything in (
        ("INSERT INTO trial", False),
        ("INSERT INTO run", False),
        ("start", False),
        ("after start", True),
    ):
        scene = scenes()
        doom = scene.doom(8, act, everything=everything)
        assert str(scene.killed(words, doom)).startswith(act)
        scene.undisturbed(("resume",))
        tried = scene.tried()
        assert list(crimes(tried, scene.told(), TRIALS)) == [], act
        assert [one.came_to for one in tried] == [one.came_to for one in whole.tried()], act


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ALL)
def test_killed_twenty_times_in_sequence_a_strategy_proposes_the_same(scenes, name: str) -> None:
    _killed(scenes, name, jobs=1, kills=20)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ALL)
def test_killed_twenty_times_in_parallel_a_strategy_repeats_nothing(scenes, name: str) -> None:
    _killed(scenes, name, jobs=3, kills=20)


# The judge. Two trials, one of them shot once; nothing is wrong with this until it is doctored.

ONE = Tried('{"lr": 0.1}', "completed", 0.5, "train-1/0000-a/fold-0", ("completed",))
TWO = Tried(
    '{"lr": 0.2}',
    "failed",
    None,
    "train-1/0001-b/fold-0",
    ("vanished, killed together with its shell", "exit status 1"),
)
TOLD = (
    Told("start", 1, ONE.run),
    Told("done", 1, ONE.run),
    Told("start", 1, TWO.run),
    Told("start", 2, TWO.run),
)


def test_what_is_sound_is_not_blamed() -> None:
    assert list(crimes((ONE, TWO), TOLD, 2)) == []


@pytest.mark.parametrize(
    ("tried", "told", "words"),
    [
        ((ONE,), TOLD[:2], "there are 1 trials"),
        ((ONE, replace(TWO, values=ONE.values)), TOLD, "values twice"),
        ((ONE, replace(TWO, run=ONE.run)), TOLD, "run twice"),
        ((ONE, replace(TWO, state="running")), TOLD, "is running at the end"),
        ((ONE, replace(TWO, endings=("completed", "exit status 1"))), TOLD, "though it had ended"),
        ((ONE, replace(TWO, endings=("vanished", "vanished"))), TOLD, "no fault of its own"),
        ((ONE, TWO), (TOLD[0], *TOLD[2:]), "never got to its end"),
        ((ONE, TWO), TOLD[:3], "never started"),
        ((ONE, TWO), (*TOLD, TOLD[3]), "started twice"),
    ],
)
def test_what_must_not_be_is_found(tried, told, words: str) -> None:
    assert any(words in crime for crime in crimes(tried, told, 2))
