"""What a run is given, what it says, and the words for it."""

import json
from pathlib import Path

import pytest

from hprun.autolog import (
    describe_checkpoint,
    environment,
    forget,
    lines,
    parse_checkpoint,
    read_record,
    record_path,
)
from hprun.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "every"),
    [
        ("every 2 epochs", 2),
        ("every 1 epoch", 1),
        ("every epoch", 1),
        ("Every  10 Epochs", 10),
        ("2", 2),
        ("off", "off"),
        ("auto", "auto"),
    ],
)
def test_what_checkpoint_can_say(text, every):
    assert parse_checkpoint(text) == every
    assert parse_checkpoint(describe_checkpoint(every)) == every


@pytest.mark.parametrize("text", ["", "0", "every 0 epochs", "-1", "1.5", "often", "every 2 steps"])
def test_nonsense_is_refused_with_what_to_say_instead(text):
    with pytest.raises(ConfigError) as caught:
        parse_checkpoint(text)
    assert "every N epochs" in caught.value.hint


def test_ours_comes_first_and_theirs_is_kept(tmp_path):
    given = environment(tmp_path / "fold-0.checkpoint", "auto", {"PYTHONPATH": "/a:/b"})
    first, *rest = given["PYTHONPATH"].split(":")
    assert (Path(first) / "sitecustomize.py").is_file()
    assert rest == ["/a", "/b"]


def test_no_path_of_theirs_leaves_no_empty_entry(tmp_path):
    for base in ({}, {"PYTHONPATH": ""}):
        path = environment(tmp_path / "c", "off", base)["PYTHONPATH"]
        assert ":" not in path


def test_settings_are_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = json.loads(environment(Path("fold-1.checkpoint"), 3, {})["HPRUN_AUTOLOG"])
    assert settings == {
        "folder": str(tmp_path / "fold-1.checkpoint"),
        "record": str(tmp_path / "fold-1.autolog"),
        "every": 3,
    }


def test_forgetting_keeps_the_record_unless_told(tmp_path):
    folder = tmp_path / "fold-0.checkpoint"
    (folder / "fit-0").mkdir(parents=True)
    record_path(folder).write_text("{}\n")
    forget(folder)
    forget(folder)
    assert not folder.exists()
    assert record_path(folder).exists()
    forget(folder, record=True)
    forget(folder, record=True)
    assert not list(tmp_path.iterdir())


def write_record(tmp_path, *rows):
    path = tmp_path / "fold-0.autolog"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_record_becomes_lines(tmp_path):
    saved = [
        {"event": "saved", "fit": 0, "epoch": n, "saving": n / 100, "training": float(n)}
        for n in (5, 9)
    ]
    path = write_record(
        tmp_path,
        {"event": "start", "at": 1.0},
        {"event": "added", "what": "TensorBoard", "place": "logs"},
        *saved,
        {"event": "start", "at": 2.0},
        {"event": "damaged", "fit": 0, "epoch": 9},
        {"event": "resumed", "fit": 0, "epoch": 5},
        {"event": "saved", "fit": 0, "epoch": 14, "saving": 0.09, "training": 1.0},
    )
    assert lines(read_record(path)) == [
        (
            "added: a TensorBoard callback in logs/; "
            "checkpoints after epochs 5, 9, 14 (1.8 % of the training time)"
        ),
        "resumed at epoch 5",
        "the checkpoint after epoch 9 was damaged",
    ]


def test_many_checkpoints_are_counted(tmp_path):
    rows = [{"event": "saved", "fit": 0, "epoch": n} for n in range(1, 31)]
    assert lines(read_record(write_record(tmp_path, *rows))) == [
        "added: checkpoints after epochs 1, 2, 3, … 30, 30 in all"
    ]


def test_several_trainings_are_told_apart(tmp_path):
    path = write_record(
        tmp_path,
        {"event": "saved", "fit": 0, "epoch": 2},
        {"event": "saved", "fit": 1, "epoch": 1},
        {"event": "skipped", "fit": 0, "epoch": 2},
        {"event": "left", "fit": 2, "why": "it has a BackupAndRestore of its own"},
        {"event": "error", "where": "checkpoint", "error": "OSError: full"},
    )
    assert lines(read_record(path)) == [
        "added: checkpoints after epochs 2 of training 1, 1 of training 2",
        "training 1 had ended in an earlier attempt, and was not repeated",
        "no checkpoints: it has a BackupAndRestore of its own",
        "hprun's own error, checkpoint: OSError: full",
    ]


def test_steps_are_called_steps(tmp_path):
    path = write_record(tmp_path, {"event": "resumed", "fit": 0, "epoch": 500, "unit": "step"})
    assert lines(read_record(path)) == ["resumed at step 500"]


def test_no_record_and_broken_lines_say_nothing(tmp_path):
    assert lines(read_record(tmp_path / "none")) == []
    path = tmp_path / "broken"
    path.write_text('{"event": "sav\n[]\n{"event": 3}\n{"event": "saved", "fit": "x"}\n')
    assert lines(read_record(path)) == []
