"""Keras's `Model.fit`, so that a training which was killed goes on from its last saved epoch.

Each call of `fit` in a script is known by its number. One that had ended in an earlier attempt
gets its final state and no epoch; the one in the middle goes on; each only if model, optimizer,
shapes and number of epochs are those that were saved.
"""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import Callable
from typing import Any

from . import keras_curves
from .keras_training import Training
from .session import Session


def install(keras: Any, session: Session) -> None:
    """Put a `fit` around that of `keras.Model`."""
    if int(str(keras.__version__).split(".", maxsplit=1)[0]) < 3:
        session.note("left", why=f"Keras {keras.__version__} is older than 3")
        return
    keras.Model.fit = _around(keras, keras.Model.fit, session)


def _around(keras: Any, original: Callable[..., Any], session: Session) -> Callable[..., Any]:
    @functools.wraps(original)
    def fit(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            call = inspect.signature(original).bind(self, *args, **kwargs)
        except TypeError:
            return original(self, *args, **kwargs)  # which says what is wrong
        if not session.concerned:
            return original(self, *args, **kwargs)
        with session.training() as number:
            training = _prepared(keras, session, number, call)
            session.ledger.begin(time.perf_counter())  # reading a checkpoint is no training
            result = original(*call.args, **call.kwargs)
            if training is not None:
                training.ended(self, result)
        return result

    return fit


def _prepared(
    keras: Any, session: Session, number: int, call: inspect.BoundArguments
) -> Training | None:
    """Add to a call what it lacks; None if it has no checkpoints of ours."""
    given = dict(call.arguments)
    try:
        return _add(keras, session, number, call)
    except Exception as error:  # noqa: BLE001 - the script must run as if we were not there
        call.arguments.clear()
        call.arguments.update(given)
        session.error("fit", error)
        return None


def _add(
    keras: Any, session: Session, number: int, call: inspect.BoundArguments
) -> Training | None:
    callbacks = call.arguments.get("callbacks")
    if isinstance(callbacks, keras.callbacks.CallbackList):
        session.note("left", fit=number, why="it has a CallbackList of its own")
        return None
    own = _flat(callbacks)
    writer = keras_curves.add_writer(keras, session, own)
    added = [*own, writer] if writer is not None else own
    training = None
    why = _why_not(keras, number, call, own)
    if why:
        session.note("left", fit=number, why=why)
    elif session.every != "off":
        training = Training(keras, session, number, _plan(call), added)
        if training.resume(call.arguments["self"]):
            call.arguments["initial_epoch"] = training.first
        added = [*added, training.callback()]
    if added:
        call.arguments["callbacks"] = added
    return training


def _plan(call: inspect.BoundArguments) -> dict[str, Any]:
    """What the script asks for; `initial_epoch` and `epochs` as Keras has them by default."""
    return {
        "epochs": int(call.arguments.get("epochs", 1)),
        "initial_epoch": int(call.arguments.get("initial_epoch", 0)),
    }


def _why_not(keras: Any, number: int, call: inspect.BoundArguments, own: list[Any]) -> str:
    """Why a training gets no checkpoints; empty if it does."""
    model = call.arguments["self"]
    if any(isinstance(one, keras.callbacks.BackupAndRestore) for one in own):
        return "it has a BackupAndRestore of its own"
    if number == 0 and _plan(call)["initial_epoch"] != 0:
        return "it begins at an epoch of its own choice"
    distribution = getattr(keras, "distribution", None)
    current = getattr(distribution, "distribution", None)
    if getattr(model, "_distribute_strategy", None) is not None or (current and current()):
        return "it is distributed over several devices"
    return ""


def _flat(callbacks: Any) -> list[Any]:
    """Callbacks as Keras takes them: none, one, or lists within lists."""
    if callbacks is None:
        return []
    if isinstance(callbacks, (list, tuple)):
        return [one for item in callbacks for one in _flat(item)]
    return [callbacks]
