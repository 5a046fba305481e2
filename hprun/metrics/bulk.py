"""Many records at once, with NumPy: for files of megabytes, where its import pays.

Records of one layout make a matrix of bytes. CRC-32C is linear: the checksum of a payload is that
of another one of its layout, combined with what each changed byte adds, which a table tells. So
every checksum is verified, though most bytes are but compared.
"""

from __future__ import annotations

from itertools import pairwise
from operator import itemgetter
from typing import Any, NamedTuple

from hprun.metrics.events import Event, decode
from hprun.metrics.framewalk import FrameWalk, Route
from hprun.metrics.intake import Intake
from hprun.metrics.layouts import Catalogue, Layout, layout_of
from hprun.metrics.records import FRAME, HEADER, masked_crc
from hprun.metrics.wire import WireError

_POLYNOMIAL = 0x82F63B78
_MOST_SHAPES = 64
"""How many layouts of one length are tried on all records: more cost more than they bring."""

_FEW = 12
"""Records of one length that are sooner taken one by one."""

_WORD = 8

_Part = tuple[Any, Any, Any, Any]
"""Of points of one tag: the numbers of their records, steps, values, wall times."""

_tables: list[Any] = []
_catalogue: Catalogue[_Shape] = Catalogue(1024)
"""What was learned, whatever the file: trials of a search write the same tags."""


class _Shape:
    """A layout as arrays, over the bytes of whole records, filled up to whole words."""

    def __init__(self, np: Any, layout: Layout) -> None:
        from google_crc32c import value as crc32c

        self.layout = layout
        self.crc = np.uint32(crc32c(layout.sample))
        length = len(layout.sample)
        self.stop = HEADER + length
        fill = bytes(-(self.stop + 4) % _WORD + 4)
        self.sample = np.frombuffer(bytes(HEADER) + layout.sample + fill, "<u8")
        self.mask = np.frombuffer(bytes(HEADER) + layout.mask + fill, "<u8")
        # Which bytes may differ, and what a difference there does to the checksum.
        places = [at for at, mask in enumerate(layout.mask) if mask != 0xFF]
        self.places = np.array([HEADER + at for at in places])
        self.tables = np.concatenate([_table(np, length - 1 - at) for at in places])
        self.offsets = 256 * np.arange(len(places))[:, None]
        fields = {"wall": ("<f8", 1), "check": ("<u4", length)}
        for byte in range(layout.step_size):
            fields[f"step {byte}"] = "u1", layout.step_at + byte
        for number, spot in enumerate(layout.spots):
            fields[f"value {number}"] = f"<{spot.code}", spot.at
        self.record = np.dtype(
            {
                "names": list(fields),
                "formats": [code for code, _ in fields.values()],
                "offsets": [HEADER + at for _, at in fields.values()],
                "itemsize": _WORD * len(self.sample),
            }
        )


class _Column(NamedTuple):
    """Records of one shape: their numbers in the chunk, rising, and their fields."""

    shape: _Shape
    numbers: Any
    rows: Any


class BulkIntake:
    """Takes the records of one file as `intake` does, and leaves it what is rare."""

    def __init__(self, np: Any, intake: Intake) -> None:
        self._np = np
        self._intake = intake
        self._points = intake.points
        self._walk = FrameWalk(np)
        self._shapes: dict[int, list[_Shape]] = {}

    def take(self, data: bytes) -> int:
        """Take records up to one that is damaged, torn or a session's start; gives its place."""
        np = self._np
        if len(data) < FRAME:
            return 0
        route = self._walk.route(data)
        with np.errstate(all="ignore"):  # any bytes may be numbers
            stop = self._take(data, route)
        return route.end if stop == len(route.places) else int(route.places[stop])

    def _take(self, data: bytes, route: Route) -> int:
        """Take the records of a route; gives the number of the first that is left."""
        np = self._np
        chunk = _Chunk(len(route.places))
        # The last record's last word may go beyond the end.
        room = data + bytes(_WORD)
        for size, numbers in route.sizes:
            wide = -(-size // _WORD) * _WORD
            windows = np.ndarray((len(room) - wide + 1,), f"V{wide}", room, 0, (1,))
            self._sort(chunk, size - FRAME, numbers, windows[route.places[numbers]])
        self._commit(chunk)
        return chunk.stop

    def _sort(self, chunk: _Chunk, length: int, numbers: Any, rows: Any) -> None:
        """Find the shapes of the records of one length; what has none is decoded."""
        shapes = self._shapes.setdefault(length, [])
        if len(rows) <= _FEW:
            for number, row in zip(numbers.tolist(), rows, strict=True):
                self._take_one(chunk, number, row.tobytes(), length)
            return
        for shape in shapes:
            numbers, rows = self._match(chunk, shape, numbers, rows)
            if not len(rows):
                return
        while len(rows) and numbers[0] < chunk.stop:
            record = rows[0].tobytes()
            known = None
            if len(shapes) < _MOST_SHAPES:
                known = _catalogue.find(record[HEADER : HEADER + length])
            if known is None:
                self._take_one(chunk, int(numbers[0]), record, length)
                numbers, rows = numbers[1:], rows[1:]
            else:
                shapes.append(known)
                numbers, rows = self._match(chunk, known, numbers, rows)

    def _take_one(self, chunk: _Chunk, number: int, record: bytes, length: int) -> None:
        """Take a record by itself, and learn its shape."""
        payload = record[HEADER : HEADER + length]
        check = record[HEADER + length : HEADER + length + 4]
        if masked_crc(payload) != int.from_bytes(check, "little"):
            chunk.end_at(number)
            return
        shape = _catalogue.find(payload)
        if shape is not None:
            wall, step, values = shape.layout.read(payload)
            tags = [spot.tag for spot in shape.layout.spots]
            scalars = list(zip(tags, values, strict=True))
            chunk.odd.append((number, Event(wall, step, scalars, start=False, hparams=False)))
            return
        event = chunk.decode(number, payload)
        if event is None:
            return
        chunk.odd.append((number, event))
        layout = layout_of(payload) if event.scalars else None
        if layout is not None:
            _catalogue.put(layout, _Shape(self._np, layout))

    def _match(self, chunk: _Chunk, shape: _Shape, numbers: Any, rows: Any) -> tuple[Any, Any]:
        """Take the records of a shape out, and verify their checksums; gives the others."""
        np = self._np
        changed = rows.view("<u8").reshape(len(rows), -1) ^ shape.sample
        other = changed & shape.mask
        rest = numbers[:0], rows[:0]
        if other.any():
            unlike = other.any(axis=1)
            rest = numbers[unlike], rows[unlike]
            like = ~unlike
            numbers, rows, changed = numbers[like], rows[like], changed[like]
            if not len(rows):
                return rest
        differing = changed.view("u1").T[shape.places] + shape.offsets
        crc = np.bitwise_xor.reduce(shape.tables[differing], axis=0) ^ shape.crc
        crc = (crc >> 15 | crc << 17) + np.uint32(0xA282EAD8)
        rows = rows.view(shape.record)
        wrong = crc != rows["check"]
        if wrong.any():
            chunk.end_at(int(numbers[wrong.argmax()]))
        chunk.columns.append(_Column(shape, numbers, rows))
        return rest

    def _commit(self, chunk: _Chunk) -> None:
        """Hand over all points of the records before the chunk's stop, in their order."""
        np = self._np
        tags: dict[str, list[_Part]] = {}
        for shape, numbers, rows in chunk.columns:
            count = int(numbers.searchsorted(chunk.stop)) if chunk.short else len(numbers)
            if count:
                self._read(_Column(shape, numbers[:count], rows[:count]), chunk, tags)
        self._intake.unreadable += sum(number < chunk.stop for number in chunk.unreadable)
        self._read_odd(chunk, tags)
        if chunk.first is not None:
            self._points.see(chunk.first[1])
            self._points.see(chunk.newest)
        for tag, parts in tags.items():
            for _, steps, values, walls in self._in_order(parts):
                ends = float(walls[0]), float(walls[-1])
                doubles = values.astype(np.float64).tobytes()
                self._points.extend(tag, steps.tobytes(), doubles, *ends)

    def _in_order(self, parts: list[_Part]) -> list[_Part]:
        """Bring the points of one tag into the order of their records."""
        parts.sort(key=lambda part: part[0][0])
        if all(one[0][-1] < two[0][0] for one, two in pairwise(parts)):
            return parts
        numbers, steps, values, walls = map(self._np.concatenate, zip(*parts, strict=True))
        order = numbers.argsort(kind="stable")
        return [(numbers, steps[order], values[order], walls[order])]

    def _read_odd(self, chunk: _Chunk, tags: dict[str, list[_Part]]) -> None:
        """Take what was decoded one by one."""
        np = self._np
        odd: dict[str, list[tuple[int, int, float, float]]] = {}
        for number, event in sorted(chunk.odd, key=itemgetter(0)):
            if number < chunk.stop:
                chunk.see(number, event.wall_time, event.wall_time)
                self._points.hparams |= event.hparams
                for tag, value in event.scalars:
                    row = number, event.step, value, event.wall_time
                    odd.setdefault(tag, []).append(row)
        for tag, rows in odd.items():
            numbers, steps, values, walls = zip(*rows, strict=True)
            whole = np.array(numbers), np.array(steps, np.int64)
            tags.setdefault(tag, []).append((*whole, np.array(values), np.array(walls)))

    def _read(self, column: _Column, chunk: _Chunk, tags: dict[str, list[_Part]]) -> None:
        """Read wall times, and steps and values of wanted tags."""
        np = self._np
        shape, numbers, rows = column
        walls = rows["wall"]
        chunk.see(int(numbers[0]), float(walls[0]), float(np.fmax.reduce(walls)))
        spots = enumerate(shape.layout.spots)
        wanted = [(number, spot.tag) for number, spot in spots if self._points.wants(spot.tag)]
        if not wanted:
            return
        steps = np.zeros(len(rows), np.int64)
        for byte in range(shape.layout.step_size):
            steps |= (rows[f"step {byte}"] & np.int64(0x7F)) << np.int64(7 * byte)
        for number, tag in wanted:
            part = numbers, steps, rows[f"value {number}"], walls
            tags.setdefault(tag, []).append(part)


class _Chunk:
    """What is found in one stretch of records: only what is before `stop` will count."""

    def __init__(self, count: int) -> None:
        self.stop = self._count = count
        self.columns: list[_Column] = []
        self.odd: list[tuple[int, Event]] = []
        self.unreadable: list[int] = []
        self.first: tuple[int, float] | None = None
        self.newest = float("-inf")

    @property
    def short(self) -> bool:
        """Whether something stands in the way."""
        return self.stop < self._count

    def end_at(self, number: int) -> None:
        """Leave this record, and all after it, for later."""
        self.stop = min(self.stop, number)

    def decode(self, number: int, payload: bytes) -> Event | None:
        """Decode an intact record; None where that is no event, or one to stop at."""
        try:
            event = decode(payload)
        except WireError:
            self.unreadable.append(number)
            return None
        if event.start:
            self.end_at(number)
            return None
        return event

    def see(self, number: int, wall: float, newest: float) -> None:
        """Note wall times: that of a record, and the latest of those that go with it."""
        if self.first is None or number < self.first[0]:
            self.first = number, wall
        self.newest = max(self.newest, newest)


def _table(np: Any, after: int) -> Any:
    """Give what each difference in a byte does to the CRC-32C when `after` more bytes follow."""
    if not _tables:
        crc = np.arange(256, dtype=np.uint32)
        for _ in range(8):
            crc = (crc >> 1) ^ (crc & 1) * np.uint32(_POLYNOMIAL)
        _tables.append(crc)
    while len(_tables) <= after:
        crc = _tables[-1]
        _tables.append((crc >> 8) ^ _tables[0][crc & 0xFF])
    return _tables[after]
