"""Whatever the file: read quickly, in pieces or damaged, it gives what the plain decoder gives.

FUZZ=20 in the environment tries twenty times as many files.
"""

from __future__ import annotations

import os
import random
import struct

import numpy
import pytest

from hprun.metrics.bulk import BulkIntake
from hprun.metrics.eventfile import EventFile
from hprun.metrics.events import decode
from hprun.metrics.intake import Intake
from hprun.metrics.layouts import layout_of
from hprun.metrics.points import FilePoints
from hprun.metrics.records import frame, scan
from hprun.metrics.wire import WireError

TIMES = int(os.environ.get("FUZZ", "1"))

TAGS = [b"loss", b"gain", b"val/accuracy", "größe".encode(), b"\xff\xfe", b"", b"wall", b"check"]


def varint(number: int, at_least: int = 1) -> bytes:
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F or len(out) < at_least - 1:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def plugin(name: bytes) -> bytes:
    return field(9, field(1, field(1, name)))


FLOAT, DOUBLE = b"\x08\x01", b"\x08\x02"
ONE, TWO = field(2, b""), field(2, field(2, b"\x08\x02"))


def f32(number: float) -> bytes:
    return struct.pack("<f", number)


def f64(number: float) -> bytes:
    return struct.pack("<d", number)


COMMON = {
    "simple": lambda tag, x: field(1, tag) + b"\x15" + f32(x),
    "simple with metadata": lambda t, x: field(1, t) + b"\x15" + f32(x) + field(9, field(2, b"n")),
    "content": lambda tag, x: field(1, tag) + field(8, FLOAT + ONE + field(4, f32(x))),
    "keras": lambda tag, x: (
        field(1, tag) + field(8, FLOAT + ONE + field(4, f32(x))) + plugin(b"scalars")
    ),
    "float_val": lambda tag, x: field(1, tag) + field(8, FLOAT + field(5, f32(x))),
    "double": lambda tag, x: field(1, tag) + field(8, DOUBLE + ONE + field(4, f64(x))),
    "double_val": lambda tag, x: field(1, tag) + field(8, DOUBLE + ONE + field(6, f64(x))),
}
ODD = {
    "value first": lambda tag, x: b"\x15" + f32(x) + field(1, tag),
    "not packed": lambda tag, x: field(1, tag) + field(8, FLOAT + b"\x2d" + f32(x)),
    "content first": lambda tag, x: field(1, tag) + field(8, field(4, f32(x)) + FLOAT),
    "two contents": lambda tag, x: (
        field(1, tag) + field(8, FLOAT + field(4, f32(x)) + field(4, f32(x + 1)))
    ),
    "two dtypes": lambda tag, x: field(1, tag) + field(8, FLOAT + DOUBLE + field(4, f64(x))),
    "two values": lambda tag, x: field(1, tag) + b"\x15" + f32(x) + b"\x15" + f32(x + 1),
    "simple and tensor": lambda tag, x: (
        field(1, tag) + b"\x15" + f32(x) + field(8, FLOAT + field(5, f32(x + 1)))
    ),
    "both held": lambda tag, x: (
        field(1, tag) + field(8, FLOAT + field(4, f32(x)) + field(5, f32(x + 1)))
    ),
    "short": lambda tag, x: field(1, tag) + field(8, FLOAT + field(4, b"\0\0")),
    "long": lambda tag, x: field(1, tag) + field(8, FLOAT + field(5, f32(x) + f32(x + 1))),
    "pair": lambda tag, x: field(1, tag) + field(8, FLOAT + TWO + field(4, f32(x))),
    "int64": lambda tag, x: field(1, tag) + field(8, b"\x08\x09" + field(4, b"\1" * 8)),
    "int32": lambda tag, x: field(1, tag) + field(8, b"\x08\x03" + field(4, f32(x))),
    "float in the field of doubles": lambda t, x: field(1, t) + field(8, FLOAT + field(6, f64(x))),
    "text": lambda tag, x: field(1, tag) + field(8, FLOAT + field(5, f32(x))) + plugin(b"text"),
    "nothing": lambda tag, x: field(1, tag),
    "two tags": lambda tag, x: field(1, tag) + field(1, b"loss") + b"\x15" + f32(x),
    "unknown field": lambda tag, x: field(1, tag) + field(77, b"?") + b"\x15" + f32(x),
    "node name": lambda tag, x: field(1, tag) + field(7, b"n") + b"\x15" + f32(x),
    "session": lambda tag, x: field(1, b"_hparams_/session_start_info"),
    "unwritten zero": lambda tag, x: field(1, tag) + field(8, FLOAT + ONE),
    "a long tag": lambda tag, x: field(1, tag * 200) + b"\x15" + f32(x),
    "a key of two bytes": lambda tag, x: field(1, tag) + b"\x95\x00" + f32(x),
}
NUMBERS = [0.0, -0.0, 1.0, -2.5, 1e-30, float("inf"), float("-inf"), float("nan")]


def event(draw: random.Random, wall: float, step: int | None, *values: bytes) -> bytes:
    """An event, mostly as writers lay it out."""
    when = b"\x09" + f64(wall)
    at = b"" if step is None else b"\x10" + varint(step, draw.choice([1] * 30 + [3]))
    what = field(5, b"".join(field(1, value) for value in values))
    again = field(5, field(1, field(1, b"loss") + b"\x15" + f32(4.0)))
    twists = [
        what + when + at,
        at + when + what,
        when + at + what + again,
        when + at + b"\x10\x05" + what,
        when + at + what + field(15, b"unknown"),
        at + what,
    ]
    return draw.choice(twists) if draw.random() < 0.1 else when + at + what


def other(draw: random.Random, wall: float, step: int) -> bytes:
    """A record that is no event with scalars, or no event at all."""
    when = b"\x09" + f64(wall)
    return draw.choice(
        [
            when + field(3, b"brain.Event:2"),
            when + b"\x10" + varint(step) + field(7, b"\x08\x01") if draw.random() < 0.2 else when,
            when + field(7, b"\x08\x02"),
            field(4, bytes(draw.randrange(600))),
            b"",
            b"\xff\xff\xff",
            b"\x0b" + bytes(9),
            draw.randbytes(draw.randrange(60)),
        ]
    )


def records(draw: random.Random, size: int, *, tame: bool = False) -> list[bytes]:
    """Payloads as of a writer that logs some tags in turn, with oddities; none of them if tame."""
    tags = draw.sample(TAGS[:4] if tame else TAGS, draw.randrange(1, 4))
    kinds = [draw.choice(list(COMMON)) for _ in tags]
    step = draw.choice([0, 0, 0, 100, 16_000, 1 << 21, 1 << 28, 1 << 35, -300, 1 << 62])
    oddity = 0.0 if tame else draw.choice([0.0, 0.02, 0.3])
    wall, found = 1e9, []
    while len(found) < size:
        wall += draw.choice([0.01, 1.0, 0.0] if tame else [0.01, 1.0, 0.0, -1.0])
        step += 1 if tame else draw.choice([1] * 20 + [0, 0, 10, 100, -5])
        if oddity and draw.random() < 0.02:
            wall = draw.choice([wall, float("nan"), -1.0, 2e9])
        for tag, kind in zip(tags, kinds, strict=True):
            value = COMMON[kind](tag, draw.random())
            if draw.random() >= oddity:
                found.append(
                    b"\x09" + f64(wall) + b"\x10" + varint(step) + field(5, field(1, value))
                )
                continue
            if draw.random() < 0.2:
                found.append(other(draw, wall, step))
                continue
            make = draw.choice([*COMMON.values(), *ODD.values()])
            values = [make(tag, draw.choice(NUMBERS))]
            while draw.random() < 0.2:
                values.append(draw.choice(list(COMMON.values()))(draw.choice(TAGS), 3.0))
            found.append(event(draw, wall, draw.choice([step, step, 0, None]), *values))
    return found


def keep_of(draw: random.Random):
    return draw.choice([None, None, lambda tag: tag == "loss"])


def plain(data: bytes, keep=None) -> tuple:
    """What the decoder makes of every record that a scan finds, one by one."""
    points, unreadable = FilePoints(keep), 0
    found = scan(data, at_end=True)
    for payload in found.payloads:
        try:
            points.add(decode(payload))
        except WireError:  # noqa: PERF203
            unreadable += 1
    return told(points), unreadable, found.skipped, len(data) - found.end


def told(points: FilePoints) -> tuple:
    """All that is known of a file; numbers as their bits, for NaN is not itself."""
    tags = {}
    for tag, held in points.tags.items():
        tags[tag] = held and (
            held.steps.tolist(),
            held.values.tobytes(),
            held.cuts,
            f64(held.first),
            f64(held.last),
        )
    ends = [wall if wall is None else f64(wall) for wall in (points.began, points.newest)]
    return tags, points.starts, points.hparams, *ends


def of_file(file: EventFile) -> tuple:
    return told(file.points), file.unreadable, file.skipped, file.pending


@pytest.fixture(params=["one by one", "at once"])
def way(request, monkeypatch):
    """How event files are read, however large they are, and in how large pieces."""
    found = numpy if request.param == "at once" else None
    monkeypatch.setattr("hprun.metrics.eventfile.numpy_when_worth", lambda size, ahead: found)
    return lambda size: monkeypatch.setattr("hprun.metrics.eventfile._CHUNK", size)


def read(path, data: bytes, keep=None) -> tuple:
    path.write_bytes(data)
    file = EventFile(str(path), keep)
    file.poll()
    return of_file(file)


@pytest.mark.parametrize("kind", COMMON)
def test_what_writers_write_has_a_layout_and_is_read_by_it(kind):
    for step in (None, 0, 1, 127, 128, 20_000, 3_000_000, 1 << 28, 1 << 40, -1):
        at = b"" if step is None else b"\x10" + varint(step)
        value = COMMON[kind](b"loss", 0.5)
        payload = b"\x09" + f64(12.5) + at + field(5, field(1, value))
        layout = layout_of(payload)
        assert layout is not None
        assert layout.read(payload) == (12.5, step or 0, (0.5,))
        assert [spot.tag for spot in layout.spots] == ["loss"]


@pytest.mark.parametrize("kind", ODD)
def test_what_is_laid_out_oddly_is_left_to_the_decoder(kind):
    value = ODD[kind](b"loss", 0.5)
    payload = b"\x09" + f64(12.5) + b"\x10\x07" + field(5, field(1, value))
    layout = layout_of(payload)
    if kind in {"not packed", "a key of two bytes", "content first", "value first"}:
        assert layout is None or layout.read(payload) == (12.5, 7, (0.5,))
    else:
        assert layout is None


@pytest.mark.parametrize("seed", range(60 * TIMES))
def test_the_fast_ways_give_what_the_decoder_gives(tmp_path, way, seed):
    draw = random.Random(seed)
    data = b"".join(map(frame, records(draw, draw.choice([5, 100, 400]))))
    keep = keep_of(draw)
    way(draw.choice([200, 5000, 1 << 19]))
    assert read(tmp_path / "tfevents", data, keep) == plain(data, keep)


@pytest.mark.parametrize("seed", range(40 * TIMES))
def test_records_of_one_length_and_other_contents_are_told_apart(tmp_path, way, seed):
    draw = random.Random(seed)
    made = records(draw, 200, tame=True)
    for _ in range(40):
        # Another byte anywhere, with the right checksum: another tag, type, order or nonsense.
        place = draw.randrange(len(made))
        changed = bytearray(made[place])
        changed[draw.randrange(len(changed))] = draw.choice(
            [0, 1, 2, 8, 0x80, 0xFF, draw.randrange(256)]
        )
        made[place] = bytes(changed)
    data = b"".join(map(frame, made))
    assert read(tmp_path / "tfevents", data) == plain(data)


@pytest.mark.parametrize("seed", range(25 * TIMES))
def test_cuts_at_any_byte_and_polls_at_any_time_give_what_a_full_read_gives(tmp_path, way, seed):
    draw = random.Random(seed)
    parts = [frame(payload) for payload in records(draw, 60)]
    if draw.random() < 0.5:
        for _ in range(3):
            parts.insert(draw.randrange(len(parts)), damage(draw, parts))
        parts.append(frame(b""))
    data = b"".join(parts)
    way(draw.choice([100, 1 << 19]))
    path = tmp_path / "tfevents"
    path.touch()
    file = EventFile(str(path))
    at = 0
    while at < len(data):
        size = draw.choice([1, 7, 40, 500, 4096])
        with path.open("ab") as end:
            end.write(data[at : at + size])
        at += size
        if draw.random() < 0.5:
            file.poll()
    file.poll()
    assert of_file(file) == plain(data)


def damage(draw: random.Random, parts: list[bytes]) -> bytes:
    """Bytes between records: junk, zeros, half a record."""
    half = draw.choice(parts)
    junk = draw.randbytes(draw.randrange(1, 60))
    return draw.choice([junk, bytes(draw.randrange(1, 5000)), half[: draw.randrange(1, len(half))]])


@pytest.mark.parametrize("seed", range(30 * TIMES))
def test_damage_is_passed_over_as_a_scan_does(tmp_path, way, seed):
    draw = random.Random(seed)
    parts = [frame(payload) for payload in records(draw, 150)]
    for _ in range(draw.randrange(1, 6)):
        parts.insert(draw.randrange(len(parts)), damage(draw, parts))
    parts.append(frame(b""))
    data = b"".join(parts)
    way(draw.choice([300, 1 << 19]))
    assert read(tmp_path / "tfevents", data) == plain(data)


@pytest.mark.parametrize("seed", range(4 * TIMES))
def test_a_flipped_bit_costs_at_most_its_record_and_makes_no_value(tmp_path, way, seed):
    draw = random.Random(seed)
    made = [frame(payload) for payload in records(draw, 120, tame=True)]
    whole = b"".join(made)
    points = {
        tag: list(zip(held.steps, held.values, strict=True))
        for tag, held in _points(tmp_path / "whole", whole).tags.items()
    }
    for _ in range(150):
        bit = draw.randrange(8 * len(whole))
        broken = bytearray(whole)
        broken[bit // 8] ^= 1 << bit % 8
        left = _points(tmp_path / "broken", bytes(broken)).tags
        assert left.keys() <= points.keys()
        lost = 0
        for tag, rows in points.items():
            held = left.get(tag)
            kept = list(zip(held.steps, held.values, strict=True)) if held else []
            lost += len(rows) - len(kept)
            if len(kept) < len(rows):
                gone = next((i for i, row in enumerate(kept) if row != rows[i]), len(kept))
                assert kept == rows[:gone] + rows[gone + 1 :]
            else:
                assert kept == rows
        assert lost <= 1


def _points(path, data: bytes) -> FilePoints:
    path.write_bytes(data)
    file = EventFile(str(path))
    file.poll()
    return file.points


def test_every_single_bit_of_a_record_among_its_like_is_checked():
    made = [
        frame(
            b"\x09"
            + f64(1e9 + i)
            + b"\x10"
            + varint(i)
            + field(5, field(1, COMMON["keras"](b"loss", i)))
        )
        for i in range(1, 100)
    ]
    start = sum(map(len, made[:60]))
    for bit in range(8 * len(made[60])):
        broken = bytearray(b"".join(made))
        broken[start + bit // 8] ^= 1 << bit % 8
        intake = Intake(FilePoints())
        assert BulkIntake(numpy, intake).take(bytes(broken)) == start
        assert intake.points.tags["loss"].steps.tolist() == list(range(1, 61))


def test_most_of_an_ordinary_file_is_read_at_once(monkeypatch):
    draw = random.Random(3)
    monkeypatch.setattr(draw, "choice", lambda found: found[0])
    data = b"".join(map(frame, records(draw, 500)))
    decoded = []
    monkeypatch.setattr("hprun.metrics.bulk.decode", lambda p: decoded.append(p) or decode(p))
    monkeypatch.setattr("hprun.metrics.bulk._catalogue.shapes", {})
    assert BulkIntake(numpy, Intake(FilePoints())).take(data) == len(data)
    assert 0 < len(decoded) < 10
    decoded.clear()
    # What one file taught helps with the next.
    assert BulkIntake(numpy, Intake(FilePoints())).take(data) == len(data)
    assert decoded == []
