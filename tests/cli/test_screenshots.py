"""A search of the Keras example as a browser shows it: HPARAMS in TensorBoard, and the report.

The pictures are left in the folder that SCREENSHOTS names, to be looked at.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.browser import ALL_TEXT, nodes

pytestmark = pytest.mark.long
ROOT = Path(__file__).parents[2]
FEWEST_BYTES = 20_000  # a picture with nothing on it compresses to less

ROWS = """[...document.querySelectorAll("tr[data-trial]")].map((row) => Object.fromEntries(
  [["trial", row.dataset.trial], ...[...row.querySelectorAll("[data-field]")].map(
    (cell) => [cell.dataset.field, cell.title || cell.textContent])]))"""
DRAWN = """Object.fromEntries([...document.querySelectorAll("section")].map((section) => [
  section.id,
  section.querySelectorAll("svg path, svg circle, svg rect, svg polyline, svg line, canvas").length,
]))"""
TOO_WIDE = "document.documentElement.scrollWidth - window.innerWidth"


def _elements(tags, then):
    """JavaScript that gives a function all elements of these kinds."""
    matches = f"(node) => node.matches && node.matches({json.dumps(tags)})"
    return nodes(f"(all) => ({then})(all.filter({matches}))")


def _click(words):
    """JavaScript that clicks on a tab by what it says."""
    return _elements(
        "paper-tab, [role=tab]",
        f"(tabs) => tabs.filter((tab) => tab.textContent.trim().toUpperCase() === "
        f"{json.dumps(words)}).map((tab) => tab.click()).length",
    )


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """The Keras example, six trials of two folds."""
    folder = tmp_path_factory.mktemp("searched")
    shutil.copy(ROOT / "examples" / "keras_digits.py", folder)
    command = [sys.executable, "-m", "hprun", "--hp", "lr=0.001,0.01,0.03", "--hp", "units=16,64",
               "--cv", "2", "--metric", "val_loss:min", "keras_digits.py"]  # fmt: skip
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    kept = os.environ.get("SCREENSHOTS")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _trials(folder):
    asked = [sys.executable, "-m", "hprun", "results", "--json"]
    done = subprocess.run(asked, cwd=folder, check=True, capture_output=True)
    return json.loads(done.stdout)["trials"]


def _kept(browser, file, *, whole=False):
    browser.picture(file, whole=whole)
    assert file.read_bytes().startswith(b"\x89PNG")
    assert file.stat().st_size > FEWEST_BYTES


def test_hparams_shows_what_results_says(project, searched, boards, browser, pictures):
    project.folder = searched
    trials = _trials(searched)
    assert len(trials) == 6
    board = boards(project)
    board.groups_once(lambda groups: sum("metricValues" in one for one in groups.values()) == 6)
    browser.resize(1400, 900)
    browser.call("Page.navigate", url=f"{board.address}#hparams")
    names = {
        "{:04d} lr={lr} units={units}".format(trial["trial"], **trial["values"]) for trial in trials
    }
    text = browser.text_once(lambda text: names <= set(text.split("\n")))
    lines = text.split("\n")
    for trial in trials:
        number = f"{trial['trial']:04d} "
        (at,) = [n for n, line in enumerate(lines) if line.startswith(number)]
        row = [float(word) for word in lines[at + 1 : at + 6] if re.fullmatch(r"[\d.e-]+", word)]
        for wanted in (*trial["values"].values(), trial["score"]):
            assert any(abs(shown - wanted) <= 1e-4 * wanted for shown in row), (trial, row)
    _kept(browser, pictures / "hparams-table.png")
    for view, drawn, fewest in (
        ("PARALLEL COORDINATES VIEW", "path", 6),
        ("SCATTER PLOT MATRIX VIEW", "circle", 12),
    ):
        assert browser.evaluate(_click(view)) == 1
        shapes = _elements(
            drawn, "(all) => all.filter((one) => one.getBoundingClientRect().width).length"
        )
        assert browser.once(shapes, fewest.__le__) >= fewest, view
        _kept(browser, pictures / f"hparams-{view.split()[0].lower()}.png")


@pytest.mark.parametrize(
    ("name", "size", "dark"),
    [("light", (1200, 900), False), ("dark", (1200, 900), True), ("phone", (390, 844), False)],
)
def test_the_report_shows_what_results_says(searched, browser, pictures, name, size, dark):
    command = [sys.executable, "-m", "hprun", "report", "-o", f"{name}.html"]
    subprocess.run(command, cwd=searched, check=True, capture_output=True)
    trials = _trials(searched)
    browser.resize(*size, dark=dark)
    browser.call("Page.navigate", url=(searched / f"{name}.html").as_uri())
    browser.text_once(lambda text: "hprun" in text.rpartition("Environment")[2])
    rows = browser.evaluate(ROWS)
    assert [row["trial"] for row in rows] == [str(trial["trial"]) for trial in trials]
    for row, trial in zip(rows, trials, strict=True):
        assert {float(row["value-0"]), float(row["value-1"])} == set(trial["values"].values())
        assert float(row["score"]) == trial["score"]
        assert (row["rank"], row["state"]) == (str(trial["rank"]), trial["state"])
    drawn = browser.evaluate(DRAWN)
    for section in ("progress", "curves", "slices", "coordinates", "matrix"):
        assert drawn[section] >= len(trials), section
    assert browser.evaluate(TOO_WIDE) <= 0
    run_with = browser.evaluate(ALL_TEXT).rpartition("Environment")[2].split("\n")
    assert {"called as", "commit", "machine", "versions", "packages"} <= set(run_with)
    assert any(" numpy " in line and " tensorflow " in line for line in run_with)
    _kept(browser, pictures / f"report-{name}.png", whole=True)
