from __future__ import annotations

import json
import math
import os

import pytest

from hprun.metrics import Ambiguous, Missing, Resolved, RunReader, parse_metric, read_run


@pytest.fixture
def read(tmp_path):
    def curve_of(file: str, text: str, name: str):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(text)
        found = read_run(tmp_path, parse_metric(name, "min"))
        if isinstance(found, Missing):
            return None
        assert isinstance(found, Resolved), found
        assert found.series == f"{file}//{name}"
        assert found.rule == "text file"
        return list(zip(found.curve.steps, found.curve.values, strict=True))

    return curve_of


@pytest.mark.parametrize(
    ("document", "name", "points"),
    [
        ({"val_loss": 0.5}, "val_loss", [(0, 0.5)]),
        ({"val_loss": 0}, "val_loss", [(0, 0.0)]),
        ({"val_loss": 0.5, "epoch": 7}, "val_loss", [(7, 0.5)]),
        ({"val_loss": [3, 2, None, 1]}, "val_loss", [(0, 3.0), (1, 2.0), (3, 1.0)]),
        ({"loss": [3, 2], "epoch": [1, 2]}, "loss", [(1, 3.0), (2, 2.0)]),
        ({"history": {"loss": [3, 2], "step": [10, 20]}}, "history/loss", [(10, 3.0), (20, 2.0)]),
        ({"eval": {"acc": 0.5}}, "eval/acc", [(0, 0.5)]),
        ({"eval": {"acc": 0.5}}, "eval.acc", [(0, 0.5)]),
        ({"eval/acc": 0.5, "eval": {"acc": 0.1}}, "eval/acc", [(0, 0.5)]),
        ({"a.b": {"c/d": 1}}, "a.b/c/d", [(0, 1.0)]),
        ({"loss": "0.25"}, "loss", [(0, 0.25)]),
        ([{"loss": 3, "step": 5}, {"other": 1}, {"loss": 2, "step": 6}], "loss", [(5, 3), (6, 2)]),
        ({"loss": True}, "loss", None),
        ({"loss": {"x": 1}}, "loss", None),
        ({"loss": "low"}, "loss", None),
        ({"loss": []}, "loss", None),
        ([1, 2, 3], "loss", None),
        (3, "loss", None),
    ],
)
def test_a_json_document_gives_a_value_or_a_list(read, document, name, points):
    assert read("metrics.json", json.dumps(document), name) == points


def test_python_writes_nan_into_json(read):
    found = read("metrics.json", '{"loss": [NaN, Infinity, -Infinity]}', "loss")
    assert [math.isnan(found[0][1]), found[1][1], found[2][1]] == [True, math.inf, -math.inf]


@pytest.mark.parametrize(
    "name", ["metrics.json", "eval_metrics.json", "results.json", "history.json"]
)
def test_json_files_with_the_name_of_results_count(read, name):
    assert read(f"out/{name}", '{"loss": 1}', "loss") == [(0, 1.0)]


@pytest.mark.parametrize("name", ["config.json", "data.json", "package.json", "metrics.json.bak"])
def test_other_json_files_do_not_count(read, name):
    assert read(name, '{"loss": 1}', "loss") is None


def test_results_are_asked_after_metrics(tmp_path):
    (tmp_path / "results.json").write_text('{"loss": 1, "only": 3}')
    (tmp_path / "metrics.json").write_text('{"loss": 2}')
    assert read_run(tmp_path, parse_metric("loss")).series == "metrics.json//loss"
    assert read_run(tmp_path, parse_metric("only:min")).series == "results.json//only"


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ('{"loss": 3}\n{"acc": 1}\n{"loss": 2}\n', [(0, 3.0), (1, 2.0)]),
        ('{"loss": 3, "step": 10}\n{"loss": 2, "step": 20}\n', [(10, 3.0), (20, 2.0)]),
        ('{"loss": 3, "epoch": 1.0}\n{"loss": 2, "epoch": 1.9}\n', [(1, 3.0), (1, 2.0)]),
        ('{"loss": 3}\nbroken loss\n\n[1]\n{"loss": 2}\n{"loss": 1', [(0, 3.0), (1, 2.0)]),
        # A step that begins anew in each epoch is no step of the whole.
        (
            (
                '{"loss": 4, "epoch": 0, "step": 0}\n{"loss": 3, "epoch": 0, "step": 1}\n'
                '{"loss": 2, "epoch": 1, "step": 0}\n'
            ),
            [(0, 4.0), (0, 3.0), (1, 2.0)],
        ),
        # After a resume all go back, and the later points replace the earlier ones.
        (
            (
                '{"loss": 4, "step": 0}\n{"loss": 3, "step": 1}\n{"loss": 2, "step": 1}\n'
                '{"loss": 9, "step": 2}\n{"loss": 1, "step": 1}\n'
            ),
            [(0, 4.0), (1, 1.0)],
        ),
    ],
)
def test_json_lines_give_a_point_per_line_that_holds_the_name(read, text, points):
    assert read("log.jsonl", text, "loss") == points


def test_json_lines_hold_nested_and_escaped_names(read):
    line = json.dumps({"eval": {"größe/x": 0.5}})
    assert "\\u" in line
    assert read("log.jsonl", line + "\n", "eval/größe/x") == [(0, 0.5)]


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("epoch,loss,val_loss\n0,3,9\n1,2,9\n", [(0, 3.0), (1, 2.0)]),
        ("loss\n3\n2\n", [(0, 3.0), (1, 2.0)]),
        ("step;loss\n5;3\n6;2\n", [(5, 3.0), (6, 2.0)]),
        ("epoch\tloss\n5\t3\n", [(5, 3.0)]),
        ('"epoch", "loss"\n5, 3\n', [(5, 3.0)]),
        ("# epoch,loss\n5,3\n", [(5, 3.0)]),
        ("\ufeffepoch,loss\n5,3\n", [(5, 3.0)]),
        ("epoch,loss\r\n5,3\r\n6,2\r\n", [(5, 3.0), (6, 2.0)]),
        # Lightning leaves cells empty and repeats epochs.
        ("epoch,step,loss,acc\n0,9,,1\n0,9,3,\n1,19,,1\n1,19,2,\n", [(9, 3.0), (19, 2.0)]),
        # A header again, after a restart that appends.
        ("epoch,loss\n0,3\n1,2\nepoch,loss\n1,1\n", [(0, 3.0), (1, 2.0), (1, 1.0)]),
        ("epoch,loss\n0,nan\n1,\n", [(0, math.nan)]),
        ("epoch,val_loss\n0,3\n", None),
        ("epoch,loss\n", None),
        ("epoch,loss\n0,x\n1\n", None),
        ("", None),
    ],
)
def test_a_csv_column_gives_its_numbers(read, text, points):
    assert repr(read("log.csv", text, "loss")) == repr(points)


def test_a_row_that_is_still_being_written_waits_for_its_end(tmp_path):
    (tmp_path / "log.csv").write_text("epoch,loss\n0,3\n1,0.12")
    reader = RunReader(tmp_path)
    reader.poll()
    metric = parse_metric("loss")
    assert reader.reading(metric).value == 3.0
    assert reader.reading(metric, ended=True).value == 0.12


def test_restarts_in_a_text_file_are_told(tmp_path):
    (tmp_path / "log.csv").write_text("epoch,loss\n0,3\n1,2\n0,5\n")
    found = read_run(tmp_path, parse_metric("loss"))
    assert found.value == 5.0
    assert found.notes == (
        "step restarted once: later points replace earlier ones",
        "2 fits from the first step on: only the last one counts",
    )


def test_several_files_with_the_name_are_ambiguous_and_each_can_be_written(tmp_path):
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "log.csv").write_text(f"step,loss\n1,{ord(place)}\n")
    found = read_run(tmp_path, parse_metric("loss"))
    assert isinstance(found, Ambiguous)
    assert found.rule == "text file"
    assert [(one.series, one.n, one.last_step, one.last_value) for one in found.candidates] == [
        ("a/log.csv//loss", 1, 1, 97.0),
        ("b/log.csv//loss", 1, 1, 98.0),
    ]
    for one in found.candidates:
        assert read_run(tmp_path, parse_metric(one.series)).value == one.last_value
    assert isinstance(read_run(tmp_path, parse_metric("log.csv//loss")), Ambiguous)


def test_a_file_that_has_not_changed_is_not_read_again(tmp_path):
    path = tmp_path / "metrics.json"
    path.write_text('{"loss": 1}')
    metric = parse_metric("loss")
    reader = RunReader(tmp_path)
    reader.poll()
    assert reader.reading(metric).value == 1.0
    before = path.stat()
    with path.open("r+") as file:
        file.write('{"loss": 2}')
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert reader.poll() is False
    assert reader.reading(metric, ended=False).value == 1.0
    os.utime(path)
    assert reader.poll() is True
    assert reader.reading(metric).value == 2.0
