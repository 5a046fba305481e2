from __future__ import annotations

import time

import pytest

from hprun.metrics import RunReader, parse_metric
from hprun.metrics.creations import Creations


class Clock:
    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def said():
    return []


@pytest.fixture
def creations(clock, said):
    made = Creations(every=5.0, say=said.append, now=clock)
    yield made
    made.close()


def comes(ask) -> bool:
    """Ask again and again until it is so; a machine that is busy may take its time."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if ask():
            return True
        time.sleep(0.01)
    return False


def test_a_new_file_at_any_depth_is_told_once(tmp_path, creations, said):
    creations.watch(tmp_path)
    assert creations.new_in(tmp_path)
    assert not creations.new_in(tmp_path)
    deep = tmp_path / "logs" / "train"
    deep.mkdir(parents=True)
    (deep / "events.out.tfevents.1").touch()
    assert comes(lambda: creations.new_in(tmp_path))
    # More may come of what was made just now, but that ends.
    assert comes(lambda: not creations.new_in(tmp_path))
    (deep / "events.out.tfevents.2").touch()
    assert comes(lambda: creations.new_in(tmp_path))
    assert said == []


def test_what_is_moved_in_is_told(tmp_path, creations):
    run, outside = tmp_path / "run", tmp_path / "events.out.tfevents.1"
    run.mkdir()
    outside.touch()
    creations.watch(run)
    assert creations.new_in(run)
    outside.rename(run / outside.name)
    assert comes(lambda: creations.new_in(run))


def test_what_is_appended_is_not_told(tmp_path, creations):
    path = tmp_path / "events.out.tfevents.1"
    path.touch()
    marker = tmp_path / "marker"
    creations.watch(tmp_path)
    assert creations.new_in(tmp_path)
    events = []
    watched = creations._folders[tmp_path]
    watched.dispatch = events.append
    for _ in range(20):
        with path.open("ab") as file:
            file.write(b"more")
    # Events come in order: what is told of the marker comes after all of the file's.
    marker.touch()
    assert comes(lambda: events)
    assert [event.src_path for event in events] == [str(marker)]


def test_a_look_is_due_after_a_while_though_nothing_is_told(tmp_path, creations, clock):
    creations.watch(tmp_path)
    assert creations.new_in(tmp_path)
    clock.seconds += 4.9
    assert not creations.new_in(tmp_path)
    clock.seconds += 0.1
    assert creations.new_in(tmp_path)
    assert not creations.new_in(tmp_path)


def test_folders_do_not_tell_of_one_another(tmp_path, creations):
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
        creations.watch(folder)
        assert creations.new_in(folder)
    (one / "tfevents").touch()
    assert comes(lambda: creations.new_in(one))
    assert not creations.new_in(two)


def test_a_folder_that_is_forgotten_or_unknown_is_always_looked_at(tmp_path, creations):
    creations.watch(tmp_path)
    creations.new_in(tmp_path)
    creations.forget(tmp_path)
    creations.forget(tmp_path)
    assert creations.new_in(tmp_path)
    assert creations.new_in(tmp_path)


def test_a_folder_that_vanishes_does_no_harm(tmp_path, creations):
    run = tmp_path / "run"
    run.mkdir()
    creations.watch(run)
    run.rmdir()
    assert creations.new_in(run)
    creations.forget(run)


def test_where_watching_fails_a_look_now_and_then_does(
    tmp_path, creations, clock, said, monkeypatch
):
    def full(*args, **more):
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr("watchdog.observers.api.BaseObserver.schedule", full)
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
        creations.watch(folder)
        assert creations.new_in(folder)
        assert not creations.new_in(folder)
    clock.seconds += 5.0
    assert [creations.new_in(folder) for folder in folders] == [True, True]
    assert said == [
        "New files are looked for every 5 seconds: [Errno 28] inotify watch limit reached."
    ]


def test_without_watchdog_a_look_now_and_then_does(tmp_path, creations, said, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "watchdog", None)
    creations.watch(tmp_path)
    assert creations.new_in(tmp_path)
    assert not creations.new_in(tmp_path)
    assert len(said) == 1
    assert "watchdog" in said[0]


def test_a_missing_folder_and_one_of_many_folders_are_not_watched(tmp_path, creations, said):
    creations.watch(tmp_path / "none")
    assert creations.new_in(tmp_path / "none")
    for number in range(501):
        (tmp_path / "wide" / str(number)).mkdir(parents=True)
    creations.watch(tmp_path / "wide")
    assert creations._folders[tmp_path / "wide"].watch is None
    assert len(said) == 1


def test_a_reader_that_does_not_look_for_new_files_follows_those_it_knows(tmp_path, event_log):
    loss = parse_metric("loss:last")
    log = event_log(tmp_path / "a" / "tfevents").add("loss", (0, 1.0))
    reader = RunReader(tmp_path)
    assert reader.poll(look_for_new=False) is True  # the first time, there is no other way
    assert reader.reading(loss).value == 1.0
    event_log(tmp_path / "b" / "tfevents").add("gain", (0, 1.0))
    log.add("loss", (1, 0.5))
    assert reader.poll(look_for_new=False) is True
    assert reader.reading(loss).value == 0.5
    assert reader.poll(look_for_new=False) is False
    assert reader.poll() is True
    assert reader.reading(parse_metric("gain", "max")).value == 1.0


def test_looking_at_known_files_lists_no_folder(tmp_path, event_log, monkeypatch):
    event_log(tmp_path / "a" / "tfevents").add("loss", (0, 1.0))
    reader = RunReader(tmp_path)
    reader.poll()
    monkeypatch.setattr("hprun.metrics.folder.os.scandir", None)
    assert reader.poll(look_for_new=False) is False
