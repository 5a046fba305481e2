"""Where the records of a stretch of bytes begin, found with NumPy."""

from __future__ import annotations

from typing import Any

from hprun.dataclass import dataclass
from hprun.metrics.records import FRAME, HEADER, masked_crc

_LONGEST = 1 << 30
"""Bytes of a payload beyond which a header is not believed here."""

_FEW, _MANY = 32, 1024
"""How many records are walked through one by one to see how their sizes repeat."""

_MOST_HEADERS = 4096

_LONGEST_ROUTE, _MOST_ROUTES = 10_000, 32
"""How many records the routes that are remembered may have, and how many of them there may be."""

_routes: dict[int, tuple[Route, Any]] = {}
"""By length, files or pieces without a rest, and their headers: trials write files of one shape."""

_sizes: dict[bytes, int] = {}
"""The size of a record by its header, whatever the file, for headers that are right."""


@dataclass(frozen=True)
class Route:
    """Where the records of a stretch begin, and where the last one ends.

    `sizes` are all sizes that records have, each with the numbers of those records, from 0 on.
    """

    places: Any
    end: int
    sizes: list[tuple[int, Any]]


class FrameWalk:
    """Finds the places of records; headers that are known to be right are but compared."""

    def __init__(self, np: Any) -> None:
        self._np = np

    def route(self, data: bytes) -> Route:
        """Find all whole records with right headers up to one that is not."""
        np = self._np
        known = _routes.get(len(data))
        if known is not None and (known[1] == self._heads(data, known[0].places)).all():
            return known[0]
        places, end = self._places(data)
        lengths = np.diff(places, append=end)
        sizes = [(size, np.flatnonzero(lengths == size)) for size in np.unique(lengths).tolist()]
        route = Route(places, end, sizes)
        if len(data) == end and len(places) <= _LONGEST_ROUTE:
            if len(_routes) == _MOST_ROUTES:
                _routes.clear()
            _routes[end] = route, self._heads(data, places)
        return route

    def _heads(self, data: bytes, places: Any) -> Any:
        """Give the headers at these places."""
        every = self._np.ndarray((len(data) - HEADER + 1,), f"V{HEADER}", data, 0, (1,))
        return every[places]

    def _places(self, data: bytes) -> tuple[Any, int]:
        """Give the places of all records, and where the last one ends."""
        np = self._np
        found: list[Any] = []
        at = 0
        most = _FEW
        while True:
            some, at = self._walk(data, at, most)
            found.append(np.array(some, np.int64))
            if len(some) < most:
                break
            more, at = self._repeat(data, some, at)
            found.append(more)
            most = _FEW if len(more) else min(2 * most, _MANY)
        places = np.concatenate(found)
        # The last record may not be all there.
        return (places[:-1], int(places[-1])) if at > len(data) else (places, at)

    def _walk(self, data: bytes, at: int, most: int) -> tuple[list[int], int]:
        """Go from header to header, through at most so many records."""
        sizes = _sizes
        places: list[int] = []
        while len(places) < most:
            header = data[at : at + HEADER]
            size = sizes.get(header)
            if size is None:
                size = self._size(header)
                if not size:
                    break
            places.append(at)
            at += size
        return places, at

    def _size(self, header: bytes) -> int:
        """Give a record's size by its header; 0 where that is not whole and right."""
        length = int.from_bytes(header[:8], "little")
        check = int.from_bytes(header[8:], "little")
        if len(header) < HEADER or length > _LONGEST or masked_crc(header[:8]) != check:
            return 0
        if len(_sizes) < _MOST_HEADERS:
            _sizes[header] = length + FRAME
        return length + FRAME

    def _repeat(self, data: bytes, some: list[int], at: int) -> tuple[Any, int]:
        """Give the places of the records that go on as those at `some` did, and where they end.

        Tags that are logged in turn make sizes that repeat.
        """
        np = self._np
        sizes = [b - a for a, b in zip(some, [*some[1:], at], strict=True)]
        period = next((p for p in range(1, len(sizes) // 2) if sizes[p:] == sizes[:-p]), 0)
        first = some[-period]
        stride = at - first
        rounds = (len(data) - at) // stride if period else 0
        if rounds < 2:
            return np.empty(0, np.int64), at
        same = np.ones(rounds, bool)
        for place in some[-period:]:
            heads = np.ndarray((rounds, 3), "<u4", data, place + stride, (stride, 4))
            wanted = np.frombuffer(data, "<u4", 3, place)
            for part in range(3):
                same &= heads[:, part] == wanted[part]
        if not same.all():
            rounds = int(same.argmin())
        starts = at + stride * np.arange(rounds, dtype=np.int64)
        inside = np.array(some[-period:], np.int64) - first
        return (starts[:, None] + inside).ravel(), at + rounds * stride
