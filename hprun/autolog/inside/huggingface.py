"""Transformers' `Trainer.train`, so that a training which was killed goes on.

The trainer saves by itself, as its arguments say; in a later attempt of the same run it is told
to go on from the newest of these that is whole. What the script says wins.
"""

from __future__ import annotations

import functools
import inspect
import json
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .session import Session

_NAME = re.compile(r"checkpoint-(\d+)")
_WEIGHTS = re.compile(r"(model|adapter_model|pytorch_model).*\.(safetensors|bin)")
_HEADER_BYTES = 8
_GRAIN_S = 1.0  # by which a file's time may lag behind the clock


def install(module: Any, session: Session) -> None:
    """Put a `train` around that of `transformers.Trainer`."""
    module.Trainer.train = _around(module.Trainer.train, session)


def _around(original: Callable[..., Any], session: Session) -> Callable[..., Any]:
    @functools.wraps(original)
    def train(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            call = inspect.signature(original).bind(self, *args, **kwargs)
        except TypeError:
            return original(self, *args, **kwargs)  # which says what is wrong
        if not session.concerned or session.every == "off":
            return original(self, *args, **kwargs)
        with session.training() as number:
            path = _newest(session, number, call)
            if path is not None:
                call.arguments["resume_from_checkpoint"] = path
            return original(*call.args, **call.kwargs)

    return train


def _newest(session: Session, number: int, call: inspect.BoundArguments) -> str | None:
    """The checkpoint to go on from: by an earlier attempt of this run, and whole."""
    try:
        trainer = call.arguments["self"]
        if call.arguments.get("resume_from_checkpoint") is not None:
            session.note("left", fit=number, why="it begins from a checkpoint of its own")
            return None
        if str(getattr(trainer.args.save_strategy, "value", trainer.args.save_strategy)) == "no":
            session.note("left", fit=number, why="its save_strategy is 'no'")
            return None
        folder = Path(trainer.args.output_dir)
        if not _is_first_into(session, folder, number) or not folder.is_dir():
            return None
        for step, path in _listed(folder, session.began):
            if is_whole(path):
                session.note("resumed", fit=number, epoch=step, unit="step")
                _go_on_logging(trainer, session.began)
                return str(path)
            session.note("damaged", fit=number, epoch=step, unit="step")
    except Exception as error:  # noqa: BLE001 - the script must run as if we were not there
        session.error("train", error)
    return None


def _go_on_logging(trainer: Any, since: float) -> None:
    """Let a log folder that is named by the time of day be the earlier attempt's: one curve."""
    runs = Path(trainer.args.output_dir) / "runs"
    times = {path.stat().st_mtime: str(path) for path in runs.glob("*")}
    if max(times, default=0) < since - _GRAIN_S:
        return
    newest = times[max(times)]
    given = getattr(trainer.args, "logging_dir", None)  # until version 4
    if given is not None and Path(given).parent == runs:
        trainer.args.logging_dir = newest
    for one in trainer.callback_handler.callbacks:
        if type(one).__name__ == "TensorBoardCallback" and getattr(one, "logging_dir", "") is None:
            one.logging_dir = newest


def _is_first_into(session: Session, folder: Path, number: int) -> bool:
    """Say whether no other training of the script saves there: whose a checkpoint is, is open."""
    place = os.path.relpath(folder)
    others = {row["fit"] for row in session.said("saves into", place=place)}
    if number not in others:
        session.write_down("saves into", place=place, fit=number)
    if others - {number}:
        session.note("left", fit=number, why="another training saves into the same folder")
    return not others - {number}


def _listed(folder: Path, since: float) -> list[tuple[int, Path]]:
    """Steps and folders, newest first, of what was saved since the run began."""
    found = []
    for path in folder.iterdir():
        match = _NAME.fullmatch(path.name)
        if match and path.is_dir() and path.stat().st_mtime >= since - _GRAIN_S:
            found.append((int(match[1]), path))
    return sorted(found, reverse=True)


def is_whole(path: Path) -> bool:
    """Say whether a checkpoint has its state, weights and optimizer, none of them cut short."""
    names = [each.name for each in path.iterdir()]
    if not any(_WEIGHTS.fullmatch(name) for name in names):
        return False
    if "optimizer.pt" not in names and "optimizer.bin" not in names:
        return False
    try:
        json.loads((path / "trainer_state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return all(_is_uncut(path / name) for name in names)


def _is_uncut(path: Path) -> bool:
    if path.suffix == ".safetensors":
        return _is_uncut_safetensors(path)
    if path.suffix in (".pt", ".bin"):
        return zipfile.is_zipfile(path)
    return True


def _is_uncut_safetensors(path: Path) -> bool:
    """The file begins with the length of a JSON header, which says where each tensor ends."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(_HEADER_BYTES), "little")
            size = os.fstat(file.fileno()).st_size
            if length > size:
                return False
            header = json.loads(file.read(length))
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name[0] != "_"]
        return bool(size == _HEADER_BYTES + length + max(ends, default=0))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
