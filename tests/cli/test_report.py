"""`hprun report`: one file, as it was asked for, and as a browser shows it."""

import json
import os
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
in_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
NASTY = "</script><img src=x onerror=document.title=1>"
SCRIPT = f"""\
lr = 0.5
kind = "plain"
print({NASTY!r})
if kind == "broken":
    raise SystemExit("no such kind " + {NASTY!r})
for epoch in range(30):
    print("loss:", (lr - 0.2) ** 2 + 1 / (epoch + 1))
if kind == "odd":
    print("loss:", float("nan"))
"""


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A search with whatever is hard to show: markup, failures, a score that is no number."""
    folder = tmp_path_factory.mktemp("searched")
    (folder / "train.py").write_text(SCRIPT)
    command = [sys.executable, "-m", "hprun", "--hp", "lr=0.001,0.1,0.3", "--metric", "loss:last",
               "--hp", f"kind=plain,odd,broken,'{NASTY}'", "train.py"]  # fmt: skip
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    return folder


def _hprun(folder, *args):
    return subprocess.run([sys.executable, "-m", "hprun", *args], cwd=folder, check=False,
                          capture_output=True, text=True, stdin=subprocess.DEVNULL)  # fmt: skip


class _Page(HTMLParser):
    """The cells of the ranking, and what else there is on a page."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.tags, self.texts, self.links = [], [], [], []
        self._field = self._row = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.tags.append(tag)
        self.links += [named[name] for name in ("src", "href") if name in named]
        if "data-trial" in named:
            self._row = {}
            self.rows.append(self._row)
        if "data-field" in named:
            self._field = named["data-field"]
            self._row[self._field] = named.get("title")

    def handle_endtag(self, tag):
        if tag == "td":
            self._field = None

    def handle_data(self, data):
        self.texts.append(data)
        if self._field and self._row[self._field] is None:
            self._row[self._field] = data


def _shown(folder, file):
    """A page after its scripts have run, without a network."""
    command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom",
               f"--user-data-dir={folder / 'browser'}", "--window-size=1200,900",
               "--host-resolver-rules=MAP * ~NOTFOUND", file.as_uri()]  # fmt: skip
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return _Page(done.stdout)


def test_a_report_is_one_file_named_after_the_search(searched):
    answer = _hprun(searched, "report")
    assert (answer.returncode, answer.stdout) == (0, "report-train-1.html\n"), answer.stderr
    text = (searched / "report-train-1.html").read_text(encoding="utf-8")
    page = _Page(text)
    assert page.tags.count("script") == 2
    assert page.links == []
    assert {path.name for path in searched.iterdir()} >= {"report-train-1.html"}
    assert not [path for path in searched.iterdir() if path.name.startswith(".report")]


def test_a_report_goes_to_stdout_or_where_it_is_wanted(searched):
    answer = _hprun(searched, "report", "train-1", "-o", "-")
    assert answer.stdout.startswith("<!doctype html>")
    assert answer.stdout.endswith("</html>\n")
    (searched / "there").mkdir()
    (searched / "there" / "linked.html").write_text("old")
    (searched / "here.html").symlink_to("there/linked.html")
    assert _hprun(searched, "report", "-o", "here.html").stdout == "here.html\n"
    assert (searched / "here.html").is_symlink()
    assert (searched / "there" / "linked.html").read_text().startswith("<!doctype html>")
    assert _hprun(searched, "report", "-o", os.devnull).returncode == 0
    assert not Path(os.devnull).is_file()


@pytest.mark.parametrize(
    ("args", "words"),
    [(("-o", "cache"), "cache is a folder"), (("-o", "no/where.html"), "There is no folder no"),
     (("nothing-7",), "no search named nothing-7"), (("--direction", "min"), "goes with --metric")],
)  # fmt: skip
def test_what_cannot_be_written_is_refused(searched, args, words):
    answer = _hprun(searched, "report", *args)
    assert answer.returncode == 2
    assert words in answer.stderr


def test_a_search_without_any_run_has_a_page_too(project):
    project.write("train.py", "lr = 1\nraise SystemExit('not today')\n")
    project.hprun("--hp", "lr=1,2", "--metric", "loss:min", "train.py")
    answer = project.hprun("report", "-o", "-")
    assert answer.status == 0, answer
    assert "not today" in answer.out
    project.write("silent.py", "lr = 1\n")
    project.hprun("--hp", "lr=1", "silent.py")
    answer = project.hprun("report", "silent-2", "-o", "-")
    assert answer.status == 0, answer


@pytest.mark.long
@in_browser
def test_the_page_in_a_browser_shows_what_results_says(searched, tmp_path):
    _hprun(searched, "report", "-o", "shown.html")
    page = _shown(tmp_path, searched / "shown.html")
    expected = json.loads(_hprun(searched, "results", "--json").stdout)["trials"]
    assert [row["trial"] for row in page.rows] == [str(trial["trial"]) for trial in expected]
    for row, trial in zip(page.rows, expected, strict=True):
        assert row["rank"] == ("-" if trial["rank"] is None else str(trial["rank"]))
        values = {float(row["value-0"]), row["value-1"]}
        assert values == set(trial["values"].values())
        assert row["state"] == trial["state"]
        if trial["score"] is not None:
            assert float(row["score"]) == trial["score"]
    assert len([row for row in page.rows if row["state"] == "failed"]) == 3
    assert "img" not in page.tags
    assert "train-1 - hprun" in page.texts
    assert any("no such kind </script><img" in text for text in page.texts)
    # The last thing that is drawn: so all before it was.
    assert {link for link in page.links if link.startswith("#")} >= {"#ranking", "#environment"}
    assert {"called as", "machine", "packages"} <= set(page.texts)
    for words in ("Best so far", "Learning curves", "Slices", "Parallel coordinates"):
        assert words in page.texts


@pytest.mark.long
@in_browser
@pytest.mark.parametrize("metric", [("--metric", "loss:min"), ()])
def test_a_page_of_one_trial_draws_itself(project, metric):
    project.write("train.py", "lr = 1\nseed = 0\nprint('loss:', lr + seed)\n")
    assert project.hprun("--hp", "lr=1", *metric, "--repeats", "2", "train.py").status == 0
    project.hprun("report", "-o", "one.html")
    page = _shown(project.folder, project.folder / "one.html")
    assert [row["trial"] for row in page.rows] == ["0"]
    assert "#environment" in page.links


@pytest.mark.long
@in_browser
def test_the_filter_the_order_and_a_pick_work(searched, tmp_path):
    text = _hprun(searched, "report", "-o", "-").stdout
    # What a user does, by a script of the test's that the page itself would not let run.
    acts = (
        "const all = (selector) => [...document.querySelectorAll(selector)];"
        "const filter = all('#filter')[0]; filter.value = 'lr<0.2 !failed !kind=plain';"
        "filter.dispatchEvent(new Event('input'));"
        "all('th button').find((one) => one.title === 'lr').click();"
        "all('th button').find((one) => one.title.startsWith('lr')).click();"
        "all('tr[data-trial]')[0].click();"
    )
    page = tmp_path / "acted.html"
    free = text.replace("Content-Security-Policy", "none", 1)
    page.write_text(free.replace("</body>", f"<script>{acts}</script></body>"), encoding="utf-8")
    shown = _shown(tmp_path, page)
    found = [(float(row["value-0"]), row["state"]) for row in shown.rows]
    assert found == [
        (0.1, "completed"),
        (0.1, "completed"),
        (0.001, "completed"),
        (0.001, "completed"),
    ]
    assert {row["value-1"] for row in shown.rows} == {"odd", NASTY}
    assert "4 of 12 trials" in shown.texts
    assert "let go" in shown.texts
