"""Files of the real writers, as they are, cut off, damaged, and while they grow."""

from __future__ import annotations

import math
import random
import struct
from pathlib import Path

import pytest

from hprun.metrics import eventfile, parse_metric
from hprun.metrics.eventfile import EventFile
from hprun.metrics.reader import RunReader, read_run
from hprun.metrics.readings import Ambiguous, Resolved
from hprun.metrics.records import scan
from hprun.metrics.tensors import scalar


def points_of(file: EventFile):
    """Everything read, NaN made comparable."""
    return {
        tag: [
            (step, struct.pack("<d", value)) for step, value in zip(p.steps, p.values, strict=True)
        ]
        for tag, p in file.points.tags.items()
    }


def read(path) -> EventFile:
    file = EventFile(str(path))
    file.poll()
    return file


def test_points_are_those_that_tensorboard_reads(real):
    assert len(real.expected) == 20
    for name, wanted in real.expected.items():
        file = read(real.root / name)
        found = {
            tag: [[step, float(value)] for step, value in zip(p.steps, p.values, strict=True)]
            for tag, p in file.points.tags.items()
        }
        assert repr(found) == repr({t: wanted["points"][t] for t in found}), name
        assert found.keys() == wanted["points"].keys(), name
        assert file.points.began == wanted["times"][0]
        assert file.points.newest == max(wanted["times"])
        assert (file.skipped, file.unreadable, file.pending) == (0, 0, 0)


def test_tensors_of_every_type_give_their_number(real):
    assert len(real.tensors) > 280
    for case in real.tensors:
        data = bytes.fromhex(case["proto"])
        found = scalar(data, 0, len(data))
        assert repr(found) == repr(case["value"]), case


def test_a_file_cut_anywhere_gives_the_records_before_the_cut(real, tmp_path):
    draw = random.Random(2)
    for name in real.expected:
        whole = (real.root / name).read_bytes()
        payloads = scan(whole, at_end=True).payloads
        for _ in range(15):
            cut = draw.randrange(len(whole))
            copy = tmp_path / "cut"
            copy.write_bytes(whole[:cut])
            file = read(copy)
            count = len(scan(whole[:cut], at_end=True).payloads)
            full = sum(16 + len(p) for p in payloads[:count])
            assert full <= cut < full + 16 + len(payloads[count])
            assert (file.pending, file.skipped) == (cut - full, 0)


def test_a_flipped_bit_loses_one_record_at_most_and_invents_nothing(real):
    draw = random.Random(3)
    files = [(real.root / name).read_bytes() for name in real.expected]
    for _ in range(400):
        whole = draw.choice(files)
        broken = bytearray(whole)
        bit = draw.randrange(8 * len(whole))
        broken[bit // 8] ^= 1 << bit % 8
        wanted = scan(whole, at_end=True).payloads
        found = scan(bytes(broken), at_end=True).payloads
        at = 0
        while at < len(found) and found[at] == wanted[at]:
            at += 1
        assert found[at:] == wanted[at + 1 :], bit


@pytest.mark.parametrize("chunk", [64, 500, 1 << 20])
def test_polls_while_a_file_grows_give_what_a_full_read_gives(real, tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(eventfile, "_CHUNK", chunk)
    draw = random.Random(chunk)
    for number, name in enumerate(real.expected):
        whole = bytearray((real.root / name).read_bytes())
        if draw.random() < 0.5:
            whole[draw.randrange(len(whole) - 40)] ^= 16
        full = tmp_path / f"full{number}"
        full.write_bytes(whole)
        wanted = read(full)
        growing = tmp_path / f"growing{number}"
        growing.write_bytes(b"")
        file = EventFile(str(growing))
        at = 0
        while at < len(whole):
            size = draw.choice([1, 7, 30, 200, 4096])
            with growing.open("ab") as out:
                out.write(whole[at : at + size])
            at += size
            if draw.random() < 0.7:
                file.poll()
        file.poll()
        assert points_of(file) == points_of(wanted)
        counts = [(f.skipped, f.unreadable, f.pending) for f in (file, wanted)]
        assert counts[0] == counts[1]


def resolved(folder: Path, name: str, **options) -> Resolved:
    reading = read_run(folder, parse_metric(name), **options)
    assert isinstance(reading, Resolved), reading
    return reading


def fit_history(real, name: str) -> dict[str, list[float]]:
    import json

    history: dict[str, list[float]] = json.loads((real.root / name / "fit.json").read_text())
    return history


@pytest.mark.parametrize("run", ["keras", "keras_batches"])
@pytest.mark.parametrize(
    ("name", "series"),
    [
        ("val_loss", "logs/validation//epoch_loss"),
        ("val_accuracy", "logs/validation//epoch_accuracy"),
        ("loss", "logs/train//epoch_loss"),
        ("train_accuracy", "logs/train//epoch_accuracy"),
    ],
)
def test_the_names_of_keras_mean_what_fit_returns(real, run, name, series):
    found = resolved(real.root / run, name)
    assert (found.series, found.rule, found.notes) == (series, "keras", ())
    wanted = fit_history(real, run)[name.removeprefix("train_")]
    assert found.curve.steps == (0, 1, 2)
    assert found.curve.values == pytest.approx(wanted, rel=1e-6)
    assert (found.value, found.step) == (found.curve.values[-1], 2)


def test_explicit_series_of_keras(real):
    found = resolved(real.root / "keras", "validation//epoch_loss:min")
    assert (found.series, found.rule) == ("logs/validation//epoch_loss", "as written")
    assert found.value == min(found.curve.values)
    found = resolved(real.root / "keras", "validation/epoch_loss")
    assert (found.series, found.rule) == ("logs/validation//epoch_loss", "run/tag")


def test_an_evaluation_is_found_where_no_epoch_is(real, tmp_path):
    import shutil

    source = real.root / "keras" / "logs" / "validation"
    last = max(source.iterdir(), key=lambda path: int(path.name.split(".")[-2]))
    (tmp_path / "validation").mkdir()
    shutil.copy(last, tmp_path / "validation")
    found = resolved(tmp_path, "val_loss")
    assert found.series == "validation//evaluation_loss_vs_iterations"


def test_a_name_that_keras_writes_twice_is_ambiguous(real):
    found = read_run(real.root / "keras", parse_metric("epoch_loss"))
    assert isinstance(found, Ambiguous)
    assert [one.series for one in found.candidates] == [
        "logs/train//epoch_loss",
        "logs/validation//epoch_loss",
    ]
    history = fit_history(real, "keras")
    for one, name in zip(found.candidates, ("loss", "val_loss"), strict=True):
        assert (one.n, one.last_step) == (3, 2)
        assert one.last_value == pytest.approx(history[name][-1], rel=1e-6)


@pytest.mark.parametrize(
    ("folder", "name", "series", "rule"),
    [
        ("torch", "val_loss", ".//val_loss", "exact tag"),
        ("torch", "loss_val/loss", "loss_val//loss", "run/tag"),
        ("torch", "hparams//val_loss", "hparams//val_loss", "as written"),
        ("torch", "train_loss", "loss_train//loss", "synonym"),
        ("tensorboardx", "val_acc", "acc/val//acc", "synonym"),
        ("tensorboardx", "acc/train//acc", "acc/train//acc", "as written"),
        ("tensorboard", "val_accuracy", ".//val/acc", "synonym"),
        ("tf_summary", "val_loss", "logs//eval/loss", "synonym"),
        ("tf_v1", "loss", ".//scope/loss", "scope"),
    ],
)
def test_names_find_the_series_of_each_writer(real, folder, name, series, rule):
    found = resolved(real.root / folder, name)
    assert (found.series, found.rule) == (series, rule)


def test_the_copy_of_a_result_in_add_hparams_does_not_make_a_name_ambiguous(real):
    found = resolved(real.root / "torch", "val_loss:min")
    assert len(found.curve.steps) == 8
    assert (found.value, found.step) == (-1.25, 3)
    best = resolved(real.root / "torch", "val_loss:max")
    assert best.value == pytest.approx(0.9)


def test_points_without_a_step_are_all_kept(real):
    found = read_run(real.root / "torch", parse_metric("no_step", "min"))
    assert isinstance(found, Resolved)
    assert found.curve.steps == (0,) * 8
    assert (found.curve.values[2], math.isnan(found.curve.values[5])) == (0.0, True)


def test_a_session_start_of_tensorflow_1_drops_what_it_writes_again(real):
    found = resolved(real.root / "tf_v1", "loss")
    assert found.curve.steps == (0, 1, 2, 3, 4, 5)
    assert found.value == 0.125
    assert found.notes == ("step restarted once: later points replace earlier ones",)
    other = resolved(real.root / "tf_v1", "acc")
    assert other.curve.steps == (0, 1, 2, 3, 4)


def test_a_purge_step_of_torch_drops_every_tag_from_there_on(real):
    loss = resolved(real.root / "torch_resumed", "loss")
    assert loss.curve.steps == (0, 1, 2, 3, 4, 5)
    assert loss.curve.values == (1.0, 2.0, 3.0, 13.0, 14.0, 15.0)
    other = read_run(real.root / "torch_resumed", parse_metric("other", "min"))
    assert isinstance(other, Resolved)
    assert other.curve.steps == (0, 1, 2)


def test_the_log_of_keras_gives_one_point_per_epoch(real, tmp_path):
    history = fit_history(real, "keras")
    log = real.root / "keras" / "stdout.log"
    for name in ("val_loss", "loss", "accuracy", "val_accuracy"):
        found = resolved(tmp_path, name, log=log)
        assert (found.series, found.rule) == (f"stdout//{name}", "line on stdout")
        assert found.curve.values == pytest.approx(history[name], abs=6e-5)


def test_the_csv_of_keras_gives_its_column(real, tmp_path):
    (tmp_path / "history.csv").write_bytes((real.root / "keras" / "history.csv").read_bytes())
    found = resolved(tmp_path, "val_loss")
    assert (found.series, found.rule) == ("history.csv//val_loss", "text file")
    assert found.curve.steps == (0, 1, 2)
    assert found.curve.values == pytest.approx(fit_history(real, "keras")["val_loss"])


def test_a_reader_that_keeps_only_what_is_wanted_reads_the_same(real):
    for name in ("val_loss", "loss", "val_accuracy"):
        metric = parse_metric(name)
        reader = RunReader(real.root / "keras", wanted=["val_loss"])
        reader.poll()
        everything = RunReader(real.root / "keras")
        everything.poll()
        assert reader.reading(metric) == everything.reading(metric)
    assert reader.newest == everything.newest is not None
