"""The callbacks that are added to a Keras training: made once Keras is there to derive from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol


class Follower(Protocol):
    """Who is told how a training goes; errors of its methods are its own affair."""

    def begins(self, model: Any) -> None:
        """All other callbacks have begun."""

    def epoch_begins(self, model: Any) -> None:
        """An epoch begins."""

    def epoch_ended(self, model: Any, epoch: int, logs: dict[str, Any]) -> None:
        """Epoch `epoch` is over, and all other callbacks know."""


def following(keras: Any, follower: Follower) -> Any:
    """A callback that tells `follower`; to be put last.

    It has no methods for batches: they would cost time at every one.
    """

    class HprunCheckpoint(keras.callbacks.Callback):  # type: ignore[misc]
        """Saves checkpoints for hprun."""

        def on_train_begin(self, logs: Any = None) -> None:
            follower.begins(self.model)

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            follower.epoch_begins(self.model)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            follower.epoch_ended(self.model, epoch, dict(logs or {}))

    return HprunCheckpoint()


def writing_lines(keras: Any, path: str, note_error: Any) -> Any:
    """A callback that appends each epoch's metrics to a file of JSON lines.

    When training went back to an earlier epoch, the lines from there on are replaced.
    """

    class HprunMetrics(keras.callbacks.Callback):  # type: ignore[misc]
        """Writes metrics for hprun where TensorFlow, which Keras needs for it, is not in use."""

        _gone_back = False

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            try:
                row = {"epoch": epoch, **{k: float(v) for k, v in (logs or {}).items()}}
                if not self._gone_back:
                    self._gone_back = True
                    _drop_from(Path(path), epoch)
                with Path(path).open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
            except Exception as error:  # noqa: BLE001 - the script must run on
                note_error("metrics", error)

    return HprunMetrics()


def _drop_from(path: Path, epoch: int) -> None:
    """Keep the whole lines of epochs before `epoch`."""
    if not path.exists():
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    new = path.with_name(f"{path.name}.new")
    new.write_text("".join(line for line in lines if _epoch_of(line) < epoch), encoding="utf-8")
    new.replace(path)


def _epoch_of(line: str) -> float:
    """The epoch of a whole line; infinite for one that was cut off by a kill."""
    try:
        return int(json.loads(line)["epoch"]) if line.endswith("\n") else float("inf")
    except (ValueError, KeyError, TypeError):
        return float("inf")
