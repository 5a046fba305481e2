"""Scenes to die in."""

import itertools

import pytest

from hprun.engine import recording
from hprun.engine.loop import Loop
from hprun.files import Lock
from tests.crash.make_believe import Scene


@pytest.fixture
def scenes(tmp_path, monkeypatch):
    """Scenes without end, each in a folder of its own."""
    numbers = itertools.count()
    monkeypatch.setattr("hprun.files.time.sleep", lambda seconds: None)

    def make(loop=Loop, **more):
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        scene = Scene(folder, loop, **more)

        class Remembered(Lock):
            def acquire(self):
                taken = super().acquire()
                if taken:
                    scene.locks.append(self)
                return taken

        monkeypatch.setattr(recording, "Lock", Remembered)
        return scene

    return make
