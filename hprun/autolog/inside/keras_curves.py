"""The curve of a Keras training: a writer where there is none, one place over attempts."""

from __future__ import annotations

from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .keras_callbacks import writing_lines
from .session import Session

_BOARD = ("logs", "hprun_logs")
_LINES = ("metrics.jsonl", "hprun_metrics.jsonl")


def _is_kind(callback: Any, name: str) -> bool:
    """Say whether a callback is of Keras's class of that name, whichever Keras it came from."""
    return any(
        kind.__name__ == name and "keras" in kind.__module__ for kind in type(callback).__mro__
    )


def boards(callbacks: list[Any]) -> list[Any]:
    """The TensorBoard callbacks among these."""
    return [one for one in callbacks if _is_kind(one, "TensorBoard")]


def add_writer(keras: Any, session: Session, callbacks: list[Any]) -> Any:
    """Make a callback that writes the curve, or None where the script has one.

    TensorBoard's where TensorFlow is what trains: beside torch or JAX it would take the GPU's
    memory for itself. Once a training of the script has a writer, no other gets one: two curves
    of one name would be ambiguous.
    """
    own = boards(callbacks)
    if own and not session.said("own writer"):
        session.write_down("own writer", place=str(own[0].log_dir))
        _withdraw(session, {Path(one.log_dir).resolve() for one in own})
    if session.said("own writer"):
        return None
    if keras.backend.backend() == "tensorflow" and find_spec("tensorboard") is not None:
        place = _place(session, "TensorBoard", _BOARD)
        return keras.callbacks.TensorBoard(log_dir=place, write_graph=False)
    return writing_lines(keras, _place(session, "metrics", _LINES), session.error)


def _place(session: Session, what: str, names: tuple[str, ...]) -> str:
    """The first name that nothing of the script's is under; the same one in later attempts."""
    earlier = session.said("added", what=what)
    place = earlier[-1]["place"] if earlier else next((n for n in names if _is_free(n)), names[-1])
    if not earlier:
        session.write_down("added", what=what, place=place)
    return str(place)


def _withdraw(session: Session, own: set[Path]) -> None:
    """Remove what our writer wrote for an earlier training of a script that has its own."""
    for row in session.said("added"):
        place = Path(row["place"])
        if place.resolve() in own:  # one curve, in which later steps win
            continue
        events = place.glob("*/events.out.tfevents.*")
        for path in events if row["what"] == "TensorBoard" else [place]:
            with suppress(OSError):
                path.unlink()
        session.note("withdrawn", place=str(place))


def _is_free(name: str) -> bool:
    path = Path(name)
    if path.is_dir():
        return not any(path.iterdir())
    return not path.exists() or path.stat().st_size == 0


def go_on(callbacks: list[Any], earlier: list[str]) -> list[str]:
    """Let the script's writers go on with what an earlier attempt wrote; say what was changed.

    A log folder named by the time of day would split the curve in two; a CSV file would begin
    anew.
    """
    changed = []
    own = boards(callbacks)
    for place, board in enumerate(own[: len(earlier)]):
        if str(board.log_dir) != earlier[place] and Path(earlier[place]).is_dir():
            board.log_dir = earlier[place]
            changed.append(f"its TensorBoard callback goes on in {earlier[place]}")
    for one in callbacks:
        if _is_kind(one, "CSVLogger") and not one.append and Path(one.filename).exists():
            one.append = True
            changed.append(f"{one.filename} is appended to")
    return changed
