"""One call of Keras's `fit`, saved as it goes and taken up where it was saved last."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from . import callback_state, keras_curves, keras_state
from .checkpoints import Checkpoints
from .keras_callbacks import following
from .keras_state import MismatchError
from .ledger import is_due
from .session import Session

_ARRAYS = "state.npz"
_FACTS = "facts.json"


class Training:
    """Follows one training; its methods write errors down and raise none."""

    def __init__(
        self,
        keras: Any,
        session: Session,
        number: int,
        plan: dict[str, Any],
        callbacks: list[Any],
    ) -> None:
        self.first: int = plan["initial_epoch"]
        self._keras = keras
        self._session = session
        self._number = number
        self._plan = plan
        self._callbacks = callbacks
        self._kept = self._place(number)
        self._facts: dict[str, Any] | None = None  # of the checkpoint that it went on from
        self._arrays: dict[str, Any] = {}
        self._at_first: list[dict[str, Any]] = []
        self._epochs: list[int] = []
        self._history: dict[str, list[Any]] = {}
        self._told = False
        self._failed = False

    def _place(self, number: int) -> Checkpoints:
        return Checkpoints(self._session.folder / f"fit-{number}")

    def callback(self) -> Any:
        """What to put last among the callbacks."""
        return following(self._keras, self)

    def resume(self, model: Any) -> bool:
        """Fill the model from the newest checkpoint that is whole and fits; False without one."""
        for number, folder in self._kept.sound(self._damaged):
            try:
                facts, arrays = _load(folder)
                self._check(facts)
                keras_state.build(model, facts["build"])
                if keras_state.describe(model) != facts["shape"]:
                    raise MismatchError("the model is not the one that was saved")
                keras_state.restore(self._keras, model, arrays)
            except Exception as error:  # noqa: BLE001 - begin anew rather than fail
                self._session.note("unfit", fit=self._number, epoch=number, why=str(error))
                continue
            self._kept.forget_after(number)
            self._take_up(facts, arrays)
            return True
        return False

    def _damaged(self, number: int) -> None:
        self._session.note("damaged", fit=self._number, epoch=number)

    def _check(self, facts: dict[str, Any]) -> None:
        if facts["plan"] != self._plan:
            raise MismatchError("the script asks for other epochs than it did")
        if facts["backend"] != self._keras.backend.backend():
            raise MismatchError("another backend of Keras is in use")
        kinds = [type(one).__name__ for one in self._callbacks]
        if [name for name, _ in facts["callbacks"]] != kinds:
            raise MismatchError("the callbacks are not those that were there")

    def _take_up(self, facts: dict[str, Any], arrays: dict[str, Any]) -> None:
        self._facts, self._arrays = facts, arrays
        self._epochs = list(facts["epochs"])
        self._history = keras_state.numbers(facts["history"])
        over = facts["completed"] or facts["stopped"]
        self.first = self._plan["epochs"] if over else facts["next"]
        event = "skipped" if facts["completed"] else "resumed"
        changed = keras_curves.go_on(self._callbacks, facts["logs"])
        self._session.note(event, fit=self._number, epoch=facts["next"], changed=changed)

    def begins(self, model: Any) -> None:
        """Put callbacks and random states back; note what is plain in them."""
        try:
            self._at_first = [callback_state.plain(one) for one in self._callbacks]
            if self._facts is None:
                return
            for place, (_, kept) in enumerate(self._facts["callbacks"]):
                callback_state.restore(self._callbacks[place], kept)
                callback_state.restore_arrays(self._callbacks[place], place, self._arrays)
            keras_state.restore_random(self._facts["random"], self._arrays)
            self._arrays = {}
        except Exception as error:  # noqa: BLE001 - the script must run on
            self._session.error("callbacks", error)

    def epoch_begins(self, model: Any) -> None:
        """Let Keras's history begin with what earlier attempts saw."""
        try:
            if not self._told:
                self._told = True
                self._tell(model.history)
        except Exception as error:  # noqa: BLE001
            self._session.error("history", error)

    def _tell(self, history: Any) -> None:
        if self._facts is not None:
            history.epoch = list(self._epochs)
            history.history.clear()
            history.history.update(keras_state.numbers(self._history))

    def epoch_ended(self, model: Any, epoch: int, logs: dict[str, Any]) -> None:
        """Save, if it is time to."""
        try:
            self._epochs.append(epoch)
            for name, value in logs.items():
                self._history.setdefault(name, []).append(keras_state.number(value))
            if self._is_due(model, epoch + 1):
                self._save(model, epoch + 1, completed=False)
        except Exception as error:  # noqa: BLE001
            self._fail(error)

    def ended(self, model: Any, history: Any) -> None:
        """Keep the final state, so that a later attempt need not train this again."""
        try:
            if not self._told:
                self._tell(history)
            if self._facts is None or not self._facts["completed"]:
                self._save_end(model, history)
            account = self._session.ledger.account(time.perf_counter())
            self._session.note("ended", fit=self._number, **account)
        except Exception as error:  # noqa: BLE001
            self._fail(error)

    def _save_end(self, model: Any, history: Any) -> None:
        asked = isinstance(self._session.every, int)
        if self._failed or not (asked or self._affords(model)):
            return
        self._history = keras_state.numbers(history.history)
        done = self._epochs[-1] + 1 if self._epochs else self.first
        self._save(model, done, completed=True)
        if self._number:
            self._place(self._number - 1).keep(1)

    def _fail(self, error: Exception) -> None:
        """Write it down once, and try no more in this training."""
        self._failed = True
        self._session.error("checkpoint", error)

    def _is_due(self, model: Any, done: int) -> bool:
        if self._failed:
            return False
        session = self._session
        size = keras_state.size(model)
        return is_due(session.every, done, session.ledger, time.perf_counter(), size)

    def _affords(self, model: Any) -> bool:
        return self._session.ledger.affords(time.perf_counter(), keras_state.size(model))

    def _save(self, model: Any, done: int, *, completed: bool) -> None:
        began = time.perf_counter()
        facts, arrays = self._state(model, done, completed=completed)

        def write(folder: Path) -> None:
            import numpy

            numpy.savez(folder / _ARRAYS, **arrays)
            (folder / _FACTS).write_text(json.dumps(facts), encoding="utf-8")

        ledger = self._session.ledger
        try:
            self._kept.save(done, write)
        finally:
            now = time.perf_counter()
            ledger.saved(now - began)
        account = ledger.account(now)
        self._session.note("saved", fit=self._number, epoch=done, completed=completed, **account)

    def _state(
        self, model: Any, done: int, *, completed: bool
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        backend = self._keras.backend.backend()
        arrays = keras_state.capture(self._keras, model)
        random, random_arrays = keras_state.capture_random(backend)
        arrays.update(random_arrays)
        callbacks = []
        for place, one in enumerate(self._callbacks):
            at_first = self._at_first[place] if place < len(self._at_first) else {}
            callbacks.append([type(one).__name__, callback_state.capture(one, at_first)])
            arrays.update(callback_state.capture_arrays(one, place))
        facts = {
            "plan": self._plan,
            "next": done,
            "completed": completed,
            "stopped": bool(getattr(model, "stop_training", False)),
            "backend": backend,
            "shape": keras_state.describe(model),
            "build": model.get_build_config(),
            "epochs": self._epochs,
            "history": self._history,
            "callbacks": callbacks,
            "logs": [str(one.log_dir) for one in keras_curves.boards(self._callbacks)],
            "random": random,
        }
        return facts, arrays


def _load(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read a checkpoint; its arrays can hold numbers only. Raises OSError and ValueError."""
    import numpy

    facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
    with numpy.load(folder / _ARRAYS, allow_pickle=False) as stored:
        return facts, {name: stored[name] for name in stored.files}
