"""Tables of trials with scores, as other programs and `hprun results` write them."""

import io
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hprun.errors import ConfigError
from hprun.model import Direction, Metric, Reduce
from hprun.report.ranking_table import write_csv
from hprun.report.results import Result
from hprun.strategies.encoding import same_trial
from hprun.strategies.listed import cell_text, read_cell
from hprun.strategies.scored import Scored, read_scored

LOSS = Metric("val_loss", Reduce.MIN, Direction.LOW)
NAMES = ("lr", "opt", "m")


def _read(tmp_path, name, text, names=NAMES):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_scored(path, names, LOSS)


def test_a_plain_table_has_its_scores_under_the_metrics_name_or_score(tmp_path):
    text = "id,lr,opt,m,{}\n7,0.1,SGD,0.5,2.5\n8,1e-3,Adam,,nan\n9,1e-3,Adam,,\n"
    for name in ("val_loss", "score", "scores"):
        rows = _read(tmp_path, "t.csv", text.format(name))
        assert rows[0] == Scored({"lr": 0.1, "opt": "SGD", "m": 0.5}, 2.5)
        assert rows[1].values == {"lr": 0.001, "opt": "Adam"}
        assert math.isnan(rows[1].score)
        assert rows[2].score is None


def test_the_metrics_own_column_comes_before_score(tmp_path):
    (row,) = _read(tmp_path, "t.csv", "score,lr,opt,val_loss\n9,0.1,Adam,1\n")
    assert row.score == 1.0


def test_a_hyperparameter_named_score_is_not_the_score(tmp_path):
    text = "score,val_loss\n3,1\n"
    assert _read(tmp_path, "t.csv", text, ("score",)) == [Scored({"score": 3}, 1.0)]


def test_lines_of_json_hold_scores_beside_values_or_values_apart(tmp_path):
    text = (
        '{"lr": 0.1, "opt": null, "note": "x", "val_loss": NaN}\n\n'
        '{"values": {"lr": [1, 2], "opt": "Adam"}, "score": -1, "state": "stopped"}\n'
        '{"values": {"lr": 1, "opt": "Adam"}, "score": 4, "state": "running"}\n'
    )
    rows = _read(tmp_path, "t.jsonl", text)
    assert math.isnan(rows[0].score)
    assert rows[0].values == {"lr": 0.1, "opt": None}
    assert rows[1:] == [
        Scored({"lr": (1, 2), "opt": "Adam"}, -1.0, early=True),
        Scored({"lr": 1, "opt": "Adam"}, None),
    ]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("t.csv", "", "t.csv is empty"),
        ("t.csv", "lr,opt\n0.1,SGD\n", "t.csv line 2: there are no scores"),
        ("t.csv", "lr,score\n0.1,good\n", "t.csv line 2: the score 'good' is no number"),
        ("t.csv", "lr,score\n0.1\n", "t.csv line 2 has 1 cells"),
        ("t.csv", 'lr,score\n"x"y,1\n', "t.csv line 2 is no CSV"),
        ("t.jsonl", '{"lr": 1}', "t.jsonl line 1: there are no scores"),
        ("t.jsonl", '{"lr": NaN, "score": 1}', "t.jsonl line 1 cannot be read: NaN is not"),
        ("t.jsonl", '{"lr": 1, "score": true}', "the score True is no number"),
        ("t.jsonl", '{"lr": 1, "score": [1]}', r"the score \[1\] is no number"),
        ("t.jsonl", "[1]", "t.jsonl line 1 cannot be read: it is no object"),
        ("t.json", '{"trials": [1]}', "t.json cannot be read: it is no object"),
        ("t.txt", "lr,score\n", "t.txt is neither a table nor JSON lines"),
    ],
)
def test_a_table_that_is_wrong_is_told_with_its_line(tmp_path, name, text, words):
    with pytest.raises(ConfigError, match=words):
        _read(tmp_path, name, text)


def test_scores_of_another_metric_are_refused(tmp_path):
    metric = {"name": "val_loss", "reduce": "max", "direction": "max"}
    text = json.dumps({"schema": 1, "metric": metric, "trials": []})
    with pytest.raises(ConfigError, match="holds scores of val_loss:max"):
        _read(tmp_path, "t.json", text)


values = (
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(
        st.characters(codec="utf-8", exclude_characters="\"'", exclude_categories=["Cc", "Cs"])
    )
    | st.tuples(st.integers(0, 9), st.floats(0, 1))
)


@given(values)
def test_a_cell_gives_its_value_again(value):
    text = cell_text(value)
    assert text.strip() == text != ""
    assert same_trial({"x": read_cell(text, "")}) == same_trial({"x": value})


def _result(number, rank, of, score, state="completed"):
    return Result(rank, number, of, score, 0.0, 1, state, "", 1.0, ())


@given(st.lists(st.tuples(values, st.floats()), min_size=1, max_size=6))
def test_what_results_writes_as_csv_is_read_again(tmp_path_factory, rows):
    file = io.StringIO()
    found = [_result(n, n + 1, {"n": of, "score": 1}, score) for n, (of, score) in enumerate(rows)]
    write_csv(file, list(reversed(found)))
    path = tmp_path_factory.mktemp("round") / "t.csv"
    path.write_text(file.getvalue(), encoding="utf-8", newline="")
    again = read_scored(path, ("n", "score"), LOSS)
    assert [repr(one.score) for one in again] == [repr(score) for _, score in rows]
    assert [same_trial(one.values) for one in again] == [
        same_trial({"n": of, "score": 1}) for of, _ in rows
    ]


def test_only_trials_that_have_ended_well_keep_their_scores(tmp_path):
    file = io.StringIO()
    states = ["completed", "stopped", "running", "failed", "cancelled"]
    write_csv(file, [_result(n, n, {"lr": 1}, 2.0, state) for n, state in enumerate(states)])
    (path := tmp_path / "t.csv").write_text(file.getvalue(), encoding="utf-8")
    rows = read_scored(path, NAMES, LOSS)
    assert [one.score for one in rows] == [2.0, 2.0, None, None, None]
    assert [one.early for one in rows][:2] == [False, True]
