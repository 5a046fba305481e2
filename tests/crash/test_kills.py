"""Nothing is lost, run twice or left behind by real kills, and the judge who says so has eyes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tests.crash.__main__ import markdown
from tests.crash.campaign import Verdict, shoot_at
from tests.crash.evidence import (
    LOST,
    MARK,
    ORPHAN,
    STUCK,
    TWICE,
    WRONG,
    Evidence,
    Fault,
    Leftover,
    Line,
    Look,
    Stored,
    allowed,
    judge,
    leftovers,
    read_lines,
    read_store,
)
from tests.crash.kills import ALL, COORDINATOR, KILLS, PYTHON, REQUESTS, Plan


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes by their environment")
def test_kills_at_random_times_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    verdict = shoot_at(tmp_path, Plan(kills=24, runs=40, seed=7))
    assert not verdict.violations, markdown(verdict)
    assert [row.times for row in verdict.rows()] == [4] * len(KILLS) + [1] * len(REQUESTS)
    assert verdict.runs >= 40
    assert verdict.coordinators > 12
    assert verdict.allowed["completed"] == verdict.runs


def test_each_kind_of_kill_gets_its_share() -> None:
    kinds = Plan(kills=200).kinds()
    assert sum(kind in KILLS for kind in kinds) == 200
    assert {kinds.count(kind) for kind in KILLS} == {33, 34}
    assert {kinds.count(kind) for kind in REQUESTS} == {8, 9}


# The judge. Two runs, one of them shot once; nothing is wrong with this until it is doctored.

LINES = (
    Line("1/0", 1, 101, 10.0),
    Line("1/0", 1, 101, 11.0, value=1.0001),
    Line("2/0", 1, 102, 12.0),
    Line("2/0", 2, 103, 14.0),
    Line("2/0", 2, 103, 15.0, value=2.0002),
)
ONE = Stored("1/0", "completed", 1, 1.0001, 1, "train-1/0000-a/fold-0", {1: "completed"}, {1: 11.5})
TWO = Stored(
    "2/0",
    "completed",
    2,
    2.0002,
    2,
    "train-1/0001-b/fold-0",
    {1: "vanished, killed together with its shell", 2: "completed"},
    {1: 13.5, 2: 15.5},
)
SOUND = Evidence(
    faults=(Fault(COORDINATOR, 5.0), Fault(ALL, 13.0), Fault(PYTHON, 20.0)),
    lines=LINES,
    looks=(
        Look(5.0, {}, {}),
        Look(13.0, {"1/0": (1, 1.0001)}, {"1/0": 1}),
        Look(20.0, {"1/0": (1, 1.0001), "2/0": (2, 2.0002)}, {"1/0": 1, "2/0": 2}),
    ),
    final={"1/0": ONE, "2/0": TWO},
    expected=frozenset({"1/0", "2/0"}),
)


def found(evidence: Evidence) -> list[tuple[str, str]]:
    return [(violation.kind, violation.after) for violation in judge(evidence)]


def test_what_is_sound_is_not_blamed() -> None:
    assert judge(SOUND) == []


def test_a_completed_run_that_never_got_to_its_end_is_found() -> None:
    unfinished = [line for line in LINES if line.value != 2.0002]
    assert found(replace(SOUND, lines=unfinished)) == [(LOST, ALL)]


def test_a_score_that_the_script_did_not_write_is_found() -> None:
    for score in (2.0001, None):
        final = {"1/0": ONE, "2/0": replace(TWO, value=score)}
        assert (LOST, ALL) in found(replace(SOUND, final=final))


def test_a_result_that_was_there_and_is_gone_is_found() -> None:
    without = Look(20.0, {"2/0": (2, 2.0002)}, {})
    looks = (*SOUND.looks[:2], without, Look(21.0, SOUND.looks[2].completed, {}))
    assert found(replace(SOUND, looks=looks)) == [(LOST, PYTHON)]


def test_a_result_that_is_gone_at_the_end_is_found() -> None:
    final = {"1/0": replace(ONE, state="queued", endings={}, record=None), "2/0": TWO}
    assert set(found(replace(SOUND, final=final))) == {(LOST, PYTHON), (STUCK, PYTHON)}


AGAIN = (Line("1/0", 2, 104, 16.0), Line("1/0", 2, 104, 17.0, value=1.0002))


def test_a_completed_run_that_starts_again_is_found() -> None:
    seen = replace(SOUND, lines=(*LINES, *AGAIN))
    assert found(seen) == [(TWICE, ALL)]
    assert found(replace(seen, looks=())) == [(TWICE, ALL)]  # the store's word is enough


def test_a_run_that_starts_again_in_spite_of_its_record_is_found() -> None:
    ending = "vanished, killed together with its shell"
    one = replace(ONE, attempts=2, value=1.0002, record=2, endings={1: ending, 2: "completed"})
    looks = (Look(13.0, {}, {"1/0": 1}), Look(20.0, {"1/0": (2, 1.0002)}, {"1/0": 2}))
    seen = replace(SOUND, lines=(*LINES, *AGAIN), looks=looks, final={"1/0": one, "2/0": TWO})
    assert found(seen) == [(TWICE, ALL)]
    unrecorded = replace(seen, looks=looks[1:])
    assert found(unrecorded) == []
    assert allowed(unrecorded)[f"came to its end, but its status was never written ({ending})"] == 1


def test_two_attempts_at_the_same_time_are_found() -> None:
    beside = [replace(line, alone=line.pid != 103) for line in LINES]
    assert found(replace(SOUND, lines=beside)) == [(TWICE, ALL)]
    late_end = (*LINES[:4], Line("2/0", 1, 102, 14.5, value=2.0001), LINES[4])
    assert found(replace(SOUND, lines=late_end)) == [(TWICE, ALL)]


def test_an_attempt_that_is_started_twice_is_found() -> None:
    lines = (*LINES[:3], Line("2/0", 1, 110, 13.2), *LINES[3:])
    assert found(replace(SOUND, lines=lines)) == [(TWICE, ALL)]


def test_an_orphan_is_put_down_to_the_fault_before_its_attempt_was_over() -> None:
    mark = f"/scratch/cache/{TWO.folder}"
    left = (Leftover(7, "sleep 3600", f"7:8:1:{mark}"), Leftover(8, "sleep 3600", f"7:8:9:{mark}"))
    assert found(replace(SOUND, leftovers=left)) == [(ORPHAN, ALL), (ORPHAN, PYTHON)]


def test_runs_that_are_missing_or_failed_by_themselves_are_found() -> None:
    expected = frozenset({*SOUND.expected, "3/1"})
    assert found(replace(SOUND, expected=expected)) == [(STUCK, PYTHON)]
    failed = replace(TWO, endings={1: "exit status 1", 2: "completed"})
    assert found(replace(SOUND, final={"1/0": ONE, "2/0": failed})) == [(WRONG, ALL)]


def test_a_verdict_counts_violations_where_they_belong() -> None:
    violations = judge(replace(SOUND, lines=(*LINES, *AGAIN)))
    verdict = Verdict(Plan(), SOUND.faults, violations, {}, 2, 3, 1, 1.0)
    rows = {row.fault: (row.times, row.lost, row.twice, row.orphans) for row in verdict.rows()}
    assert rows[ALL] == (1, 0, 1, 0)
    assert rows[PYTHON] == (1, 0, 0, 0)
    assert "| **all** | 3 | 0 | 1 | 0 |" in markdown(verdict)
    assert "attempt 2 started" in markdown(verdict)


def test_a_process_that_fled_from_its_run_is_seen(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    mark = f"7:8:1:{tmp_path / 'cache' / 'train-1/0000-a/fold-0'}"
    fugitive = subprocess.Popen(
        ["sleep", "60"], cwd="/", env={**os.environ, MARK: mark}, start_new_session=True
    )
    try:
        seen = leftovers(tmp_path / "cache", patience_s=0)
        assert [(left.pid, left.mark) for left in seen] == [(fugitive.pid, mark)]
        assert leftovers(tmp_path / "other", patience_s=0) == []
        fugitive.send_signal(signal.SIGKILL)
        psutil.wait_procs([psutil.Process(fugitive.pid)], timeout=0)
        assert leftovers(tmp_path / "cache", patience_s=10) == []  # a zombie at most
    finally:
        fugitive.kill()
        fugitive.wait()


def test_log_and_store_are_read_as_they_were_written(project, tmp_path: Path) -> None:
    project.write("train.py", "x = 1\nfold = 0\nprint(f'loss: {x + fold / 10}')\n")
    answer = project.hprun("--hp", "x=1:2", "--cv", "2", "--metric", "loss", "train.py")
    assert answer.status == 0, answer
    stored = read_store(project.cache)
    assert {run: (s.state, s.attempts, s.value, s.record) for run, s in stored.items()} == {
        "1/0": ("completed", 1, 1.0, 1),
        "1/1": ("completed", 1, 1.1, 1),
        "2/0": ("completed", 1, 2.0, 1),
        "2/1": ("completed", 1, 2.1, 1),
    }
    assert all(s.endings == {1: "completed"} for s in stored.values())
    log = tmp_path / "log"
    log.write_text(
        "start 1/0 1 101 10.0 alone\nstart 1/0 2 102 11.0 beside\ndone 1/0 2 102 12.0 1.5\n"
    )
    assert read_lines(log) == [
        Line("1/0", 1, 101, 10.0),
        Line("1/0", 2, 102, 11.0, alone=False),
        Line("1/0", 2, 102, 12.0, value=1.5),
    ]
    log.write_text("started 1/0 1 101 10.0 alone\n")
    with pytest.raises(ValueError, match="started"):
        read_lines(log)
