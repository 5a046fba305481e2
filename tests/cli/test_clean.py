"""What is removed, shown before and asked for."""

import json
import os
import pty
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hprun.cli.cleaning_plan import Rule, to_remove
from hprun.model import FAILURES, Ended, Outcome, Queued, Run
from hprun.report.results import Result
from hprun.store import Part

DAY = 86400.0
SEARCH = ("--hp", "lr=1:5", "--metric", "loss", "train.py")


@pytest.fixture
def searched(project):
    """Trials 0 to 4, best first, of which 3 failed."""
    project.write("train.py", "lr = 1\nassert lr != 4\nprint('loss:', lr)\n")
    assert project.hprun(*SEARCH).status == 1
    return project


def _left(project, search="train-1"):
    return {int(path.parent.name[:4]) for path in project.cache.glob(f"{search}/*/fold-0")}


def test_failed_and_all_but_the_best(searched):
    answer = searched.hprun("clean", "--failed", "--yes")
    assert answer.status == 0, answer
    assert _left(searched) == {0, 1, 2, 4}
    assert "AssertionError" in searched.hprun("logs", "3").out
    answer = searched.hprun("clean", "--keep-best", "2", "--yes")
    assert "not among the best 2" in answer.err
    assert _left(searched) == {0, 1}
    assert len(json.loads(searched.hprun("results", "--json").out)["trials"]) == 5
    assert "nothing to remove" in searched.hprun("clean", "--failed", "--keep-best", "2").err


def test_what_is_young_stays_and_all_searches_are_looked_at(searched):
    searched.write("other.py", "a = 1\nprint('loss:', a)\n")
    searched.hprun("--hp", "a=1,2", "other.py")
    assert "nothing to remove" in searched.hprun("clean", "--older-than", "7d").err
    plan = searched.hprun("clean", "--older-than", "0")
    assert plan.status == 2
    assert "--yes" in plan.err
    rows = [
        line.split() for line in plan.err.splitlines() if line.startswith(("train-1", "other-2"))
    ]
    assert sorted((row[0], row[-3]) for row in rows) == [("other-2", "2"), ("train-1", "5")]
    assert len(_left(searched)) == 5, "the plan alone removes nothing"
    assert searched.hprun("clean", "train-1", "--older-than", "0", "--yes").status == 0
    assert (_left(searched), len(_left(searched, "other-2"))) == (set(), 2)


def test_it_asks_on_a_terminal(searched):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(searched.command("clean", "--failed"), cwd=searched.folder,
                               stdin=theirs, stdout=theirs, stderr=theirs)  # fmt: skip
    os.close(theirs)
    seen = b""
    while b"?" not in seen:
        seen += os.read(ours, 1000)
    assert b"failed" in seen
    os.write(ours, b"n\n")
    assert process.wait(60) == 130
    assert len(_left(searched)) == 5


@pytest.mark.parametrize("args", [("--forget", "--failed"), ("train-1",)])
def test_what_means_nothing_is_refused(searched, args):
    assert searched.hprun("clean", *args, "--yes").status == 2
    assert len(_left(searched)) == 5


STATES = st.just(Queued(0)) | st.builds(Ended, st.sampled_from(Outcome), st.just(1), st.just(1.0))
RULES = st.builds(Rule, st.none() | st.integers(0, 4), st.booleans(), st.none() | st.just(7 * DAY))


@given(st.lists(st.tuples(STATES, st.floats(0, 20), st.booleans()), max_size=6), RULES)
def test_what_goes_is_what_the_options_say_and_nothing_else(runs, rule):
    parts = [
        Part(n, Run(n, str(n), str(n), 0, 0, state), None) for n, (state, *_) in enumerate(runs)
    ]
    ranked = [
        Result(None, n, {}, None, None, 0, "", "", 0.0, (part,)) for n, part in enumerate(parts)
    ]
    now = 1e9
    ended = {n: now - days * DAY for n, (_, days, _) in enumerate(runs)}
    shared = {n for n, (*_, other) in enumerate(runs) if other}
    gone = {
        part.run.id for part, why in to_remove(ranked, rule, ended=ended, shared=shared, now=now)
    }
    for n, (state, days, other) in enumerate(runs):
        over = isinstance(state, Ended) and not other
        old = rule.older_than is None or days > 7
        named = (
            (rule.failed and over and state.outcome in FAILURES)
            or (rule.keep_best is not None and n >= rule.keep_best)
            or (rule.keep_best is None and not rule.failed)
        )
        assert (n in gone) == (over and old and named)
