"""The benchmark's command in its smallest form, so that it works on the day it is needed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]


def _run(*arguments):
    command = [sys.executable, "-m", "tests.benchmarks", *arguments]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """What the smallest measurement writes: as JSON, as Markdown, and on the terminal."""
    folder = tmp_path_factory.mktemp("measured")
    files = ("--json", str(folder / "figures.json"), "--markdown", str(folder / "tables.md"))
    done = _run("--quick", "--only", "noop", "--trials", "3", *files)
    assert done.returncode == 0, done.stderr
    figures = json.loads((folder / "figures.json").read_text("utf-8"))
    return figures, (folder / "tables.md").read_text("utf-8"), done.stdout


@pytest.mark.long
def test_every_trial_of_floor_and_hprun_ends_and_is_counted(measured):
    rows = [row for row in measured[0]["sections"]["noop"] if not row.get("missing")]
    assert {"xargs -P2", "hprun --start cold"} <= {row["competitor"] for row in rows}
    assert {row["workload"] for row in rows} == {"noop", "numpy_alone"}
    for row in rows:
        assert row["ended"] == 3
        for one in row["repetitions"]:
            assert one["status"] == 0
            assert one["left"] == 0
            # An interpreter's start is in each trial, whoever counts.
            assert one["own_cpu_s"] > 0 or row["competitor"] == "xargs -P2"
            assert one["cpu_s"] > 0.01


@pytest.mark.long
def test_ratios_are_to_the_floor_of_the_same_workload(measured):
    rows = [row for row in measured[0]["sections"]["noop"] if not row.get("missing")]
    for row in rows:
        floor = next(
            other
            for other in rows
            if other["competitor"] == "xargs -P2" and other["workload"] == row["workload"]
        )
        ratio = row["seconds_per_trial"] / floor["seconds_per_trial"]
        assert row["seconds_per_trial_to_floor"] == pytest.approx(ratio)


@pytest.mark.long
def test_peers_that_are_not_installed_are_named(measured):
    figures, markdown, _ = measured
    absent = {row["competitor"] for row in figures["sections"]["noop"] if row.get("missing")}
    assert {"keras-tuner", "Guild AI, 2 queues"} <= absent
    assert "Not installed, so not measured: Optuna + subprocess;" in markdown


def test_the_terminal_shows_the_tables_with_date_and_machine(measured):
    figures, markdown, shown = measured
    assert shown == markdown
    assert figures["machine"]["date"] in markdown
    assert f"Python {figures['machine']['python']}" in markdown
    widths = {len(line) for line in markdown.splitlines() if line.startswith("| xargs")}
    assert len(widths) == 1, "the tables of one kind do not line up"


def test_an_unknown_section_is_refused():
    done = _run("--only", "noop,nope")
    assert done.returncode == 2
    assert "nope is none of noop" in done.stderr


@pytest.mark.long
def test_only_some_can_be_measured_beside_the_floor(tmp_path):
    file = tmp_path / "figures.json"
    words = ("--quick", "--only", "noop", "--trials", "2", "--competitors", "hprun --start warm")
    assert _run(*words, "--json", str(file)).returncode == 0
    rows = json.loads(file.read_text("utf-8"))["sections"]["noop"]
    there = {row["competitor"] for row in rows if not row.get("missing")}
    assert there == {"xargs -P2", "hprun --start warm"}
