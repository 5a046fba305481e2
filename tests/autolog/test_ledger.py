"""When a checkpoint may be saved."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hprun.autolog.inside.ledger import SHARE, Ledger, is_due

SIZE = 1_000_000
EXPECTED_FIRST = 0.3 + SIZE / 100e6


def simulate(epochs, take):
    """Train; `take(expected, epoch)` says what a save takes. Gives each (expected, taken, state)."""
    ledger, now, seen = Ledger(), 100.0, []
    ledger.begin(now)
    for number, seconds in enumerate(epochs):
        now += seconds
        if is_due("auto", number + 1, ledger, now, SIZE):
            expected = ledger.expected(SIZE)
            taken = take(expected, number)
            now += taken
            ledger.saved(taken)
            seen.append((expected, taken, ledger.saving, ledger.trained(now)))
    ledger.end(now)
    return ledger, now, seen


durations = st.lists(st.floats(1e-4, 100.0), min_size=1, max_size=200)


@given(durations, st.lists(st.floats(0.0, 1.0), min_size=200, max_size=200))
def test_no_save_longer_than_expected_means_never_more_than_the_share(epochs, parts):
    _, _, seen = simulate(epochs, lambda expected, number: expected * parts[number])
    assert all(saving <= SHARE * trained for *_, saving, trained in seen)


@given(durations, st.lists(st.floats(0.0, 20.0), min_size=200, max_size=200))
def test_only_what_the_latest_save_took_too_long_can_exceed_the_share(epochs, takes):
    _, _, seen = simulate(epochs, lambda _, number: takes[number])
    for expected, taken, saving, trained in seen:
        assert saving <= SHARE * trained + max(0.0, taken - expected) + 1e-9


@given(st.floats(0.1, 10.0), st.floats(1e-4, 2.0))
def test_steady_epochs_and_saves_are_saved_again_and_again(epoch_s, save_s):
    epochs = [epoch_s] * int(20 + 20 * max(save_s, EXPECTED_FIRST) / (SHARE * epoch_s))
    ledger, _, _ = simulate(epochs, lambda *_: save_s)
    assert ledger.saves >= 10


def test_a_cheap_first_save_comes_when_the_worst_it_could_take_is_its_share():
    _, _, seen = simulate([10.0], lambda *_: 0.005)
    assert len(seen) == 1


def test_a_training_of_a_few_seconds_is_not_held_up():
    _, _, seen = simulate([1.0] * 5, lambda *_: 0.005)
    assert not seen


def test_a_first_save_that_would_be_dear_waits():
    ledger = Ledger()
    ledger.begin(0.0)
    gigabyte = 10**9
    assert not is_due("auto", 1, ledger, 60.0, gigabyte)
    assert is_due("auto", 9, ledger, 600.0, gigabyte)


def test_time_between_trainings_is_no_training():
    ledger = Ledger()
    for begin in (0.0, 1000.0):
        ledger.begin(begin)
        ledger.end(begin + 10.0)
    assert ledger.trained(5000.0) == pytest.approx(20.0)


def test_time_for_saving_is_no_training():
    ledger = Ledger()
    ledger.begin(0.0)
    ledger.saved(2.0)
    assert ledger.trained(10.0) == pytest.approx(8.0)


def test_a_number_of_epochs_is_kept_to_whatever_it_costs():
    ledger = Ledger()
    ledger.begin(0.0)
    ledger.saved(100.0)
    assert [n for n in range(1, 10) if is_due(3, n, ledger, 1.0, SIZE)] == [3, 6, 9]


def test_off_never_saves():
    ledger = Ledger()
    ledger.begin(0.0)
    assert not any(is_due("off", n, ledger, 1e9, 0) for n in range(1, 10))
