"""Checkpoints on disk: whole or passed over."""

import json

import pytest

from hprun.autolog.inside.checkpoints import Checkpoints


def write_state(text):
    return lambda folder: (folder / "state").write_text(text)


@pytest.fixture
def kept(tmp_path):
    return Checkpoints(tmp_path / "kept" / "fit-0")


def sound(kept):
    damaged = []
    return [number for number, _ in kept.sound(damaged.append)], damaged


def test_the_newest_two_are_kept(kept):
    for number in (3, 20, 100):
        kept.save(number, write_state(str(number)))
    assert sound(kept) == ([100, 20], [])
    assert sorted(path.name for path in kept.folder.iterdir()) == ["000020", "000100"]


def test_what_was_written_comes_back(kept):
    kept.save(7, write_state("seven"))
    ((_, folder),) = kept.sound(pytest.fail)
    assert (folder / "state").read_text() == "seven"


@pytest.mark.parametrize("how", ["flipped", "cut", "longer", "missing"])
def test_a_damaged_file_is_passed_over(kept, how):
    kept.save(1, write_state("one" * 1000))
    kept.save(2, write_state("two" * 1000))
    path = kept.folder / "000002" / "state"
    data = path.read_bytes()
    if how == "flipped":
        path.write_bytes(data[:500] + bytes([data[500] ^ 1]) + data[501:])
    elif how == "cut":
        path.write_bytes(data[:-1])
    elif how == "longer":
        path.write_bytes(data + b"x")
    else:
        path.unlink()
    assert sound(kept) == ([1], [2])


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"format": 1, "number": 2}'])
def test_a_damaged_manifest_is_passed_over(kept, text):
    kept.save(1, write_state("one"))
    kept.save(2, write_state("two"))
    (kept.folder / "000002" / "manifest.json").write_text(text)
    assert sound(kept) == ([1], [2])


def test_a_manifest_cannot_point_outside(kept, tmp_path):
    kept.save(1, write_state("one"))
    path = kept.folder / "000001" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"] = {"../../../" + name: facts for name, facts in manifest["files"].items()}
    (tmp_path / "state").write_text("other")
    path.write_text(json.dumps(manifest))
    assert sound(kept) == ([1], [])  # judged by the file in its own folder


def test_a_save_that_fails_leaves_the_others_alone(kept):
    kept.save(1, write_state("one"))

    def fail(folder):
        (folder / "state").write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        kept.save(2, fail)
    assert sound(kept) == ([1], [])
    assert [path.name for path in kept.folder.iterdir()] == ["000001"]


def test_what_a_killed_save_left_is_removed_by_the_next(kept):
    (kept.folder / "000009.123.new").mkdir(parents=True)
    assert sound(kept) == ([], [])
    kept.save(1, write_state("one"))
    assert [path.name for path in kept.folder.iterdir()] == ["000001"]


def test_a_number_can_be_saved_again(kept):
    kept.save(1, write_state("old"))
    kept.save(1, write_state("new"))
    ((_, folder),) = kept.sound(pytest.fail)
    assert (folder / "state").read_text() == "new"


def test_newer_ones_are_forgotten_when_training_goes_on_from_an_older_one(kept):
    kept.save(1, write_state("one"))
    kept.save(2, write_state("two"))
    kept.forget_after(1)
    assert sound(kept) == ([1], [])
