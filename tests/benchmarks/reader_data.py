"""The event files that the readers are timed on: four shapes that searches leave behind.

Encoded by hand, which is quick, as TensorBoard's and TensorFlow's writers do it.
"""

from __future__ import annotations

import random
import struct
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hprun.metrics.records import frame


@dataclass(frozen=True)
class DataSet:
    """Event files of `runs` runs, `events` in all; `files` are their places in a run's folder."""

    name: str
    what: str
    runs: int
    files: tuple[str, ...]
    tag: str
    tensor: bool


SETS = (
    DataSet("big_simple", "one file", 1, ("events.out.tfevents.1",), "val_loss", tensor=False),
    DataSet(
        "big_tensor", "one file, TF 2", 1, ("events.out.tfevents.1.v2",), "epoch_loss", tensor=True
    ),
    DataSet("many", "1,000 runs", 1000, ("events.out.tfevents.1",), "val_loss", tensor=False),
    DataSet(
        "manyk",
        "1,000 Keras runs",
        1000,
        ("train/events.out.tfevents.1.v2", "validation/events.out.tfevents.1.v2"),
        "epoch_loss",
        tensor=True,
    ),
)


def made(data: DataSet, events: int) -> Path:
    """Give the folder of a data set of so many events, made now if it is not there yet."""
    runs = 1 if data.runs == 1 else max(1, data.runs * events // 1_000_000)
    folder = Path(tempfile.gettempdir()) / f"hprun-benchmark-{events}" / data.name
    done = folder.with_name(f"{data.name}.done")
    if done.exists():
        return folder
    for number in range(runs):
        for place in data.files:
            path = folder / f"{number:04d}" / place
            path.parent.mkdir(parents=True, exist_ok=True)
            count = events // runs // len(data.files)
            path.write_bytes(b"".join(records(data, count, number)))
    done.touch()
    return folder


def records(data: DataSet, count: int, seed: int) -> Iterator[bytes]:
    """Give the records of a file with `count` points."""
    draw = random.Random(seed)
    value = _tensor_value(data.tag.encode()) if data.tensor else _simple_value(data.tag.encode())
    wall = 1.7e9 + seed
    yield frame(_wall(wall) + _field(3, b"brain.Event:2"))
    for step in range(count):
        wall += 0.01 + draw.random() / 100
        at = b"\x10" + _varint(step) if step else b""
        yield frame(_wall(wall) + at + _field(5, _field(1, value(1 / (step + 1) + draw.random()))))


def _simple_value(tag: bytes) -> Callable[[float], bytes]:
    return lambda number: _field(1, tag) + b"\x15" + struct.pack("<f", number)


def _tensor_value(tag: bytes) -> Callable[[float], bytes]:
    plugin = _field(9, _field(1, _field(1, b"scalars")))
    head = b"\x08\x01" + _field(2, b"")
    return lambda number: (
        _field(1, tag) + _field(8, head + _field(4, struct.pack("<f", number))) + plugin
    )


def _wall(seconds: float) -> bytes:
    return b"\x09" + struct.pack("<d", seconds)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])
