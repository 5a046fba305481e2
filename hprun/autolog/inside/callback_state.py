"""What callbacks remember over epochs, so that they go on as if nothing had happened.

Keras's own callbacks are known by name. Of a script's own, plain numbers, texts, and lists of
them count, where they changed in the course of training: what a callback was made with is the
script's to say. EarlyStopping's best weights are kept as arrays.
"""

from __future__ import annotations

from typing import Any

from .keras_state import number

_KNOWN = {
    "EarlyStopping": ("wait", "best", "best_epoch", "stopped_epoch"),
    "ReduceLROnPlateau": ("wait", "best", "cooldown_counter"),
    "ModelCheckpoint": ("best", "_batches_seen_since_last_saving"),
    "TensorBoard": ("_global_train_batch", "_global_test_batch", "_previous_epoch_iterations"),
}
_NOT_STATE = ("min_delta", "params", "validation_data")
_BEST = "best_weights"
_LONGEST = 100_000


def known_base(callback: Any) -> str:
    """The name of the callback of Keras's that this one is or builds on; empty if of none."""
    for kind in type(callback).__mro__:
        if kind.__name__ in _KNOWN and "keras" in kind.__module__:
            return kind.__name__
    return ""


def is_own(callback: Any) -> bool:
    """Say whether its class is the script's."""
    return not type(callback).__module__.startswith(("keras.", "tf_keras."))


def plain(callback: Any) -> dict[str, Any]:
    """The plain attributes of a callback, copied."""
    found = {}
    for name, value in vars(callback).items():
        if not name.startswith("_") and name not in _NOT_STATE and _is_plain(value):
            found[name] = _copied(value)
    return found


def capture(callback: Any, at_first: dict[str, Any]) -> dict[str, Any]:
    """What to keep of a callback; `at_first` is `plain` of it when training began."""
    kept = {}
    if is_own(callback):
        now = plain(callback)
        kept = {name: value for name, value in now.items() if value != at_first.get(name, now)}
    for name in _KNOWN.get(known_base(callback), ()):
        if hasattr(callback, name):
            kept[name] = number(getattr(callback, name))
    return kept


def restore(callback: Any, kept: dict[str, Any]) -> None:
    """Put it back."""
    for name, value in kept.items():
        setattr(callback, name, value)


def capture_arrays(callback: Any, place: int) -> dict[str, Any]:
    """EarlyStopping's best weights, where it keeps them."""
    weights = getattr(callback, _BEST, None)
    if known_base(callback) != "EarlyStopping" or not isinstance(weights, list):
        return {}
    return {f"callback.{place}.{index:05d}": array for index, array in enumerate(weights)}


def restore_arrays(callback: Any, place: int, arrays: dict[str, Any]) -> None:
    """Put them back."""
    names = sorted(name for name in arrays if name.startswith(f"callback.{place}."))
    if names and known_base(callback) == "EarlyStopping":
        setattr(callback, _BEST, [arrays[name] for name in names])


def _is_plain(value: Any, depth: int = 0) -> bool:
    if value is None or type(value) in (bool, int, float, str):
        return True
    if depth > 3 or type(value) not in (list, dict) or len(value) > _LONGEST:
        return False
    if type(value) is dict:
        return all(type(key) is str and _is_plain(item, depth + 1) for key, item in value.items())
    return all(_is_plain(item, depth + 1) for item in value)


def _copied(value: Any) -> Any:
    if type(value) is dict:
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if type(value) is list else value
