"""A Keras model and its optimizer as arrays, and back; likewise the global random states.

Only what the script itself makes is filled: shapes and types must be the same, and are compared
before the first value is changed. Arrays are numpy's, by name.
"""

from __future__ import annotations

import sys
from typing import Any

_VARIABLE = "variable.{:05d}"
_MERSENNE = "MT19937"


class MismatchError(Exception):
    """What was saved does not fit what the script made."""


def variables(model: Any) -> list[Any]:
    """Weights, states of layers and their seeds, then all that the optimizer keeps; each once."""
    found: dict[int, Any] = {}
    optimizer = getattr(model, "optimizer", None)
    for variable in [*model.variables, *(getattr(optimizer, "variables", None) or [])]:
        found.setdefault(id(variable), variable)
    return list(found.values())


def size(model: Any) -> int:
    """Bytes that a checkpoint of it takes, about."""
    total = 0
    for variable in variables(model):
        count = 1
        for length in variable.shape:
            count *= int(length)
        total += 4 * count
    return total


def describe(model: Any) -> dict[str, Any]:
    """What a model must have in common with the one that was saved, as JSON."""
    return {
        "model": type(model).__name__,
        "optimizer": type(getattr(model, "optimizer", None)).__name__,
        "variables": [
            [[int(length) for length in variable.shape], str(variable.dtype)]
            for variable in variables(model)
        ],
    }


def capture(keras: Any, model: Any) -> dict[str, Any]:
    """Copy all variables."""
    import numpy

    arrays = {}
    for place, variable in enumerate(variables(model)):
        array = numpy.asarray(keras.ops.convert_to_numpy(variable))
        if array.dtype.isbuiltin != 1:  # bfloat16 and its like, which .npy cannot name
            array = array.view(f"u{array.dtype.itemsize}")
        arrays[_VARIABLE.format(place)] = array
    return arrays


def restore(keras: Any, model: Any, arrays: dict[str, Any]) -> None:
    """Assign all variables; as they were again if one cannot be assigned. Raises MismatchError."""
    import numpy

    own = variables(model)
    wanted = []
    before = []
    for place, variable in enumerate(own):
        now = numpy.array(keras.ops.convert_to_numpy(variable))
        then = arrays[_VARIABLE.format(place)]
        if then.dtype != now.dtype and then.dtype.itemsize == now.dtype.itemsize:
            then = then.view(now.dtype)
        if then.shape != now.shape or then.dtype != now.dtype:
            raise MismatchError(
                f"variable {place} is {now.dtype}{now.shape}, saved was {then.shape}"
            )
        before.append(now)
        wanted.append(then)
    try:
        _assign(own, wanted)
    except BaseException:
        _assign(own, before)
        raise


def _assign(own: list[Any], values: list[Any]) -> None:
    for place, variable in enumerate(own):
        variable.assign(values[place])


def build(model: Any, config: Any) -> None:
    """Make the variables of a model that makes them at its first batch, and its optimizer's.

    `config` is what Keras knew of its inputs when it was saved. Raises MismatchError.
    """
    if not _is_built(model) and config:
        model.build_from_config(as_shapes(config))
    if not _is_built(model):
        raise MismatchError("the model has no variables before its first batch; give it an Input")
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and not optimizer.built:
        optimizer.build(model.trainable_variables)


def _is_built(model: Any) -> bool:
    """Say whether all layers have their variables.

    Not asked is the model itself: Keras says so of one of the script's own class only once it was
    called. That it is complete is seen when its variables are compared.
    """
    layers = getattr(model, "_flatten_layers", None)
    inner = [layer for layer in (layers() if layers else []) if layer is not model]
    return all(layer.built for layer in inner) if inner else bool(model.built)


def as_shapes(config: Any) -> Any:
    """JSON's lists of numbers back to the tuples that Keras takes for shapes."""
    if isinstance(config, dict):
        return {key: as_shapes(value) for key, value in config.items()}
    if isinstance(config, list):
        whole = all(item is None or isinstance(item, int) for item in config)
        return tuple(config) if whole else [as_shapes(item) for item in config]
    return config


def capture_random(backend: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The states of Python's and numpy's global generators, and of torch's under that backend."""
    import random

    import numpy

    facts: dict[str, Any] = {"python": random.getstate()}
    arrays: dict[str, Any] = {}
    state = numpy.random.get_state(legacy=False)
    if isinstance(state, dict) and state.get("bit_generator") == _MERSENNE:
        arrays["random.numpy"] = state["state"]["key"]
        facts["numpy"] = [state["state"]["pos"], state["has_gauss"], state["gauss"]]
    if backend == "torch":
        arrays["random.torch"] = sys.modules["torch"].get_rng_state().numpy()
    return facts, arrays


def restore_random(facts: dict[str, Any], arrays: dict[str, Any]) -> None:
    """Put the generators back to where they were."""
    import random

    import numpy

    version, words, gauss = facts["python"]
    random.setstate((version, tuple(words), gauss))
    if "numpy" in facts:
        place, has_gauss, gauss = facts["numpy"]
        numpy.random.set_state((_MERSENNE, arrays["random.numpy"], place, has_gauss, gauss))
    if "random.torch" in arrays:
        torch = sys.modules["torch"]
        torch.set_rng_state(torch.from_numpy(arrays["random.torch"]))


def numbers(logs: Any) -> dict[str, list[Any]]:
    """Copy a history, as JSON can hold it: numbers stay exact, what is none becomes None."""
    return {str(key): [number(value) for value in values] for key, values in dict(logs).items()}


def number(value: Any) -> Any:
    """A number out of a number, an array or a tensor; lists of arrays with several."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    try:
        import numpy

        return numpy.asarray(value).tolist()
    except Exception:  # noqa: BLE001 - some object of the script's own
        return None
