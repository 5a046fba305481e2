from __future__ import annotations

import os
from pathlib import Path

import pytest

from hprun.metrics.folder import RunFolder


@pytest.fixture
def listed(monkeypatch):
    """The folders that were listed, in the order in which they were."""
    found = []
    real = os.scandir

    def scandir(path):
        found.append(Path(path).name)
        return real(path)

    monkeypatch.setattr("hprun.metrics.folder.os.scandir", scandir)
    return found


def names(folder: RunFolder) -> tuple[list[str], list[str]]:
    events, texts = folder.files()
    return [Path(p).name for p in events], [Path(p).name for p in texts]


def test_event_files_and_texts_are_listed_at_any_depth(tmp_path):
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (deep / "events.out.tfevents.1.host.v2").touch()
    (tmp_path / "x.CSV").touch()
    (deep / "y.jsonl").touch()
    (tmp_path / "model.keras").touch()
    assert names(RunFolder(tmp_path)) == (["events.out.tfevents.1.host.v2"], ["y.jsonl", "x.CSV"])


def test_a_folder_that_has_long_been_still_is_not_listed_again_until_it_changes(tmp_path, listed):
    sub = tmp_path / "sub"
    sub.mkdir()
    for path in (sub, tmp_path):
        os.utime(path, (1000.0, 1000.0))
    folder = RunFolder(tmp_path)
    assert names(folder) == ([], [])
    assert names(folder) == ([], [])
    assert listed == [tmp_path.name, "sub"]
    (sub / "tfevents").touch()
    assert names(folder) == (["tfevents"], [])
    assert listed == [tmp_path.name, "sub", "sub"]


def test_a_folder_that_has_just_changed_is_listed_again_for_its_time_may_be_coarse(
    tmp_path, listed
):
    folder = RunFolder(tmp_path)
    assert names(folder) == ([], [])
    before = tmp_path.stat()
    (tmp_path / "tfevents").touch()
    os.utime(tmp_path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert names(folder) == (["tfevents"], [])
    assert len(listed) == 2


def test_a_folder_that_goes_and_comes_back_is_listed_anew(tmp_path):
    root = tmp_path / "run"
    folder = RunFolder(root)
    assert names(folder) == ([], [])
    (root / "logs").mkdir(parents=True)
    (root / "logs" / "tfevents").touch()
    assert names(folder) == (["tfevents"], [])
    (root / "logs" / "tfevents").unlink()
    (root / "logs").rmdir()
    assert names(folder) == ([], [])
