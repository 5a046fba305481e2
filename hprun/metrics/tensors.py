"""Numbers out of `TensorProto` messages that hold just one."""

from __future__ import annotations

import struct
from collections.abc import Callable

from hprun.metrics.wire import BYTES, VARINT, fields, signed, varint

_DTYPE, _SHAPE, _CONTENT, _FLOAT_VAL, _DOUBLE_VAL, _FLOAT8_VAL = 1, 2, 4, 5, 6, 18
_FIXED_FIELDS = {_FLOAT_VAL: "<f", _DOUBLE_VAL: "<d"}

_HELD_IN = {
    1: ("<f", _FLOAT_VAL),  # float
    2: ("<d", _DOUBLE_VAL),  # double
    3: ("<i", 7),  # int32
    4: ("<B", 7),  # uint8
    5: ("<h", 7),  # int16
    6: ("<b", 7),  # int8
    9: ("<q", 10),  # int64
    10: ("<?", 11),  # bool
    11: ("<b", 7),  # qint8
    12: ("<B", 7),  # quint8
    13: ("<i", 7),  # qint32
    14: ("<H", 13),  # bfloat16
    15: ("<h", 7),  # qint16
    16: ("<H", 7),  # quint16
    17: ("<H", 7),  # uint16
    19: ("<H", 13),  # half
    22: ("<I", 16),  # uint32
    23: ("<Q", 17),  # uint64
    24: ("<B", _FLOAT8_VAL),  # float8_e5m2
    25: ("<B", _FLOAT8_VAL),  # float8_e4m3fn
}
"""By dtype: how `tensor_content` holds a number, and which `*_val` field does otherwise.

Complex numbers, strings and packed 4-bit integers are no scores.
"""

_UNSIGNED = frozenset({22, 23})


def scalar(data: bytes, at: int, stop: int) -> float | None:
    """Read the tensor `data[at:stop]` as one number; None if it is no number, or not just one.

    A tensor of one element counts whatever its rank. As in TensorFlow, an element that is not
    written out is 0. Raises WireError.
    """
    dtype = 0
    content = b""
    one = True
    held: dict[int, tuple[int, int, int]] = {}
    for number, kind, first, second in fields(data, at, stop):
        if number == _DTYPE and kind == VARINT:
            dtype = first
        elif number == _SHAPE and kind == BYTES:
            one = has_one_element(data, first, second)
        elif number == _CONTENT and kind == BYTES:
            content = data[first:second]
        else:
            held.setdefault(number, (kind, first, second))
    if not one or dtype not in _HELD_IN:
        return None
    layout, field = _HELD_IN[dtype]
    if content:
        if len(content) != struct.calcsize(layout):
            return None
        number = struct.unpack(layout, content)[0]
        return _SMALL_FLOATS[dtype](number) if dtype in _SMALL_FLOATS else float(number)
    return _from_field(dtype, field, data, held.get(field, (BYTES, 0, 0)))


def has_one_element(data: bytes, at: int, stop: int) -> bool:
    """Tell whether a `TensorShapeProto` leaves room for exactly one element."""
    count = 1
    for number, kind, first, second in fields(data, at, stop):
        if number == 2 and kind == BYTES:
            size = 0
            for inner, inner_kind, value, _ in fields(data, first, second):
                if inner == 1 and inner_kind == VARINT:
                    size = signed(value)
            count *= size
        elif number == 3 and first:
            return False
    return count == 1


def _from_field(dtype: int, field: int, data: bytes, held: tuple[int, int, int]) -> float | None:
    """Read the first number of a repeated field, packed or not."""
    kind, at, stop = held
    if kind == BYTES and at == stop:
        return 0.0
    if field in _FIXED_FIELDS:
        if kind == VARINT or stop - at < struct.calcsize(_FIXED_FIELDS[field]):
            return None
        return float(struct.unpack_from(_FIXED_FIELDS[field], data, at)[0])
    if kind == VARINT:
        bits = at
    elif kind == BYTES:
        bits = data[at] if field == _FLOAT8_VAL else varint(data, at, stop)[0]
    else:
        return None
    if dtype in _SMALL_FLOATS:
        return _SMALL_FLOATS[dtype](bits & 0xFFFF)
    return float(bits if dtype in _UNSIGNED else signed(bits))


def _half(bits: int) -> float:
    """Float16."""
    value: float = struct.unpack("<e", struct.pack("<H", bits))[0]
    return value


def _bfloat16(bits: int) -> float:
    """Bfloat16: the upper half of a float32."""
    value: float = struct.unpack("<f", struct.pack("<I", bits << 16))[0]
    return value


def _e5m2(bits: int) -> float:
    """Float8 with 5 bits of exponent: the upper half of a float16."""
    return _half(bits << 8 & 0xFFFF)


def _e4m3fn(bits: int) -> float:
    """Float8 with 4 bits of exponent (bias 7), without infinities; all ones is NaN."""
    exponent, mantissa = bits >> 3 & 0xF, bits & 0x7
    if exponent == 0xF and mantissa == 0x7:
        return float("nan")
    size = mantissa * 2.0**-9 if exponent == 0 else (8 + mantissa) * 2.0 ** (exponent - 10)
    return -size if bits & 0x80 else size


_SMALL_FLOATS: dict[int, Callable[[int], float]] = {
    14: _bfloat16,
    19: _half,
    24: _e5m2,
    25: _e4m3fn,
}
