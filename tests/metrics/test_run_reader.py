from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys

import pytest

from hprun.metrics import Ambiguous, Missing, Resolved, RunReader, parse_metric, read_run
from hprun.metrics.records import frame, scan

LOSS = parse_metric("loss:min")


def test_a_folder_that_is_missing_holds_nothing(tmp_path):
    reader = RunReader(tmp_path / "none", log=tmp_path / "none.log")
    assert reader.poll() is False
    assert reader.reading(LOSS) == Missing((), ())
    assert reader.newest is None


def test_points_come_as_they_are_written(tmp_path, event_log):
    reader = RunReader(tmp_path)
    reader.poll()
    log = event_log(tmp_path / "logs" / "events.out.tfevents.1", wall=50.0)
    assert reader.poll() is True
    assert isinstance(reader.reading(LOSS), Missing)
    for step in range(5):
        log.add("loss", (step, 5.0 - step))
        assert reader.poll() is True
        found = reader.reading(LOSS)
        assert isinstance(found, Resolved)
        assert found.series == "logs//loss"
        assert (found.value, found.step) == (5.0 - step, step)
        assert reader.newest == 51.0 + step
        assert reader.poll() is False
        assert reader.reading(LOSS) is found


def test_a_torn_tail_waits_and_is_reported_at_the_end(tmp_path, event_log):
    log = event_log(tmp_path / "tfevents").add("loss", (0, 1.0), (1, 0.5))
    whole = log.path.read_bytes()
    last = scan(whole, at_end=True).payloads[-1]
    log.path.write_bytes(whole[:-9])
    reader = RunReader(tmp_path)
    reader.poll()
    live = reader.reading(LOSS)
    assert isinstance(live, Resolved)
    assert (live.value, live.notes) == (1.0, ())
    torn = 16 + len(last) - 9
    ended = reader.reading(LOSS, ended=True)
    assert ended.notes == (f"{torn} bytes at the end of tfevents unfinished",)
    with log.path.open("ab") as file:
        file.write(whole[-9:])
    assert reader.poll() is True
    assert reader.reading(LOSS, ended=True).value == 0.5
    assert reader.reading(LOSS, ended=True).notes == ()


def test_damage_is_skipped_counted_and_told(tmp_path, event_log):
    log = event_log(tmp_path / "run" / "tfevents").add("loss", (0, 1.0), (1, 0.5), (2, 0.75))
    data = bytearray(log.path.read_bytes())
    broken = scan(bytes(data), at_end=True).payloads[2]
    data[data.find(broken) + 9] ^= 1
    log.path.write_bytes(data)
    found = read_run(tmp_path, LOSS)
    assert isinstance(found, Resolved)
    assert found.curve.steps == (0, 2)
    assert found.notes == (f"{len(broken) + 16} damaged bytes skipped in run/tfevents",)


def test_an_intact_record_that_is_no_event_is_counted(tmp_path, event_log):
    log = event_log(tmp_path / "tfevents").add("loss", (0, 1.0))
    with log.path.open("ab") as file:
        file.write(frame(b"\xff\xff\xff no event"))
    log.add("loss", (1, 0.5))
    found = read_run(tmp_path, LOSS)
    assert found.value == 0.5
    assert found.notes == ("1 record not understood in tfevents",)


def test_a_file_that_was_written_anew_is_read_anew(tmp_path, event_log):
    path = tmp_path / "tfevents"
    event_log(path, wall=10.0).add("loss", (0, 9.0), (1, 8.0), (2, 7.0))
    reader = RunReader(tmp_path)
    reader.poll()
    path.unlink()
    event_log(path, wall=20.0).add("loss", (0, 1.0))
    reader.poll()
    assert reader.reading(LOSS).curve.values == (1.0,)
    # The same file, shorter, then longer than before.
    with path.open("r+b") as file:
        file.truncate(0)
    event_log(path, wall=30.0).add("loss", *[(step, float(step)) for step in range(9)])
    reader.poll()
    assert reader.reading(LOSS).curve.steps == tuple(range(9))


def test_files_that_vanish_are_forgotten(tmp_path, event_log):
    event_log(tmp_path / "old" / "tfevents").add("loss", (0, 1.0))
    reader = RunReader(tmp_path)
    reader.poll()
    assert isinstance(reader.reading(LOSS), Resolved)
    shutil.rmtree(tmp_path / "old")
    assert reader.poll() is True
    assert isinstance(reader.reading(LOSS), Missing)


def test_files_of_one_run_are_merged_in_the_order_in_which_they_began(tmp_path, event_log):
    event_log(tmp_path / "tfevents.9", wall=200.0).add("loss", (2, 20.0), (3, 30.0))
    event_log(tmp_path / "tfevents.10", wall=100.0).add("loss", (0, 0.0), (1, 1.0), (2, 2.0))
    found = read_run(tmp_path, parse_metric("loss"))
    assert found.curve.steps == (0, 1, 2, 3)
    assert found.curve.values == (0.0, 1.0, 20.0, 30.0)
    event_log(tmp_path / "tfevents.8", wall=300.0).add("loss", (1, -1.0))
    found = read_run(tmp_path, parse_metric("loss"))
    assert found.curve.values == (0.0, -1.0)
    assert found.notes == ("step restarted 2 times: later points replace earlier ones",)


def test_an_older_file_that_goes_on_is_still_read(tmp_path, event_log):
    old = event_log(tmp_path / "tfevents.1", wall=100.0).add("a", (0, 1.0))
    event_log(tmp_path / "tfevents.2", wall=500.0).add("loss", (0, 1.0))
    reader = RunReader(tmp_path)
    reader.poll()
    old.add("a", (1, 2.0))
    assert reader.poll() is True
    assert reader.reading(parse_metric("a", "min")).curve.values == (1.0, 2.0)


def test_two_writers_at_once_are_ambiguous_and_can_be_told_apart(tmp_path, event_log):
    first = event_log(tmp_path / "r" / "tfevents.1", wall=100.0).add("loss", (0, 1.0))
    event_log(tmp_path / "r" / "tfevents.2", wall=100.5).add("loss", (0, 5.0))
    first.add("loss", (1, 2.0))
    found = read_run(tmp_path, LOSS)
    assert isinstance(found, Ambiguous)
    assert [(one.series, one.last_value) for one in found.candidates] == [
        ("r/tfevents.1//loss", 2.0),
        ("r/tfevents.2//loss", 5.0),
    ]
    assert found.notes == ("several files of r//loss were written at the same time",)
    alone = read_run(tmp_path, parse_metric("tfevents.2//loss:min"))
    assert (alone.series, alone.value) == ("r/tfevents.2//loss", 5.0)


def test_an_earlier_attempt_is_left_out_only_where_the_name_is_ambiguous(tmp_path, event_log):
    event_log(tmp_path / "1" / "validation" / "tfevents", wall=100.0).add("epoch_loss", (0, 1.0))
    metric = parse_metric("val_loss:min")
    assert read_run(tmp_path, metric, since=150.0).value == 1.0
    event_log(tmp_path / "2" / "validation" / "tfevents", wall=200.0).add("epoch_loss", (0, 2.0))
    both = read_run(tmp_path, metric)
    assert isinstance(both, Ambiguous)
    assert [one.series for one in both.candidates] == [
        "1/validation//epoch_loss",
        "2/validation//epoch_loss",
    ]
    late = read_run(tmp_path, metric, since=150.0)
    assert (late.series, late.value) == ("2/validation//epoch_loss", 2.0)
    assert late.notes == ("written before this attempt and left out: 1/validation//epoch_loss",)
    assert isinstance(read_run(tmp_path, metric, since=250.0), Ambiguous)


def test_a_copy_made_for_the_hparams_tab_counts_only_where_nothing_else_does(tmp_path, event_log):
    event_log(tmp_path / "echo" / "tfevents").hparams().add("loss", (0, 0.125))
    assert read_run(tmp_path, LOSS).series == "echo//loss"
    event_log(tmp_path / "tfevents").add("loss", (0, 0.5), (1, 0.25))
    assert read_run(tmp_path, LOSS).series == ".//loss"


def test_hidden_folders_and_links_to_folders_are_left_out(tmp_path, event_log):
    outside = tmp_path / "outside"
    event_log(outside / "tfevents").add("loss", (0, 1.0))
    run = tmp_path / "run"
    for name in (".git", "__pycache__"):
        shutil.copytree(outside, run / name)
    (run / "link").symlink_to(outside)
    assert isinstance(read_run(run, LOSS), Missing)


def test_a_link_to_an_event_file_is_not_another_series(tmp_path, event_log):
    log = event_log(tmp_path / "z" / "tfevents").add("loss", (0, 1.0))
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "tfevents").symlink_to(log.path)
    assert read_run(tmp_path, LOSS).series == "z//loss"


def test_odd_files_do_no_harm(tmp_path, event_log):
    (tmp_path / "tfevents.folder").mkdir()
    os.mkfifo(tmp_path / "tfevents.pipe")
    os.mkfifo(tmp_path / "metrics.json")
    (tmp_path / "tfevents.empty").touch()
    (tmp_path / "tfevents.text").write_text("no event file at all, but long enough to look at")
    (tmp_path / "tfevents.gone").symlink_to(tmp_path / "nowhere")
    (tmp_path / "history.json").write_bytes(b"\xff\xfe{")
    (tmp_path / "data.csv").write_bytes(b"\0\0\0,,\0")
    event_log(tmp_path / "tfevents.good").add("loss", (0, 1.0))
    assert read_run(tmp_path, LOSS).value == 1.0
    assert read_run(tmp_path, parse_metric("accuracy")).tags == ("loss",)


def test_a_missing_name_lists_what_there_is_as_it_can_be_written(tmp_path, event_log):
    event_log(tmp_path / "a" / "tfevents").add("val_los", (0, 1.0)).add("acc", (0, 1.0))
    event_log(tmp_path / "b" / "tfevents").add("acc", (0, 1.0))
    (tmp_path / "metrics.json").write_text('{"Val_Loss2": 1, "deep": {"x": [1, 2]}, "s": "no"}')
    found = read_run(tmp_path, parse_metric("val_loss"))
    assert isinstance(found, Missing)
    assert found.tags == ("a//acc", "b//acc", "val_los", "Val_Loss2", "deep/x")
    assert found.near == ("Val_Loss2", "val_los")
    for name in found.tags:
        assert isinstance(read_run(tmp_path, parse_metric(name, "min")), Resolved), name


def test_nan_is_no_minimum_and_zero_is_a_value(tmp_path, event_log):
    points = list(enumerate([math.nan, 0.5, 0.0, 0.25, math.nan]))
    event_log(tmp_path / "tfevents").add("loss", *points)
    assert (read_run(tmp_path, LOSS).value, read_run(tmp_path, LOSS).step) == (0.0, 2)
    assert math.isnan(read_run(tmp_path, parse_metric("loss")).value)


def test_a_series_whose_points_were_all_dropped_has_no_value(tmp_path, event_log):
    event_log(tmp_path / "tfevents").add("loss", (0, 1.0)).start(0)
    found = read_run(tmp_path, LOSS)
    assert isinstance(found, Resolved)
    assert (found.value, found.step, found.curve.steps) == (None, None, ())


def test_texts_are_asked_after_event_files_only(tmp_path, event_log):
    folder, log = tmp_path / "run", tmp_path / "stdout.log"
    log.write_text("loss: 3.0\n")
    folder.mkdir()
    (folder / "metrics.json").write_text('{"loss": 4.0}')
    assert read_run(folder, LOSS, log=log).series == "stdout//loss"
    assert read_run(folder, LOSS).series == "metrics.json//loss"
    event_log(folder / "tfevents").add("epoch_loss", (0, 1.0))
    assert read_run(folder, LOSS, log=log).series == ".//epoch_loss"
    explicit = read_run(folder, parse_metric("metrics.json//loss"), log=log)
    assert (explicit.series, explicit.rule) == ("metrics.json//loss", "as written")
    assert read_run(folder, parse_metric("stdout//loss"), log=log).value == 3.0


def test_a_text_that_changes_is_noticed_while_it_is_what_a_name_means(tmp_path, event_log):
    log = tmp_path / "out.log"
    (tmp_path / "run").mkdir()
    reader = RunReader(tmp_path / "run", log=log)
    assert reader.poll() is False
    assert isinstance(reader.reading(LOSS), Missing)
    log.write_text("loss: 3.0\n")
    assert reader.poll() is True
    assert reader.reading(LOSS).value == 3.0
    assert reader.poll() is False
    event_log(tmp_path / "run" / "tfevents").add("loss", (0, 1.0))
    assert reader.poll() is True
    assert reader.reading(LOSS).series == ".//loss"
    with log.open("a") as file:
        file.write("loss: 2.0\n")
    assert reader.poll() is False


def test_text_files_older_than_the_attempt_are_not_the_runs(tmp_path):
    path = tmp_path / "metrics.json"
    path.write_text('{"loss": 4.0}')
    os.utime(path, (1000.0, 1000.0))
    assert isinstance(read_run(tmp_path, LOSS, since=1001.0), Missing)
    assert read_run(tmp_path, LOSS, since=1000.9).value == 4.0  # a clock that counts seconds
    os.utime(path, (1000.5, 1000.5))
    assert isinstance(read_run(tmp_path, LOSS, since=1000.9), Missing)
    assert read_run(tmp_path, LOSS, since=1000.4).value == 4.0


@pytest.mark.parametrize(
    "heavy", ["numpy", "watchdog", "tensorflow", "google_crc32c", "json", "csv", "difflib"]
)
def test_importing_the_package_imports_nothing_heavy(heavy):
    code = f"import hprun.metrics, sys; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
