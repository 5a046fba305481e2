"""Intact records into points, one at a time: by a known layout if there is one, else decoded."""

from __future__ import annotations

import struct
from collections.abc import Callable
from math import inf
from typing import Any, NamedTuple

from hprun.metrics.events import decode
from hprun.metrics.layouts import Catalogue, Layout, layout_of, step_of
from hprun.metrics.points import FilePoints, TagPoints
from hprun.metrics.records import HEADER
from hprun.metrics.wire import WireError

_MOST_LAYOUTS = 4096
"""How many layouts of one file are remembered; writers make a few for each tag."""

_LENGTH = struct.Struct("<Q")
_CHECK = struct.Struct("<I")


class _Known(NamedTuple):
    """A layout at work: into which points its only value goes, or None if that is not wanted.

    `layout` is None but for a layout of several values.
    """

    unpack: Callable[[bytes], tuple[Any, ...]]
    points: TagPoints | None
    layout: Layout | None


class Intake:
    """Takes the records of one file into `points`; `unreadable` counts those that are no events."""

    def __init__(self, points: FilePoints) -> None:
        self.points = points
        self.unreadable = 0
        self._known: Catalogue[_Known] = Catalogue(_MOST_LAYOUTS)

    def take(self, data: bytes, at: int) -> int:
        """Take records from `at` on up to the first that is not whole and intact; gives its place."""
        from google_crc32c import value as crc32c

        read_length = _LENGTH.unpack_from
        read_check = _CHECK.unpack_from
        number_of = int.from_bytes
        shapes = self._known.shapes
        last = len(data) - HEADER
        size = len(data)
        newest = -inf
        while at <= last:
            start = at + HEADER
            stop = start + read_length(data, at)[0]
            if stop + 4 > size:
                break
            payload = data[start:stop]
            crc = crc32c(payload)
            if ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF != read_check(data, stop)[0]:
                break
            at = stop + 4
            for mask, meanings in shapes.get(stop - start, ()):
                found = meanings.get(number_of(payload, "little") & mask)
                if found is not None:
                    break
            else:
                self.decode(payload)
                continue
            unpack, points, layout = found
            if layout is not None:
                self._several(layout, payload)
                continue
            wall, raw, value = unpack(payload)
            # As step_of has it: a call takes longer than all this.
            if len(raw) > 3:
                step = step_of(raw)
            else:
                step = number_of(raw, "little")
                step = step & 0x7F | step >> 1 & 0x3F80 | step >> 2 & 0x1FC000
            if wall > newest:  # noqa: PLR1730
                newest = wall
            if points is not None:
                points.steps.append(step)
                points.values.append(value)
                points.last = wall
        if newest > -inf:
            self.points.see(newest)
        return at

    def decode(self, payload: bytes) -> None:
        """Take one intact payload in, and learn its layout."""
        try:
            event = decode(payload)
        except WireError:
            self.unreadable += 1
            return
        self.points.add(event)
        layout = layout_of(payload) if event.scalars else None
        if layout is not None:
            points = self.points.tags[layout.spots[0].tag]
            several = layout if len(layout.spots) > 1 else None
            known = _Known(layout.unpack, points, several)
            self._known.put(layout, known)

    def _several(self, layout: Layout, payload: bytes) -> None:
        """Take an event of several values."""
        wall, step, values = layout.read(payload)
        self.points.see(wall)
        for spot, value in zip(layout.spots, values, strict=True):
            points = self.points.tags[spot.tag]
            if points is not None:
                points.steps.append(step)
                points.values.append(value)
                points.last = wall
