"""TFRecord framing: whole, checked records out of bytes that may be torn or damaged.

A record is its length (8 bytes), the length's checksum (4), the payload, the payload's checksum
(4), all little-endian. The checksum is a masked CRC-32C, as TensorFlow's record writer makes it.
"""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

HEADER = 12
"""Bytes before a payload."""

FRAME = 16
"""Bytes of a record that are not payload."""

_LENGTH = struct.Struct("<Q")
_LENGTH_AND_CHECK = struct.Struct("<QI")
_CHECK = struct.Struct("<I")
_ZEROS = b"\0\0\0\0"
_NOT_ZERO = re.compile(rb"[^\0]")


class Scan(NamedTuple):
    """What one stretch of bytes holds.

    `payloads` are intact. `end` is how many bytes are done with, `skipped` of them damaged. What
    follows `end` makes no record yet: come back when `need` bytes from there on are at hand.
    """

    payloads: list[bytes]
    end: int
    skipped: int
    need: int


def scan(data: bytes, *, at_end: bool) -> Scan:
    """Take `data` apart, from a record's start or from within damage.

    `at_end` says that no more bytes are known at present. A torn record at the end waits for its
    rest; so does damage that no intact record follows, as zeros that a file system shows before
    the bytes arrive do. Damage elsewhere is passed over up to the next intact record.
    """
    from google_crc32c import value as crc32c

    payloads: list[bytes] = []
    keep = payloads.append
    read_header = _LENGTH_AND_CHECK.unpack_from
    read_check = _CHECK.unpack_from
    size = len(data)
    at = skipped = 0
    while True:
        if size - at < HEADER:
            return Scan(payloads, at, skipped, HEADER)
        length, check = read_header(data, at)
        start = at + HEADER
        stop = start + length
        if stop + 4 <= size:
            # A payload that passes proves its length, so the header's own check can wait.
            payload = data[start:stop]
            crc = crc32c(payload)
            if ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF == read_check(data, stop)[0]:
                keep(payload)
                at = stop + 4
                continue
        elif check == masked_crc(data[at : at + 8]):
            return Scan(payloads, at, skipped, length + FRAME)
        found = _next_record(data, at + 1)
        if found < 0:
            if at_end:
                return Scan(payloads, at, skipped, 1)
            # The last bytes may be the beginning of a header.
            found = max(at, size - HEADER + 1)
            return Scan(payloads, found, skipped + found - at, HEADER)
        skipped += found - at
        at = found


def masked_crc(data: bytes) -> int:
    """Checksum `data` as TFRecord files do: CRC-32C, rotated and shifted by a constant."""
    from google_crc32c import value

    crc: int = value(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def frame(payload: bytes) -> bytes:
    """Wrap a payload as one record."""
    length = _LENGTH.pack(len(payload))
    head = length + _CHECK.pack(masked_crc(length))
    return head + payload + _CHECK.pack(masked_crc(payload))


def _next_record(data: bytes, at: int) -> int:
    """Find where the next intact or torn record starts, from `at` on; -1 where none does."""
    size = len(data)
    while True:
        # Lengths of 4 GiB and more do not occur: the upper half of a length is zero.
        zeros = data.find(_ZEROS, at + 4)
        if zeros < 0 or zeros + 8 > size:
            return -1
        at = zeros - 4
        length, check = _LENGTH_AND_CHECK.unpack_from(data, at)
        if length == 0 and check == 0:
            # Long runs of zeros hold no header: go to where they end.
            end = _NOT_ZERO.search(data, at)
            if end is None:
                return -1
            at = max(at + 1, end.start() - HEADER + 1)
            continue
        if check == masked_crc(data[at : at + 8]):
            stop = at + HEADER + length
            if stop + 4 > size:
                return at
            payload = data[at + HEADER : stop]
            if masked_crc(payload) == _CHECK.unpack_from(data, stop)[0]:
                return at
        at += 1
