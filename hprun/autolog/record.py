"""What was added to a run's training, and what came of it, as its process wrote it down."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from hprun.dataclass import dataclass

_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Saved:
    """A checkpoint after `epoch` epochs (or steps, by `unit`) of training number `fit`, from 0."""

    fit: int
    epoch: int
    unit: str = "epoch"


@dataclass(frozen=True, slots=True)
class Record:
    """All attempts of one run.

    `writers` are the places of curves that were added. `saving` and `training` are seconds,
    `resumed` and `skipped` say where attempts went on, `damaged` which checkpoints could not be
    read, `notes` what else there is to say, each as part of a sentence. `memory` is what was said
    of the memory of GPUs.
    """

    writers: tuple[str, ...] = ()
    saved: tuple[Saved, ...] = ()
    resumed: tuple[Saved, ...] = ()
    skipped: tuple[int, ...] = ()
    damaged: tuple[Saved, ...] = ()
    notes: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    saving: float = 0.0
    training: float = 0.0
    memory: tuple[str, ...] = ()


def read_record(path: Path) -> Record:
    """Read what a run's process wrote down; empty without a file, broken lines are passed over."""
    rows = list(_rows(path))
    saving, training = _times(rows)
    return Record(
        writers=_each(
            f"a TensorBoard callback in {row['place']}/"
            if row.get("what") == "TensorBoard"
            else f"metrics in {row['place']}"
            for row in rows
            if row["event"] == "added"
        ),
        saved=tuple(_saved(rows, "saved")),
        resumed=tuple(_saved(rows, "resumed")),
        skipped=tuple(one.fit for one in _saved(rows, "skipped")),
        damaged=tuple(_saved(rows, "damaged")),
        notes=_each(_notes(rows)),
        errors=_each(f"{row.get('where')}: {row.get('error')}" for row in _of(rows, "error")),
        saving=saving,
        training=training,
        memory=_memory(rows),
    )


def lines(record: Record) -> list[str]:
    """Say it in lines for people; none where there is nothing to say."""
    several = len({one.fit for one in record.saved}) > 1
    added = list(record.writers)
    if record.saved:
        share = f" ({_share(record)} of the training time)" if record.training else ""
        added.append(f"checkpoints after {_epochs(record.saved, several=several)}{share}")
    found = [f"added: {'; '.join(added)}"] if added else []
    found += [
        f"resumed at {one.unit} {one.epoch}{_of_fit(one, several=several)}"
        for one in record.resumed
    ]
    found += [
        f"training {fit + 1} had ended in an earlier attempt, and was not repeated"
        for fit in record.skipped
    ]
    found += [
        f"the checkpoint after {one.unit} {one.epoch}{_of_fit(one, several=several)} was damaged"
        for one in record.damaged
    ]
    if record.memory:
        found.append(f"GPU memory: {', '.join(record.memory)}")
    return [*found, *record.notes, *(f"hprun's own error, {error}" for error in record.errors)]


def _share(record: Record) -> str:
    return f"{100 * record.saving / record.training:.1f} %"


def _epochs(saved: Sequence[Saved], *, several: bool) -> str:
    epochs = [f"{one.epoch}{_of_fit(one, several=several)}" for one in saved]
    word = "epoch" if len(epochs) == 1 else "epochs"
    if len(epochs) <= _SHOWN:
        return f"{word} {', '.join(epochs)}"
    return f"{word} {', '.join(epochs[:3])}, … {epochs[-1]}, {len(epochs)} in all"


def _of_fit(one: Saved, *, several: bool) -> str:
    return f" of training {one.fit + 1}" if several or one.fit else ""


def _rows(path: Path) -> Iterable[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and isinstance(row.get("event"), str):
            yield row


def _of(rows: Iterable[dict[str, Any]], event: str) -> Iterable[dict[str, Any]]:
    return (row for row in rows if row["event"] == event)


def _saved(rows: Iterable[dict[str, Any]], event: str) -> Iterable[Saved]:
    for row in _of(rows, event):
        fit, epoch = row.get("fit"), row.get("epoch")
        if isinstance(fit, int) and isinstance(epoch, int) and not row.get("completed"):
            yield Saved(fit, epoch, str(row.get("unit", "epoch")))


def _times(rows: Iterable[dict[str, Any]]) -> tuple[float, float]:
    """Add up the last account of every attempt."""
    saving = training = 0.0
    last = (0.0, 0.0)
    for row in rows:
        if row["event"] == "start":
            saving, training, last = saving + last[0], training + last[1], (0.0, 0.0)
        elif row["event"] in ("saved", "ended"):
            spent, trained = row.get("saving"), row.get("training")
            if isinstance(spent, float | int) and isinstance(trained, float | int):
                last = float(spent), float(trained)
    return saving + last[0], training + last[1]


def _memory(rows: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    """What each framework was told last."""
    last = {str(row.get("of")): _memory_words(row) for row in _of(rows, "memory")}
    return tuple(f"{words} ({framework})" for framework, words in last.items())


def _memory_words(row: dict[str, Any]) -> str:
    part, size, whose = row.get("part"), row.get("size"), row.get("whose")
    by = {"script": ", as the script says", "environment": ", as its environment says"}
    more = by.get(str(whose), "") + (", and by MPS" if row.get("mps") else "")
    if isinstance(part, float | int):
        return f"{part:{'.2f' if part >= 0.1 else '.2g'}} of the device{more}"
    if isinstance(size, float | int):
        return f"{size / 1e9:.2f} GB of the device{more}"
    return more.removeprefix(", ") if whose is not None else "taken as needed"


def _notes(rows: Iterable[dict[str, Any]]) -> Iterable[str]:
    for row in rows:
        if row["event"] == "left":
            yield f"no checkpoints: {row.get('why')}"
        elif row["event"] == "unfit":
            yield f"began anew: {row.get('why')}"
        elif row["event"] == "withdrawn":
            yield f"what was written to {row.get('place')} was removed: the script has its own"
        for change in row.get("changed") or ():
            yield str(change)


def _each(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
