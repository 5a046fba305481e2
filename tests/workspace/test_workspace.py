"""What is copied for a run, and that nothing a run does reaches the original or another run."""

import os
import subprocess

import pytest

from hprun.errors import WorkspaceError
from hprun.workspace import copy_workspace, freeze, list_workspace
from hprun.workspace.snapshot import LARGE


def _git(folder, *args):
    subprocess.run(["git", "-C", str(folder), *args], check=True, capture_output=True)


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "train.py").write_text("print(1)\n")
    (folder / "data").mkdir()
    (folder / "data" / "train.csv").write_text("1,2\n")
    return folder


@pytest.fixture
def copy(root, tmp_path):
    """Copy the workspace as a run gets it."""

    def make(name="run", rendered=None, link=()):
        listing = list_workspace(root, cache=root / "cache", link=link)
        snapshot = freeze(listing, tmp_path / "snapshots")
        folder = tmp_path / name
        copy_workspace(snapshot, folder, rendered or {})
        return folder

    return make


def _files(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_without_git_all_but_caches_and_environments_is_copied(root, copy):
    for name in (".venv/lib/x.py", "env/bin/python", "__pycache__/train.pyc", "cache/hprun.db"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")
    (root / "env" / "pyvenv.cfg").write_text("")
    assert _files(copy()) == ["data/train.csv", "train.py"]


def test_with_git_what_is_ignored_stays_behind_but_its_folders_are_there(root, copy):
    _git(root, "init", "-q")
    (root / ".gitignore").write_text("models/\n*.log\n")
    (root / "models").mkdir()
    (root / "models" / "big.h5").write_text("x")
    (root / "a.log").write_text("x")
    (root / "untracked.py").write_text("x")
    folder = copy()
    assert _files(folder) == [".gitignore", "data/train.csv", "train.py", "untracked.py"]
    assert (folder / "models").is_dir()


def test_a_file_that_git_tracks_but_is_deleted_is_no_trouble(root, copy):
    _git(root, "init", "-q")
    _git(root, "add", "-A")
    (root / "data" / "train.csv").unlink()
    assert _files(copy()) == ["train.py"]


def test_a_workspace_below_the_repository_copies_only_itself(root, tmp_path):
    _git(tmp_path, "init", "-q")
    (tmp_path / "above.py").write_text("x")
    listing = list_workspace(root, cache=root / "cache")
    assert listing.files == ("data/train.csv", "train.py")


def test_event_files_of_earlier_trainings_stay_behind(root, copy):
    (root / "logs").mkdir()
    (root / "logs" / "events.out.tfevents.1.host").write_text("x")
    assert _files(copy()) == ["data/train.csv", "train.py"]


def test_the_rendered_script_replaces_the_original_and_keeps_its_mode(root, copy):
    (root / "train.py").chmod(0o755)
    folder = copy(rendered={"train.py": b"print(2)\n"})
    assert (folder / "train.py").read_bytes() == b"print(2)\n"
    assert os.access(folder / "train.py", os.X_OK)
    assert (root / "train.py").read_text() == "print(1)\n"


@pytest.mark.parametrize("size", [10, LARGE + 10])
def test_writing_in_a_copy_reaches_neither_the_original_nor_another_run(root, copy, size):
    original = root / "data" / "weights.bin"
    original.write_bytes(b"a" * size)
    one, two = copy("one"), copy("two")
    target = one / "data" / "weights.bin"
    try:
        with target.open("r+b") as file:
            file.write(b"XXXX")
    except PermissionError:
        assert size > LARGE  # linked read-only: refused, which is as safe
    target.unlink()
    target.write_bytes(b"mine")
    assert original.read_bytes() == b"a" * size
    assert (two / "data" / "weights.bin").read_bytes() == b"a" * size


def test_a_file_behind_a_link_out_of_the_workspace_is_copied(root, copy, tmp_path):
    outside = tmp_path / "outside.txt"
    outside.write_text("safe")
    (root / "link.txt").symlink_to(outside)
    folder = copy()
    (folder / "link.txt").write_text("overwritten")
    assert outside.read_text() == "safe"


def test_links_within_the_workspace_stay_within_the_copy(root, copy):
    (root / "current").symlink_to("data")
    (root / "absolute").symlink_to(root / "data")
    folder = copy()
    for name in ("current", "absolute"):
        assert (folder / name).resolve() == (folder / "data").resolve()


def test_a_folder_behind_a_link_out_of_the_workspace_is_shared_and_told(root, tmp_path):
    (tmp_path / "datasets").mkdir()
    (root / "datasets").symlink_to(tmp_path / "datasets")
    listing = list_workspace(root, cache=root / "cache")
    assert listing.links == (("datasets", str(tmp_path / "datasets")),)


def test_a_linked_folder_stays_where_it_is(root, copy):
    folder = copy(link=("data",))
    assert (folder / "data").is_symlink()
    assert (folder / "data" / "train.csv").read_text() == "1,2\n"


@pytest.mark.parametrize("name", ["nowhere", "../outside", "."])
def test_a_link_that_makes_no_sense_is_refused(root, name):
    with pytest.raises(WorkspaceError, match="--link"):
        list_workspace(root, cache=root / "cache", link=(name,))


def test_a_snapshot_does_not_change_when_the_workspace_does(root, tmp_path):
    listing = list_workspace(root, cache=root / "cache")
    snapshot = freeze(listing, tmp_path / "snapshots")
    (root / "train.py").write_text("print('edited')\n")
    assert (snapshot.folder / "train.py").read_text() == "print(1)\n"
    assert freeze(listing, tmp_path / "snapshots").folder != snapshot.folder


def test_the_same_workspace_is_frozen_once(root, tmp_path):
    listing = list_workspace(root, cache=root / "cache")
    first = freeze(listing, tmp_path / "snapshots")
    assert freeze(listing, tmp_path / "snapshots").folder == first.folder
    assert len(list((tmp_path / "snapshots").iterdir())) == 1


def test_a_large_file_is_stored_once_for_two_snapshots(root, tmp_path):
    (root / "big.bin").write_bytes(os.urandom(LARGE + 1))
    freeze(list_workspace(root, cache=root / "cache"), tmp_path / "snapshots")
    (root / "train.py").write_text("print(3)\n")
    second = freeze(list_workspace(root, cache=root / "cache"), tmp_path / "snapshots")
    copied = (second.folder / "big.bin").stat()
    assert copied.st_nlink == 2 or copied.st_mode & 0o200  # linked, or cloned


def test_a_second_attempt_finds_its_folder_as_it_left_it(root, copy, tmp_path):
    folder = copy()
    (folder / "checkpoint").write_text("epoch 17")
    (folder / "data" / "train.csv").unlink()
    copy()
    assert (folder / "checkpoint").read_text() == "epoch 17"
    assert not (folder / "data" / "train.csv").exists()


def test_a_copy_that_was_cut_off_is_made_whole(root, copy, tmp_path):
    folder = copy()
    partial = folder.rename(folder.with_name("run.partial"))  # it has no name until it is whole
    (partial / "data" / "train.csv").write_text("torn")
    (partial / "data" / "more").mkdir()
    copy()
    assert (folder / "data" / "train.csv").read_text() == "1,2\n"
    assert not (folder / "data" / "more").exists()
    assert not partial.exists()


def test_a_copy_that_cannot_be_finished_has_no_name(root, copy, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("hprun.workspace.copying.copy", full)
        with pytest.raises(OSError, match="No space"):
            copy()
    assert not (tmp_path / "run").exists()
    assert (copy() / "data" / "train.csv").read_text() == "1,2\n"


def test_a_script_that_is_alone_is_copied_at_once(tmp_path):
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "train.py").write_text("lr = 1\n")
    listing = list_workspace(alone, cache=alone / "cache")
    snapshot = freeze(listing, tmp_path / "snapshots")
    copy_workspace(snapshot, tmp_path / "a" / "run", {"train.py": b"lr = 2\n"})
    assert _files(tmp_path / "a") == ["run/train.py"]
    assert (tmp_path / "a" / "run" / "train.py").read_bytes() == b"lr = 2\n"


def test_names_of_any_bytes_are_copied(root, copy):
    for name in ("with space.txt", "ümlaut.txt", "'quote\".txt", "new\nline.txt"):
        (root / name).write_text(name)
    _git(root, "init", "-q")
    folder = copy()
    for name in ("with space.txt", "ümlaut.txt", "'quote\".txt", "new\nline.txt"):
        assert (folder / name).read_text() == name


def test_folders_within_ignored_ones_are_there_and_the_cache_s_are_not(root, copy):
    _git(root, "init", "-q")
    (root / ".gitignore").write_text("out/\n")
    (root / "out" / "deep" / "er").mkdir(parents=True)
    (root / "cache" / "train-1").mkdir(parents=True)
    (root / "cache" / ".gitignore").write_text("*\n")
    folder = copy()
    assert (folder / "out" / "deep" / "er").is_dir()
    assert not (folder / "cache").exists()
