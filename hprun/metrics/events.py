"""TensorBoard's `Event` messages: when, at which step, which scalars."""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import NamedTuple

from hprun.metrics.tensors import scalar
from hprun.metrics.wire import BYTES, FIXED32, FIXED64, VARINT, double, fields, signed

_WALL_TIME, _STEP, _SUMMARY, _SESSION_LOG = 1, 2, 5, 7
_VALUE = 1
_TAG, _SIMPLE_VALUE, _TENSOR, _METADATA = 1, 2, 8, 9
_START = 1
_SESSION_INFO = b"_hparams_/session_start_info"
_FLOAT = struct.Struct("<f")


class Event(NamedTuple):
    """One event: `wall_time` in seconds since the epoch, `scalars` as tags and values.

    `start` is a session's beginning (a writer that came back at `step`); `hparams` marks the
    record by which a run becomes a session of the HParams tab.
    """

    wall_time: float
    step: int
    scalars: list[tuple[str, float]]
    start: bool
    hparams: bool


def decode(payload: bytes) -> Event:
    """Decode one record's payload; what is no scalar in it is passed over. Raises WireError."""
    wall_time = 0.0
    step = 0
    scalars: list[tuple[str, float]] = []
    start = hparams = False
    for number, kind, first, second in fields(payload, 0, len(payload)):
        if number == _WALL_TIME and kind == FIXED64:
            wall_time = double(payload, first)
        elif number == _STEP and kind == VARINT:
            step = signed(first)
        elif number == _SUMMARY and kind == BYTES:
            hparams |= _summary(payload, first, second, scalars)
        elif number == _SESSION_LOG and kind == BYTES:
            start = any(f[:3] == (1, VARINT, _START) for f in fields(payload, first, second))
    return Event(wall_time, step, scalars, start, hparams)


def _summary(data: bytes, at: int, stop: int, scalars: list[tuple[str, float]]) -> bool:
    """Add a `Summary`'s scalars; True if it opens a session of the HParams tab."""
    hparams = False
    for number, kind, first, second in fields(data, at, stop):
        if number == _VALUE and kind == BYTES:
            tag, value = _tagged(data, first, second)
            if value is not None:
                scalars.append((tag.decode("utf-8", "replace"), value))
            elif tag == _SESSION_INFO:
                hparams = True
    return hparams


def _tagged(data: bytes, at: int, stop: int) -> tuple[bytes, float | None]:
    """Read a `Summary.Value`: its tag, and its number where it is a scalar."""
    tag = b""
    value: float | None = None
    tensor: tuple[int, int] | None = None
    plugin = b""
    for number, kind, first, second in fields(data, at, stop):
        if kind == BYTES:
            if number == _TAG:
                tag = data[first:second]
            elif number == _TENSOR:
                tensor = first, second
            elif number == _METADATA:
                plugin = plugin_of(data[first:second])
        elif number == _SIMPLE_VALUE and kind == FIXED32:
            value = _FLOAT.unpack_from(data, first)[0]
    if tensor is not None and plugin in {b"", b"scalars"}:
        value = scalar(data, *tensor)
    return tag, value


@lru_cache(maxsize=256)  # the same few, with every value
def plugin_of(metadata: bytes) -> bytes:
    """Read a `SummaryMetadata`'s plug-in name; empty where it names none."""
    for number, kind, first, second in fields(metadata, 0, len(metadata)):
        if number == 1 and kind == BYTES:
            for inner, inner_kind, start, end in fields(metadata, first, second):
                if inner == 1 and inner_kind == BYTES:
                    return metadata[start:end]
    return b""
