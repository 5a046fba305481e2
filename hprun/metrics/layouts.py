"""The layout of a record: where its changing bytes lie, so that its like need no decoding.

The records of one tag in one file differ in their wall time, their step and their value alone.
Whatever does not fit exactly what is known here has no layout and is for the decoder.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any, Generic, NamedTuple, TypeVar

from hprun.metrics.events import plugin_of
from hprun.metrics.tensors import has_one_element
from hprun.metrics.wire import BYTES, FIXED32, FIXED64, VARINT, WireError, signed, varint

Meaning = TypeVar("Meaning")

_LONGEST = 512
"""Bytes of the longest payload that can have a layout: a scalar's is far shorter."""

_DTYPES = {1: ("f", 5), 2: ("d", 6)}
"""By dtype: how a number is laid out, and which `*_val` field can hold it."""

_SIZES = {"f": 4, "d": 8}

_DATA = b"\0"
_STEP = b"\x80"
_FIXED = b"\xff"


class Spot(NamedTuple):
    """A tag's value: at which byte of the payload, as which `struct` code."""

    tag: str
    at: int
    code: str

    @property
    def size(self) -> int:
        """How many bytes it takes."""
        return _SIZES[self.code]


class Layout(NamedTuple):
    """What a payload holds that is as long as `sample`, and like it wherever `mask` has a bit.

    The wall time is at byte 1; the step, a varint, is `step_size` bytes (0: none, the step is 0)
    at `step_at`. `unpack` gives wall time, the bytes of the step, and values.
    """

    sample: bytes
    mask: bytes
    step_at: int
    step_size: int
    spots: tuple[Spot, ...]
    unpack: Callable[[bytes], tuple[Any, ...]]

    def read(self, payload: bytes) -> tuple[float, int, tuple[float, ...]]:
        """Give wall time, step and values of a payload of this layout."""
        wall, raw, *values = self.unpack(payload)
        return wall, step_of(raw), tuple(values)


class Catalogue(Generic[Meaning]):
    """Finds what goes with a payload's layout; forgets all when there are `most`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._count = 0
        # By length of the payload: masks, and for each the bytes under it.
        self.shapes: dict[int, list[tuple[int, dict[int, Meaning]]]] = {}

    def find(self, payload: bytes) -> Meaning | None:
        """Give what goes with a payload; None where its layout is not known."""
        number = int.from_bytes(payload, "little")
        for mask, meanings in self.shapes.get(len(payload), ()):
            found = meanings.get(number & mask)
            if found is not None:
                return found
        return None

    def put(self, layout: Layout, meaning: Meaning) -> None:
        """Remember what goes with a layout."""
        if self._count == self._most:
            self.shapes.clear()
            self._count = 0
        self._count += 1
        mask = int.from_bytes(layout.mask, "little")
        shapes = self.shapes.setdefault(len(layout.sample), [])
        meanings = next((held for bits, held in shapes if bits == mask), None)
        if meanings is None:
            meanings = {}
            shapes.append((mask, meanings))
        meanings[int.from_bytes(layout.sample, "little") & mask] = meaning


def step_of(raw: bytes) -> int:
    """Read the bytes of a step; without any, it is 0."""
    if len(raw) > 4:
        return signed(varint(raw, 0, len(raw))[0])
    # Seven bits of each byte: steps below 2^28.
    number = int.from_bytes(raw, "little")
    return number & 0x7F | number >> 1 & 0x3F80 | number >> 2 & 0x1FC000 | number >> 3 & 0xFE00000


def layout_of(payload: bytes) -> Layout | None:
    """Find the layout of a payload that decodes well; None where it has none.

    It has one if it is a wall time, a step or none, and a summary, in this order, and if all values
    of that are scalars of different tags, each a float32 or float64 that is written out once.
    """
    if len(payload) > _LONGEST or payload[:1] != b"\x09":
        return None
    step_at = step_size = 0
    found = list(_spans(payload, 0, len(payload)))
    kinds = [(number, kind) for number, kind, _, _ in found]
    if kinds == [(1, FIXED64), (2, VARINT), (5, BYTES)]:
        step_at, stop = found[1][2:]
        step_size = stop - step_at
    elif kinds != [(1, FIXED64), (5, BYTES)]:
        return None
    spots = []
    for number, kind, first, stop in _spans(payload, *found[-1][2:]):
        spot = _spot(payload, first, stop) if (number, kind) == (1, BYTES) else None
        if spot is None:
            return None
        spots.append(spot)
    if not spots or len({spot.tag for spot in spots}) < len(spots):
        return None
    return _made(payload, step_at, step_size, spots)


def _made(payload: bytes, step_at: int, step_size: int, spots: list[Spot]) -> Layout:
    mask = bytearray(_FIXED * len(payload))
    mask[1:9] = _DATA * 8
    # A step's bytes say by their highest bits where it ends.
    mask[step_at : step_at + step_size] = _STEP * step_size
    # Without a step, none of its bytes are unpacked, which make 0.
    step_at = step_at or 9
    form = f"<xd{step_at - 9}x{step_size}s"
    at = step_at + step_size
    for spot in spots:
        form += f"{spot.at - at}x{spot.code}"
        at = spot.at + spot.size
        mask[spot.at : at] = _DATA * (at - spot.at)
    unpack = struct.Struct(f"{form}{len(payload) - at}x").unpack
    return Layout(payload, bytes(mask), step_at, step_size, tuple(spots), unpack)


def _spot(data: bytes, at: int, stop: int) -> Spot | None:
    """Find tag and value in a `Summary.Value`, if it is laid out as one that is known."""
    held: dict[int, tuple[int, int, int]] = {}
    for number, kind, first, end in _spans(data, at, stop):
        if number in held:
            return None
        held[number] = kind, first, end
    tag = held.pop(1, None)
    metadata = held.pop(9, None)
    if tag is None or tag[0] != BYTES or len(held) != 1:
        return None
    if metadata is not None and metadata[0] != BYTES:
        return None
    name = data[tag[1] : tag[2]].decode("utf-8", "replace")
    number, (kind, first, end) = held.popitem()
    if (number, kind) == (2, FIXED32):
        return Spot(name, first, "f")
    named = b"" if metadata is None else plugin_of(data[metadata[1] : metadata[2]])
    if (number, kind) == (8, BYTES) and named in {b"", b"scalars"}:
        found = _tensor_spot(data, first, end)
        return None if found is None else Spot(name, *found)
    return None


def _tensor_spot(data: bytes, at: int, stop: int) -> tuple[int, str] | None:
    """Find the one number of a float32 or float64 tensor."""
    held: dict[int, tuple[int, int, int]] = {}
    for number, kind, first, end in _spans(data, at, stop):
        if number in held:
            return None
        held[number] = kind, first, end
    kind, first, end = held.pop(1, (BYTES, 0, 0))
    if kind != VARINT or end != first + 1 or data[first] not in _DTYPES:
        return None
    code, field = _DTYPES[data[first]]
    kind, first, end = held.pop(2, (BYTES, 0, 0))
    if kind != BYTES or not has_one_element(data, first, end) or len(held) != 1:
        return None
    number, (kind, first, end) = held.popitem()
    if kind == VARINT or end - first != _SIZES[code]:
        return None
    return (first, code) if number == field or (number, kind) == (4, BYTES) else None


def _spans(data: bytes, at: int, stop: int) -> Iterator[tuple[int, int, int, int]]:
    """Go through a message: field number, wire type, where the value starts and stops."""
    while at < stop:
        key, at = varint(data, at, stop)
        kind = key & 7
        if kind == VARINT:
            _, end = varint(data, at, stop)
        elif kind == BYTES:
            size, at = varint(data, at, stop)
            end = at + size
        elif kind in {FIXED32, FIXED64}:
            end = at + (4 if kind == FIXED32 else 8)
        else:
            raise WireError("a group or an unknown wire type")
        yield key >> 3, kind, at, end
        at = end
