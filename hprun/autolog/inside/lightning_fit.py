"""Lightning's `Trainer.fit`, so that a training which was killed goes on from its last epoch.

Lightning writes and reads the checkpoint; when it is written, that it is whole, and which one is
taken is decided here. What the script says with `ckpt_path` wins.
"""

from __future__ import annotations

import functools
import inspect
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .checkpoints import Checkpoints
from .ledger import is_due
from .session import Session

_STATE = "state.ckpt"
_FACTS = "facts.json"


def install(lightning: Any, session: Session) -> None:
    """Put a `fit` around that of the trainer of `lightning.pytorch` or `pytorch_lightning`."""
    trainer = lightning.Trainer
    trainer.fit = _around(lightning, trainer.fit, session)


def _around(lightning: Any, original: Callable[..., Any], session: Session) -> Callable[..., Any]:
    @functools.wraps(original)
    def fit(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            call = inspect.signature(original).bind(self, *args, **kwargs)
        except TypeError:
            return original(self, *args, **kwargs)  # which says what is wrong
        if not session.concerned:
            return original(self, *args, **kwargs)
        with session.training() as number:
            follower = _prepared(lightning, session, number, call)
            session.ledger.begin(time.perf_counter())
            result = original(*call.args, **call.kwargs)
            if follower is not None:
                session.note("ended", fit=number, **session.ledger.account(time.perf_counter()))
        return result

    return fit


def _prepared(
    lightning: Any, session: Session, number: int, call: inspect.BoundArguments
) -> _Training | None:
    try:
        trainer, model = call.arguments["self"], call.arguments["model"]
        why = _why_not(trainer, call)
        if why or session.every == "off":
            if why:
                session.note("left", fit=number, why=why)
            return None
        training = _Training(session, number, trainer, model)
        path = training.newest()
        if path is not None:
            call.arguments["ckpt_path"] = str(path)
            _go_on_logging(session, trainer, number)
        trainer.callbacks.append(_following(lightning, training))
    except Exception as error:  # noqa: BLE001 - the script must run as if we were not there
        call.arguments.pop("ckpt_path", None)
        session.error("fit", error)
        return None
    return training


def _why_not(trainer: Any, call: inspect.BoundArguments) -> str:
    if call.arguments.get("ckpt_path") is not None:
        return "it begins from a checkpoint of its own"
    if trainer.world_size > 1:
        return "it is distributed over several devices"
    if trainer.fast_dev_run:
        return "it is only a trial of the code"
    return ""


def _go_on_logging(session: Session, trainer: Any, number: int) -> None:
    """Let loggers that count their versions go on with the earlier one, for one curve."""
    for row in session.said("logging", fit=number)[-1:]:
        for logger, version in zip(trainer.loggers, row["versions"]):  # noqa: B905 - not in 3.8
            if version is not None and getattr(logger, "_version", 0) is None:
                logger._version = version  # noqa: SLF001 - there is no other way


class _Training:
    """Follows one training; its methods write errors down and raise none."""

    def __init__(self, session: Session, number: int, trainer: Any, model: Any) -> None:
        self._session = session
        self._number = number
        self._kept = Checkpoints(session.folder / f"fit-{number}")
        self._failed = False
        shapes = [[name, list(value.shape)] for name, value in model.state_dict().items()]
        self._size = 12 * sum(value.numel() for value in model.parameters())  # with Adam's slots
        self._facts = {
            "model": type(model).__name__,
            "shapes": shapes,
            "epochs": [trainer.max_epochs, trainer.max_steps],
        }

    def newest(self) -> Path | None:
        """The newest checkpoint that is whole, readable and of this model."""
        for number, folder in self._kept.sound(self._damaged):
            path = folder / _STATE
            try:
                if json.loads((folder / _FACTS).read_text(encoding="utf-8")) != self._facts:
                    raise ValueError("the model is not the one that was saved")
                # So read, a file can make nothing but tensors and plain values.
                sys.modules["torch"].load(path, map_location="cpu", weights_only=True, mmap=True)
            except Exception as error:  # noqa: BLE001 - begin anew rather than fail
                self._session.note("unfit", fit=self._number, epoch=number, why=str(error))
                continue
            self._kept.forget_after(number)
            self._session.note("resumed", fit=self._number, epoch=number)
            return path
        return None

    def _damaged(self, number: int) -> None:
        self._session.note("damaged", fit=self._number, epoch=number)

    def begins(self, trainer: Any) -> None:
        """Note where the loggers write, so that a later attempt writes there too."""
        try:
            versions = [getattr(logger, "version", None) for logger in trainer.loggers]
            self._session.note("logging", fit=self._number, versions=versions)
        except Exception as error:  # noqa: BLE001
            self._session.error("logging", error)

    def epoch_ended(self, trainer: Any) -> None:
        """Save, if it is time to."""
        session, done = self._session, trainer.current_epoch + 1
        last = done == trainer.max_epochs and isinstance(session.every, int)
        try:
            now = time.perf_counter()
            due = is_due(session.every, done, session.ledger, now, self._size)
            if not self._failed and (due or last):
                self._save(trainer, done)
        except Exception as error:  # noqa: BLE001
            self._failed = True
            session.error("checkpoint", error)

    def _save(self, trainer: Any, done: int) -> None:
        began = time.perf_counter()

        def write(folder: Path) -> None:
            trainer.save_checkpoint(str(folder / _STATE))
            (folder / _FACTS).write_text(json.dumps(self._facts), encoding="utf-8")

        ledger = self._session.ledger
        try:
            self._kept.save(done, write)
        finally:
            now = time.perf_counter()
            ledger.saved(now - began)
        self._session.note("saved", fit=self._number, epoch=done, **ledger.account(now))


def _following(lightning: Any, training: _Training) -> Any:
    class HprunCheckpoint(lightning.Callback):  # type: ignore[misc]
        """Saves checkpoints for hprun."""

        def on_train_start(self, trainer: Any, pl_module: Any) -> None:
            training.begins(trainer)

        def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
            training.epoch_ended(trainer)

    return HprunCheckpoint()
