from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from hprun.metrics.records import frame, masked_crc, scan

PAYLOADS = [bytes([65 + i]) * (20 + i) for i in range(20)]
RECORDS = [frame(payload) for payload in PAYLOADS]
WHOLE = b"".join(RECORDS)


def test_the_checksum_is_that_of_the_standard_masked():
    # CRC-32C of "123456789" is e3069283.
    crc = 0xE3069283
    assert masked_crc(b"123456789") == (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def test_whole_records_are_taken():
    assert scan(WHOLE, at_end=True) == (PAYLOADS, len(WHOLE), 0, 12)


def test_an_empty_payload_is_a_record():
    assert scan(frame(b"") + frame(b"x"), at_end=True).payloads == [b"", b"x"]


def test_a_torn_record_waits_wherever_it_is_cut():
    last = len(WHOLE) - len(RECORDS[-1])
    for cut in range(last, len(WHOLE)):
        found = scan(WHOLE[:cut], at_end=True)
        assert found.payloads == PAYLOADS[:-1]
        assert (found.end, found.skipped) == (last, 0)
        assert cut < last + found.need <= len(WHOLE)


def test_a_damaged_payload_costs_its_record_alone():
    broken = bytearray(WHOLE)
    broken[len(RECORDS[0]) + 15] ^= 4
    found = scan(bytes(broken), at_end=True)
    assert found.payloads == [PAYLOADS[0], *PAYLOADS[2:]]
    assert found.skipped == len(RECORDS[1])


def test_a_damaged_length_costs_its_record_alone():
    broken = bytearray(WHOLE)
    broken[len(RECORDS[0])] ^= 64
    found = scan(bytes(broken), at_end=True)
    assert found.payloads == [PAYLOADS[0], *PAYLOADS[2:]]
    assert found.skipped == len(RECORDS[1])


def test_a_record_torn_in_the_middle_is_skipped_once_others_follow():
    torn = WHOLE + RECORDS[0][:20] + WHOLE
    found = scan(torn, at_end=True)
    assert found.payloads == PAYLOADS * 2
    assert (found.skipped, found.end) == (20, len(torn))


def test_garbage_before_the_first_record_is_skipped():
    found = scan(b"x" * 34 + WHOLE, at_end=True)
    assert (found.payloads, found.skipped) == (PAYLOADS, 34)


def test_zeros_at_the_end_wait_and_are_skipped_when_records_follow():
    zeros = b"\0" * 4096
    waiting = scan(WHOLE + zeros, at_end=True)
    assert (waiting.payloads, waiting.end, waiting.skipped) == (PAYLOADS, len(WHOLE), 0)
    found = scan(WHOLE + zeros + WHOLE, at_end=True)
    assert (found.payloads, found.skipped) == (PAYLOADS * 2, 4096)


def test_many_zeros_take_no_time_to_speak_of():
    found = scan(WHOLE + b"\0" * (16 << 20) + WHOLE, at_end=True)
    assert found.skipped == 16 << 20


def test_a_length_with_zero_bytes_is_found_after_damage():
    long = frame(b"y" * 0x100)
    longer = frame(b"z" * 0x10000)
    assert scan(b"junk" * 5 + long + longer, at_end=True).payloads == [long[12:-4], longer[12:-4]]


def test_no_flipped_bit_costs_more_than_a_record_or_makes_a_new_one():
    draw = random.Random(1)
    for _ in range(600):
        broken = bytearray(WHOLE)
        bit = draw.randrange(8 * len(WHOLE))
        broken[bit // 8] ^= 1 << bit % 8
        found = scan(bytes(broken), at_end=True).payloads
        at = 0
        while at < len(found) and found[at] == PAYLOADS[at]:
            at += 1
        assert found[at:] == PAYLOADS[at + 1 :], bit


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_pieces_give_what_the_whole_gives(data):
    parts = data.draw(
        st.lists(st.one_of(st.sampled_from(RECORDS), st.binary(min_size=1, max_size=40)))
    )
    whole = b"".join(parts) + RECORDS[0]
    wanted = scan(whole, at_end=True)
    at, skipped, payloads, size = 0, 0, [], 0
    while size < len(whole):
        size = min(len(whole), size + data.draw(st.integers(1, 60)))
        found = scan(whole[at:size], at_end=True)
        payloads += found.payloads
        at += found.end
        skipped += found.skipped
    assert (payloads, at, skipped) == wanted[:3]
