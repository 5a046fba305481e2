from __future__ import annotations

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hprun.metrics.events import decode
from hprun.metrics.records import scan
from hprun.metrics.wire import WireError


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def event(value: bytes, step: int = 7) -> bytes:
    when = b"\x09" + struct.pack("<d", 12.5)
    return when + b"\x10" + varint(step & (1 << 64) - 1) + field(5, field(1, value))


TAG = field(1, b"loss")
SIMPLE = b"\x15" + struct.pack("<f", 0.5)
TENSOR = field(8, b"\x08\x01" + field(2, b"") + field(5, struct.pack("<f", 0.5)))


def plugin(name: bytes) -> bytes:
    return field(9, field(1, field(1, name)))


@pytest.mark.parametrize(
    "value",
    [TAG + SIMPLE, SIMPLE + TAG, TAG + TENSOR, TENSOR + TAG, TAG + TENSOR + plugin(b"scalars")],
)
def test_scalars_are_read_whatever_the_order_of_their_fields(value):
    assert decode(event(value)) == (12.5, 7, [("loss", 0.5)], False, False)


def test_a_zero_is_a_value():
    zero = TAG + b"\x15" + bytes(4)
    assert decode(event(zero)).scalars == [("loss", 0.0)]
    unwritten = TAG + field(8, b"\x08\x01" + field(2, b""))
    assert decode(event(unwritten)).scalars == [("loss", 0.0)]


def test_steps_may_be_negative_or_absent():
    assert decode(event(TAG + SIMPLE, step=-3)).step == -3
    assert decode(event(TAG + SIMPLE, step=1 << 40)).step == 1 << 40
    assert decode(field(5, field(1, TAG + SIMPLE))) == (0.0, 0, [("loss", 0.5)], False, False)


def test_numbers_that_are_not_packed_are_read():
    for dtype, held in (
        (b"\x08\x01", b"\x2d" + struct.pack("<f", 3)),
        (b"\x08\x02", b"\x31" + struct.pack("<d", 3)),
        (b"\x08\x03", b"\x38\x03"),
        (b"\x08\x09", b"\x50\x03"),
        (b"\x08\x13", b"\x68" + varint(0x4200)),
    ):
        assert decode(event(TAG + field(8, dtype + held))).scalars == [("loss", 3.0)]


@pytest.mark.parametrize("name", [b"text", b"histograms", b"images", b"hparams", b"pr_curves"])
def test_tensors_of_other_plug_ins_are_no_scalars(name):
    assert decode(event(TAG + TENSOR + plugin(name))).scalars == []


def test_several_values_of_one_event_are_read():
    two = field(1, TAG + SIMPLE) + field(1, field(1, b"acc") + SIMPLE)
    assert decode(field(5, two)).scalars == [("loss", 0.5), ("acc", 0.5)]


def test_only_a_start_is_a_start():
    assert decode(field(7, b"\x08\x01")).start is True
    assert decode(field(7, b"\x08\x02")).start is False
    assert decode(field(7, b"")).start is False


def test_a_session_of_the_hparams_tab_is_known():
    assert decode(event(field(1, b"_hparams_/session_start_info"))).hparams is True
    assert decode(event(field(1, b"_hparams_/experiment"))).hparams is False


@pytest.mark.parametrize(
    "payload", [b"\x09\0", b"\x2a\x05ab", b"\x80" * 11, b"\x0b", b"\x10", b"\x2a\x02\x0a\x09"]
)
def test_what_is_no_event_is_refused(payload):
    with pytest.raises(WireError):
        decode(payload)


@given(st.binary(max_size=80))
def test_no_bytes_make_the_decoder_fail_otherwise(payload):
    try:
        decode(payload)
    except WireError:
        return


def test_no_changed_byte_of_a_real_event_makes_the_decoder_fail_otherwise(real):
    draw = random.Random(6)
    files = [(real.root / name).read_bytes() for name in real.expected]
    payloads = [
        payload for whole in files for payload in scan(whole, at_end=True).payloads if payload
    ]
    refused = 0
    for _ in range(3000):
        broken = bytearray(draw.choice(payloads))
        broken[draw.randrange(len(broken))] = draw.randrange(256)
        try:
            decode(bytes(broken))
        except WireError:
            refused += 1
    assert 0 < refused < 3000
