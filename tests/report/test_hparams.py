"""What TensorBoard's HPARAMS tab is to show: columns that fit, names that tell trials apart."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from hprun.metrics.records import scan
from hprun.model import Direction, Ended, Metric, Outcome, Queued, Reduce, Run, Running
from hprun.report.hparams import Session, columns, metric_tag, named, sheet
from hprun.report.hparams_records import head, is_of_plugin, session_records, space_record
from hprun.report.results import results
from hprun.space import parse_parameter
from hprun.store import Part, ReadingRow, TrialRow

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["adam", "sgd", "", "a/b", "None", "0.5", "\0", "é" * 80])
)
NAMES = st.sampled_from(["lr", "units", "opt", "Config.lr", "train.drop"])
TRIALS = st.lists(
    st.dictionaries(NAMES, SCALARS | st.tuples(SCALARS, SCALARS), max_size=4), max_size=6
)
SPECS = [
    "lr=1e-5:l5:0.1", "lr=1e-4:l:1", "lr=uniform(0,1)", "lr=quniform(0,10,3)", "lr=randint(2,9)",
    "lr=10:-2:0", "lr=0.0:r3:1", "lr=5,1,3", "lr=choice(2,uniform(3,4))", "lr=0:4:u",
]  # fmt: skip
METRIC = Metric("val_loss", Reduce.MIN, Direction.LOW)


def _result(number, values, *runs):
    parts = tuple(
        Part(number, Run(10 * number + n, "x", f"s-1/{number:04d}/fold-{n}", n, 0, state), reading)
        for n, (state, reading) in enumerate(runs)
    )
    return results([TrialRow(number, values, parts)], METRIC)[0]


def _done(value):
    return Ended(Outcome.COMPLETED, 1, 2.0), ReadingRow("resolved", value, 7)


def _events(data):
    return [Event.FromString(payload) for payload in scan(data, at_end=True).payloads]


def _told(event):
    """What the first summary of an event says to the tab."""
    data = event.summary.value[0].metadata.plugin_data
    assert data.plugin_name == "hparams"
    return HParamsPluginData.FromString(data.content)


@given(trials=TRIALS)
def test_every_value_fits_its_column_and_stays_what_it_is(trials):
    ranked = [_result(n, values, _done(0.5)) for n, values in enumerate(trials)]
    shown = sheet((), ranked, METRIC)
    kinds = {column.name: column for column in shown.columns}
    assert kinds.keys() == {name for values in trials for name in values}
    for session, values in zip(shown.sessions, trials, strict=True):
        assert session.cells.keys() == values.keys()
        for name, value in values.items():
            column, cell = kinds[name], session.cells[name]
            if column.kind == "number":
                assert cell == value
                assert column.low <= cell <= column.high
            elif column.kind == "truth":
                assert cell is value
            else:
                assert cell == str(value)
                assert cell in column.words


@given(spec=st.sampled_from(SPECS), draw=st.data())
def test_a_column_of_numbers_spans_the_space_however_few_trials_there_are(spec, draw):
    parameter = parse_parameter(spec)
    (column,) = columns([parameter], [])
    assert column.kind == "number"
    assert column.differs
    inside = st.floats(column.low, column.high) if parameter.sampled else st.sampled_from(
        [row["lr"] for row in parameter.grid()]
    )  # fmt: skip
    trials = draw.draw(st.lists(inside.map(lambda value: {"lr": value}), max_size=4))
    assert columns([parameter], trials) == (column,)


@pytest.mark.parametrize(
    ("spec", "low", "high"),
    [("lr=1e-5:l5:0.1", 1e-5, 0.1), ("lr=randint(2,9)", 2, 8), ("lr=10:-2:0", 0, 10),
     ("lr=choice(2,uniform(3,4))", 2, 4), ("lr=quniform(0,10,3)", 0, 9)],
)  # fmt: skip
def test_the_ends_are_those_of_the_spec(spec, low, high):
    (column,) = columns([parse_parameter(spec)], [])
    assert (column.low, column.high) == (low, high)


def test_columns_of_the_space_come_before_any_trial_has_them():
    parameters = [
        parse_parameter(spec)
        for spec in ("opt=adam,sgd", "momentum=0:0.1:0.9 if opt == 'sgd'", "(a,b)=(1,x),(2,y)",
                     "drop=None,0.5", "deep=True,False", "w=normal(0,1)", "seed=7")
    ]  # fmt: skip
    found = {column.name: column for column in columns(parameters, [{"opt": "lion"}])}
    assert {name: column.kind for name, column in found.items()} == {
        "opt": "words", "momentum": "number", "a": "number", "b": "words", "drop": "words",
        "deep": "truth", "w": "number", "seed": "number",
    }  # fmt: skip
    assert found["opt"].words == ("adam", "lion", "sgd")
    assert (found["a"].low, found["a"].high) == (1, 2)
    assert found["w"].low is None
    assert [name for name, column in found.items() if not column.differs] == ["seed"]


def test_a_filter_offers_no_list_that_nobody_reads():
    trials = [{"name": f"model {n}"} for n in range(300)]
    assert columns([], trials)[0].words == ()


@given(trials=TRIALS, more=TRIALS)
def test_names_tell_trials_apart_are_safe_and_stay(trials, more):
    ranked = [_result(n, values, _done(0.5)) for n, values in enumerate([*trials, *more])]
    names = [name for _, name in named(ranked)]
    assert len(set(names)) == len(names)
    assert names[: len(trials)] == [name for _, name in named(ranked[: len(trials)])]
    for name in names:
        assert name.strip(". ") == name != "space"
        assert not set(name) & {"/", "\\", "\0", "\n"}
        assert len(name.encode()) < 200


def test_a_name_is_the_values():
    ranked = [_result(3, {"lr": 0.001, "units": 64}, _done(0.5)),
              _result(1, {"lr": 0.001, "units": 64}, _done(0.4))]  # fmt: skip
    assert [name for _, name in named(ranked)] == ["0003 lr=0.001 units=64", "lr=0.001 units=64"]


def test_folds_are_sessions_of_one_row_and_what_has_not_begun_is_not_there():
    ranked = [
        _result(0, {"lr": 1}, _done(0.5), (Running(1, 9.0), None), (Queued(), None)),
        _result(1, {"lr": 2}, (Ended(Outcome.FAILED, 1, 1.0), ReadingRow("resolved", 0.1))),
        _result(2, {"lr": 3}, (Queued(), None)),
        _result(3, {"lr": 4}, (Ended(Outcome.CANCELLED, 0, 0.0), None)),
        _result(4, {"lr": 5}, (Queued(1), None)),
    ]
    shown = sheet((), ranked, METRIC)
    assert [(s.folder, s.group, s.state, s.score) for s in shown.sessions] == [
        ("lr=1/fold-0", "0000 lr=1", "done", 0.5),
        ("lr=1/fold-1", "0000 lr=1", "running", None),
        ("lr=2", "0001 lr=2", "failed", None),
        ("lr=5", "0004 lr=5", "running", None),
    ]


@given(values=st.dictionaries(NAMES, st.booleans() | st.text() | st.floats(), max_size=4),
       score=st.none() | st.floats(width=32), state=st.sampled_from(["running", "done", "failed"]))  # fmt: skip
def test_tensorboard_reads_back_what_is_said_of_a_run(values, score, state):
    run = Run(1, "x", "s-1/0000/fold-0", 0, 0, Queued())
    session = Session("lr=1", "lr=1", values, run, state, score, 7)
    records = session_records(session, metric_tag(METRIC), 5.0, 9.0)
    first, *events = _events(head(5.0) + b"".join(records.values()))
    assert first.file_version == "brain.Event:2"
    told = {event.summary.value[0].tag: event for event in events}
    start = _told(told["_hparams_/session_start_info"]).session_start_info
    assert (start.group_name, start.start_time_secs) == ("lr=1", 5.0)
    held = {name: getattr(v, v.WhichOneof("kind")) for name, v in start.hparams.items()}
    assert repr(sorted(held.items())) == repr(sorted(values.items()))
    assert ("val_loss:min" in told) == (score is not None)
    if score is not None:
        event = told["val_loss:min"]
        held = event.summary.value[0].simple_value
        assert event.step == 7
        assert held == score or (math.isnan(held) and math.isnan(score))
    assert ("_hparams_/session_end_info" in told) == (state != "running")
    if state != "running":
        end = _told(told["_hparams_/session_end_info"]).session_end_info
        assert (end.status, end.end_time_secs) == (1 if state == "done" else 2, 9.0)


def test_tensorboard_reads_back_the_columns():
    parameters = [parse_parameter(spec) for spec in ("lr=1e-4:l:1", "opt=adam,sgd", "deep=True")]
    event = _events(head(3.0) + space_record(sheet(parameters, [], METRIC), 3.0))[1]
    experiment = _told(event).experiment
    lr, opt, deep = experiment.hparam_infos
    assert (lr.type, lr.domain_interval.min_value, lr.domain_interval.max_value) == (3, 1e-4, 1)
    assert (opt.type, list(opt.domain_discrete)) == (1, ["adam", "sgd"])
    assert (deep.type, list(deep.domain_discrete), deep.differs) == (2, [False, True], False)
    (metric,) = experiment.metric_infos
    assert (metric.name.tag, metric.display_name) == ("val_loss:min", "val_loss:min")


def test_only_records_of_the_tab_are_taken_for_such():
    shown = sheet([parse_parameter("lr=1,2")], [], METRIC)
    assert is_of_plugin(*scan(space_record(shown, 3.0), at_end=True).payloads)
    event = Event(step=1)
    event.summary.value.add(tag="a\n\x07hparams", simple_value=1.0)
    assert not is_of_plugin(event.SerializeToString())
    assert not is_of_plugin(b"\x0a\x07hparams")
