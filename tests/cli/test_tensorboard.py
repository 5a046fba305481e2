"""`hprun tensorboard` against the real TensorBoard: its HPARAMS tab shows what results says."""

import json
import os
import re
import signal
import socket
from pathlib import Path

import psutil
import pytest

# Its own records of values stand in every run, as Lightning and `add_hparams` leave them.
SCRIPT = """
import os, struct
from google_crc32c import value as crc32c
from tensorboard.compat.proto.event_pb2 import Event
lr = 0.1
units = 64
opt = "adam"
fold = 0

def masked(data):
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)

def write(folder, events):
    os.makedirs(folder)
    with open(folder + "/events.out.tfevents.1.host", "wb") as file:
        for event in [Event(wall_time=1.0, file_version="brain.Event:2"), *events]:
            data = event.SerializeToString()
            length = struct.pack("<Q", len(data))
            file.write(length + masked(length) + data + masked(data))

def event(step, tag, number=None, content=b""):
    made = Event(wall_time=1.0 + step, step=step)
    value = made.summary.value.add(tag=tag)
    if number is None:
        value.metadata.plugin_data.plugin_name = "hparams"
        value.metadata.plugin_data.content = content
    else:
        value.simple_value = number
    return made

loss = lr * units + fold + (opt == "sgd")
write("logs/train", [event(n, "val_loss", loss + more / 4) for n, more in enumerate((2, -1, 1))])
own = event(0, "_hparams_/session_start_info", content=b"\\x1a\\x00")
write("logs/version_0", [event(0, "_hparams_/experiment", content=b"\\x12\\x00"), own])
if units == 666:
    raise SystemExit("no luck")
"""


def _results(project):
    return json.loads(project.hprun("results", "--json").out)["trials"]


def _values(group):
    return group.get("hparams", {})


def _score(group):
    return {value["name"]["tag"]: value["value"] for value in group.get("metricValues", [])}


def test_the_tab_shows_what_results_says_and_new_trials_as_they_come(project, boards):
    project.write("train.py", SCRIPT)
    command = ("--hp", "lr=0.1,0.2", "--hp", "units=64,666", "--hp", "opt=adam,sgd", "--cv", "2",
               "--metric", "val_loss:min", "train.py")  # fmt: skip
    assert project.hprun(*command).status == 1
    before = {path: path.read_bytes() for path in project.cache.glob("train-1/*/*/**/*tfevents*")}
    assert len(before) == 8 * 2 * 2
    board = boards(project)
    trials = {
        "lr={lr} units={units} opt={opt}".format(**trial["values"]): trial
        for trial in _results(project)
    }
    groups = board.groups_once(
        lambda groups: sum(len(_score(group)) for group in groups.values()) == 4
    )
    assert groups.keys() == trials.keys()
    for name, trial in trials.items():
        assert groups[name]["name"] == f"{trial['trial']:04d} {name}"
        assert _values(groups[name]) == trial["values"]
        assert [session["name"] for session in groups[name]["sessions"]] == [
            f"{name}/fold-0", f"{name}/fold-1"
        ]  # fmt: skip
        failed = trial["values"]["units"] == 666
        wanted = {} if failed else {"val_loss:min": pytest.approx(trial["score"], rel=1e-6)}
        assert _score(groups[name]) == wanted
        for session in groups[name]["sessions"]:
            assert session["status"] == ("STATUS_FAILURE" if failed else "STATUS_SUCCESS")
    experiment = board.ask("plugin/hparams/experiment", experimentName="")
    infos = {info["name"]: info for info in experiment["hparamInfos"]}
    assert infos["lr"]["domainInterval"] == {"minValue": 0.1, "maxValue": 0.2}
    assert infos["units"]["type"] == "DATA_TYPE_FLOAT64"
    assert infos["opt"]["domainDiscrete"] == ["adam", "sgd"]
    assert [info["name"]["tag"] for info in experiment["metricInfos"]] == ["val_loss:min"]
    curve = board.ask(
        "plugin/scalars/scalars?tag=val_loss&run=lr%3D0.1%20units%3D64%20opt%3Dadam%2Ffold-0%2F"
        "logs%2Ftrain&experiment="
    )
    assert [round(value, 4) for _, _, value in curve] == [6.9, 6.15, 6.65]

    # A value from outside of the space changes what was said of the columns.
    assert project.hprun("add", "lr=0.3", "units=64", "opt=adam").status == 0
    assert project.hprun(*command).status == 1
    groups = board.groups_once(lambda g: len(_score(g.get("lr=0.3 units=64 opt=adam", {}))) == 1)
    assert len(groups) == 9
    experiment = board.ask("plugin/hparams/experiment", experimentName="")
    infos = {info["name"]: info for info in experiment["hparamInfos"]}
    assert infos.keys() == {"lr", "units", "opt"}
    assert infos["lr"]["domainInterval"] == {"minValue": 0.1, "maxValue": 0.3}
    assert before == {path: path.read_bytes() for path in before}


def _many(project, trials):
    """A search of that many trials that have ended, as if it had run."""
    from hprun.model import Direction, Metric, Outcome, Reduce
    from hprun.store import Close, PlannedRun, PlannedTrial, ReadingRow, Store

    project.cache.mkdir()
    store = Store(project.cache / "hprun.db")
    metric = Metric("loss", Reduce.MIN, Direction.LOW)
    row = store.put_search("question", "train", {}, 1.0)
    store.set_metric(row.id, metric)
    names = "abcde"
    values = [{name: (n * 7 + k) % (k + 11) for k, name in enumerate(names)} | {"id": n}
              for n in range(trials)]  # fmt: skip
    runs = [PlannedRun(n, 0, 0, str(n), f"train-1/{n:04d}-x/fold-0") for n in range(trials)]
    store.link(row.id, [PlannedTrial(n, v) for n, v in enumerate(values)], runs, {})
    with store.transaction():
        for number, run in enumerate(store.queued(row.id, trials)):
            attempt = store.claim(run.id, row.id, "", 1.0)
            reading = ReadingRow("resolved", (number * 17 % trials) / trials, 3)
            store.end(Close(run.id, attempt, Outcome.COMPLETED, 1.0, "", reading), metric, 2.0)
    store.close()


def test_the_best_twenty_of_a_thousand_are_exactly_those(project, boards):
    _many(project, 1000)
    board = boards(project, "--top", "20")
    groups = board.groups_once(lambda groups: len(groups) == 20)
    best = _results(project)[:20]
    assert {_values(group)["id"] for group in groups.values()} == {
        trial["values"]["id"] for trial in best
    }
    for trial in best:
        (group,) = [g for g in groups.values() if _values(g)["id"] == trial["values"]["id"]]
        assert _score(group) == {"loss:min": pytest.approx(trial["score"], rel=1e-6)}


@pytest.mark.long
@pytest.mark.parametrize(("end", "number"), [(os.killpg, signal.SIGINT), (os.kill, signal.SIGKILL)])
def test_what_ends_tensorboard_ends_all_of_it(project, boards, end, number):
    _many(project, 3)
    board = boards(project)
    family = psutil.Process(board.process.pid).children(recursive=True)
    assert len(family) > 1  # what follows the search, and what reads the files
    end(board.process.pid, number)
    assert board.process.wait() == (0 if number == signal.SIGINT else -number)
    _, alive = psutil.wait_procs(family, timeout=30)
    assert not alive


def test_two_of_them_do_not_disturb_each_other(project, boards):
    _many(project, 9)
    board = boards(project)
    laid_out = Path(project.hprun("tensorboard", "--no-start", "--top", "2").out.strip())
    assert len(list(laid_out.glob("*id=*"))) == 2
    assert len(board.groups_once(lambda groups: len(groups) == 9)) == 9
    assert {path.name for path in laid_out.parent.glob("tensorboard*/*id=*")} >= set(board.groups())


def test_it_says_that_nothing_has_begun(project):
    project.write("train.py", "lr = 1\n")
    assert project.hprun("tensorboard").status == 2
    _many(project, 0)
    answer = project.hprun("tensorboard")
    assert (answer.status, answer.err) == (2, "error: No run of train-1 has begun.\n")


def test_a_folder_that_cannot_be_made_is_an_error(project):
    _many(project, 1)
    (project.cache / "train-1").write_text("a file in its place")
    answer = project.hprun("tensorboard")
    assert answer.status == 2
    assert "cannot be written" in answer.err


def test_a_port_that_is_taken_is_an_error(project):
    _many(project, 1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = project.hprun("tensorboard", "--port", str(port))
    assert answer.status == 2
    assert f"port {port}" in answer.err


@pytest.mark.long
def test_a_browser_shows_the_trials_in_the_table(project, boards, browser):
    project.write("train.py", SCRIPT)
    answer = project.hprun("--hp", "lr=0.125,0.25", "--hp", "opt=adam,sgd", "--metric",
                           "val_loss:min", "train.py")  # fmt: skip
    assert answer.status == 0, answer
    board = boards(project)
    board.groups_once(lambda groups: len(groups) == 4)
    browser.call("Page.navigate", url=f"{board.address}#hparams")
    trials = _results(project)
    wanted = {
        word
        for trial in trials
        for word in (
            "{:04d} lr={lr} opt={opt}".format(trial["trial"], **trial["values"]),
            trial["values"]["opt"],
        )
    } | {"val_loss:min", "TABLE VIEW", "PARALLEL COORDINATES VIEW", "SCATTER PLOT MATRIX VIEW"}
    text = browser.text_once(lambda text: wanted <= set(text.split("\n")))
    lines = text.split("\n")
    assert wanted <= set(lines), text
    numbers = {float(line) for line in lines if re.fullmatch(r"[\d.]+", line)}
    for trial in trials:
        assert trial["values"]["lr"] in numbers
        assert any(abs(number - trial["score"]) < 1e-3 * trial["score"] for number in numbers)
