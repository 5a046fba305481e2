"""What each run may have of a GPU's memory, and the variables that say so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hprun.errors import HprunError
from hprun.gpu.caps import (
    Share,
    cap_variables,
    growth_variables,
    least_part,
    mps_variables,
    share_of,
)

GB = 10**9
SIZES = st.lists(st.integers(2 * GB, 200 * GB), min_size=1, max_size=4)


@given(st.floats(0.2, 1), st.integers(1, 6), SIZES)
def test_the_shares_of_all_slots_are_what_was_asked_for_and_no_more(part, slots, totals):
    share = share_of(part, 0, slots, totals)
    for total in totals:
        assert slots * share.bytes_of(total) <= part * total * (1 + 1e-9)
        assert slots * share.part_of(total) == pytest.approx(part)


@given(st.integers(1, 8), st.integers(100 * 2**20, 250 * 10**6), SIZES)
def test_a_size_is_the_same_on_every_device_and_fits_as_often_as_there_are_slots(
    slots, size, totals
):
    share = share_of(0.0, size, slots, totals)
    assert {share.bytes_of(total) for total in totals} == {size}
    assert all(slots * share.part_of(total) <= 1 for total in totals)
    assert least_part(share, totals) * max(totals) == pytest.approx(size)


@given(st.floats(0.2, 1), st.integers(1, 6), SIZES)
def test_no_variable_gives_more_than_the_share(part, slots, totals):
    share = share_of(part, 0, slots, totals)
    (jax,) = cap_variables(share, totals, {}).values()
    assert 0 < float(jax) <= part / slots
    (mps,) = mps_variables(share, totals, {}).values()
    for number, (limit, total) in enumerate(zip(mps.split(","), totals, strict=True)):
        device, megabytes = limit.removesuffix("M").split("=")
        assert int(device) == number
        assert 0 < int(megabytes) * 2**20 <= share.bytes_of(total)


def test_nothing_asked_is_nothing_limited():
    assert share_of(0.0, 0, 4, [GB]) is None
    assert share_of(0.0, 0, 4, []) is None


@pytest.mark.parametrize(
    ("part", "size", "slots", "totals", "message", "hint"),
    [
        (0.8, 0, 2, [], "--gpu-memory limits the memory of GPUs, and there is none", "doctor"),
        (0.0, GB, 2, [], "--gpu-memory-per-run limits the memory of GPUs", "doctor"),
        (0.5, 0, 100, [8 * GB], "leaves each of 100 runs 40 MB", "--jobs"),
        (0.0, 1000, 1, [8 * GB], "leaves each of 1 runs 0 MB", "--jobs"),
        (0.0, 4 * GB, 3, [16 * GB, 10 * GB], "3 at once with 4.0 GB each do not fit", "`--jobs 2`"),
        (0.0, 4 * GB, 3, [10 * GB], "10.0 GB", "--gpu-memory-per-run 3333M"),
        (0.0, 40 * GB, 1, [16 * GB], "1 at once with 40.0 GB", "at most 16000M"),
    ],
)
def test_what_cannot_be_had_is_refused(part, size, slots, totals, message, hint):
    with pytest.raises(HprunError) as caught:
        share_of(part, size, slots, totals)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.status == 2


@pytest.mark.parametrize("name", ["XLA_PYTHON_CLIENT_MEM_FRACTION", "XLA_CLIENT_MEM_FRACTION"])
def test_what_the_user_says_to_jax_stands(name):
    assert cap_variables(Share(part=0.4), [GB], {name: "0.9"}) == {}
    assert list(growth_variables({name: "0.9"})) == ["TF_FORCE_GPU_ALLOW_GROWTH"]


def test_jax_is_told_once_since_it_refuses_to_be_told_twice():
    assert list(cap_variables(Share(part=0.4), [GB], {})) == ["XLA_PYTHON_CLIENT_MEM_FRACTION"]


def test_growth_leaves_what_the_user_set():
    assert growth_variables({}) == {
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    }
    assert growth_variables({"TF_FORCE_GPU_ALLOW_GROWTH": "false"}) == {
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false"
    }
    assert (
        growth_variables(
            {"TF_FORCE_GPU_ALLOW_GROWTH": "1", "XLA_PYTHON_CLIENT_PREALLOCATE": "true"}
        )
        == {}
    )


def test_a_limit_that_the_user_gave_mps_stands():
    name = "CUDA_MPS_PINNED_DEVICE_MEM_LIMIT"
    assert mps_variables(Share(size=4 * GB), [8 * GB, 9 * GB], {}) == {name: "0=3814M,1=3814M"}
    assert mps_variables(Share(size=4 * GB), [8 * GB], {name: "0=1G"}) == {}
