"""Event files to read: real ones, written once per session, and small ones made to measure."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hprun.metrics.records import frame


@dataclass(frozen=True)
class RealFiles:
    """Files of real writers; `expected` is what TensorBoard's loader finds in each."""

    root: Path
    expected: dict[str, Any]
    tensors: list[dict[str, Any]]


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> RealFiles:
    root = tmp_path_factory.mktemp("real")
    script = Path(__file__).with_name("write_real_files.py")
    done = subprocess.run(
        [sys.executable, str(script), str(root)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return RealFiles(
        root / "files",
        json.loads((root / "expected.json").read_text()),
        json.loads((root / "tensors.json").read_text()),
    )


class EventLog:
    """Appends events to a file, encoded by TensorBoard's own messages."""

    def __init__(self, path: Path, wall: float = 1000.0) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.wall = wall
        self._append(file_version="brain.Event:2")

    def _append(self, **fields: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        event = Event(wall_time=self.wall, **fields)
        with self.path.open("ab") as file:
            file.write(frame(event.SerializeToString()))

    def add(self, tag: str, *points: tuple[int, float], wall: float | None = None) -> EventLog:
        from tensorboard.compat.proto.summary_pb2 import Summary

        for step, value in points:
            self.wall = self.wall + 1 if wall is None else wall
            held = Summary.Value(tag=tag, simple_value=value)
            self._append(step=step, summary=Summary(value=[held]))
        return self

    def start(self, step: int) -> EventLog:
        from tensorboard.compat.proto.event_pb2 import SessionLog

        self._append(step=step, session_log=SessionLog(status=SessionLog.START))
        return self

    def hparams(self) -> EventLog:
        from tensorboard.compat.proto.summary_pb2 import Summary

        self._append(summary=Summary(value=[Summary.Value(tag="_hparams_/session_start_info")]))
        return self


@pytest.fixture
def event_log() -> Callable[..., EventLog]:
    """Begin an event file: `event_log(path, wall=…).add(tag, (step, value), …)`."""
    return EventLog
