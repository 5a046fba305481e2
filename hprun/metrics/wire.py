"""The protocol buffer wire format: a message's fields, without a schema or a library.

Source: the encoding page of the protocol buffers documentation.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types: how a field's value is laid out."""

_FIXED64 = struct.Struct("<Q")
_FIXED32 = struct.Struct("<I")


class WireError(ValueError):
    """Bytes that are no message."""


def fields(data: bytes, at: int, stop: int) -> Iterator[tuple[int, int, int, int]]:
    """Go through the message `data[at:stop]`.

    Gives field number, wire type and two numbers: of a varint its value (and 0), of all others
    where the value starts and stops. Raises WireError.
    """
    while at < stop:
        # Nearly all keys and sizes are one byte: those are not worth a call.
        key = data[at]
        at += 1
        if key > 0x7F:
            key, at = varint(data, at - 1, stop)
        kind = key & 7
        if kind == BYTES:
            if at < stop and data[at] < 0x80:
                end = at + 1 + data[at]
                at += 1
            else:
                size, at = varint(data, at, stop)
                end = at + size
        elif kind == VARINT:
            value, at = varint(data, at, stop)
            yield key >> 3, kind, value, 0
            continue
        elif kind == FIXED64:
            end = at + 8
        elif kind == FIXED32:
            end = at + 4
        else:
            raise WireError("a group or an unknown wire type")
        if end > stop:
            raise WireError("a field goes past the end")
        yield key >> 3, kind, at, end
        at = end


def varint(data: bytes, at: int, stop: int) -> tuple[int, int]:
    """Read an unsigned varint; gives it and where it ends. Raises WireError."""
    value = shift = 0
    while at < stop:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
        if shift > 63:
            break
    raise WireError("a number without an end")


def signed(value: int) -> int:
    """Read a 64-bit varint as the signed number that it stands for."""
    return value - (1 << 64) if value >> 63 else value


def double(data: bytes, at: int) -> float:
    """Read eight bytes as a float."""
    value: float = struct.unpack_from("<d", data, at)[0]
    return value
