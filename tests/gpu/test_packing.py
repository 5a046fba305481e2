"""Where a run may start, for devices whose state is known."""

from hprun.gpu.packing import HOST, Admit, Guest, Need, Room, Wait, admit, admit_by_count
from hprun.gpu.steering import Left, Sight, Steering, steer
from hprun.gpu.tuning import Lasted, Pace, Tuning, tune

GB = 10**9
LARGE_HOST = Room(HOST, 1000 * GB, 1000 * GB)
KNOWN = Need(runs=10, device=4 * GB, host=GB)


def guest(run, device=0, held=4 * GB, first=4 * GB, **more):
    return Guest(run, device, held, held, GB, GB, first, **more)


def test_the_first_run_starts_and_the_next_waits_until_it_shows_what_it_takes():
    rooms = [Room(0, 16 * GB, 16 * GB)]
    assert admit(rooms, LARGE_HOST, [], Need()) == Admit(0)
    told = admit(rooms, LARGE_HOST, [guest(1, held=GB, first=0)], Need())
    assert "has not shown yet" in told.why
    assert admit([Room(0, 16 * GB, 12 * GB)], LARGE_HOST, [guest(1)], Need()) == Admit(0)


def test_a_run_that_does_not_fit_waits():
    full = admit([Room(0, 16 * GB, 4 * GB)], LARGE_HOST, [guest(n) for n in range(3)], KNOWN)
    assert full == Wait("a run takes up to 4.08 GB, and 3.08 GB are left")


def test_what_has_just_started_is_counted_with_all_that_it_may_take():
    guests = [guest(1), guest(2, held=0, first=0), guest(3, held=0, first=0)]
    assert isinstance(admit([Room(0, 16 * GB, 12 * GB)], LARGE_HOST, guests, KNOWN), Wait)


def test_the_device_with_the_fewest_runs_comes_first():
    rooms = [Room(0, 80 * GB, 70 * GB), Room(1, 16 * GB, 16 * GB), Room(2, 24 * GB, 24 * GB)]
    assert admit(rooms, LARGE_HOST, [guest(1)], KNOWN) == Admit(2)


def test_a_run_that_ran_out_of_memory_gets_a_device_for_itself():
    room = Room(0, 80 * GB, 76 * GB)
    assert "device of its own" in admit([room], LARGE_HOST, [guest(1)], KNOWN, alone=True).why
    alone = [guest(1, alone=True)]
    assert "for itself" in admit([room], LARGE_HOST, alone, KNOWN).why
    other = Room(1, 8 * GB, 8 * GB)
    assert admit([room, other], LARGE_HOST, alone, KNOWN) == Admit(1)


def test_the_memory_of_the_host_counts_too():
    host = Room(HOST, 8 * GB, GB)
    assert "of memory" in admit([], host, [guest(1, HOST)], KNOWN).why
    assert admit([], Room(HOST, 8 * GB, 6 * GB), [guest(1, HOST)], KNOWN) == Admit(HOST)


def test_what_has_just_started_may_come_to_hold_as_much_as_any_of_the_hosts_memory():
    young = Guest(1, HOST, 0, 0, GB // 10, GB // 10)
    need = Need(runs=10, host=4 * GB)
    assert isinstance(admit([], Room(HOST, 8 * GB, 7 * GB), [young], need), Wait)
    assert admit([], Room(HOST, 16 * GB, 14 * GB), [young], need) == Admit(HOST)


def test_where_the_number_is_given_memory_is_not_asked_for():
    guests = [guest(1, 0), guest(2, 0), guest(3, 1)]
    assert admit_by_count([0, 1], guests, alone=False) == Admit(1)
    assert isinstance(admit_by_count([0, 1], guests, alone=True), Wait)
    assert admit_by_count([0, 1, 2], guests, alone=True) == Admit(2)
    assert admit_by_count([], [guest(1, HOST)], alone=False) == Admit(HOST)
    assert isinstance(admit_by_count([], [guest(1, HOST, alone=True)], alone=False), Wait)


def test_one_less_at_once_after_a_run_ran_out_of_memory():
    steering = Steering(8, {0: Tuning(8, limit=3)})
    guests = [guest(1), guest(2)]
    paces = {1: Pace(1, 5, 9.0), 2: Pace(2, 5, 9.0)}
    left = Left(3, 0, 4 * GB, GB, full=True)
    rooms = [Room(0, 80 * GB, 70 * GB)]
    steering, place = steer(steering, Sight(rooms, LARGE_HOST, guests, paces, [left], next_run=3))
    assert steering.tuning(0).limit == 2
    assert place == Wait("a run ran out of memory")
    assert steering.alone == {3}


def grown(tuning, speed_of, looks=400):
    """Follow runs whose speed is a function of how many there are, one value a second alone."""
    values, now = {}, 0.0
    for _ in range(looks):
        now += 0.5
        while len(values) < tuning.limit:
            values[len(values)] = 0.0
        while len(values) > tuning.limit:
            values.popitem()
        for run in values:
            values[run] += 0.5 * speed_of(len(values))
        speed = speed_of(len(values))
        paces = [Pace(run, int(done), now - done % 1 / speed) for run, done in values.items()]
        tuning = tune(tuning, paces, [], fits=True)
    return tuning


def test_more_are_let_in_while_more_is_done():
    assert grown(Tuning(8), lambda count: 1.0).limit == 8
    assert grown(Tuning(8), lambda count: min(1.0, 3.0 / count)).limit == 3
    assert grown(Tuning(8), lambda count: 1.0 / count).limit == 1


def test_one_less_where_something_else_takes_the_device():
    tuning = grown(Tuning(4), lambda count: min(1.0, 4 / count))
    assert tuning.limit == 4
    slowed = grown(tuning, lambda count: 0.3, looks=200)
    assert slowed.limit == 3
    assert "something else needs the machine" in slowed.why


def test_runs_too_short_to_be_measured_are_compared_by_how_long_they_take():
    tuning, run = Tuning(4), 0
    for _ in range(60):
        ended = [Lasted(n, float(tuning.limit)) for n in range(run, run + tuning.limit)]
        tuning = tune(tuning, [Pace(lasted.run, 0, 0.0) for lasted in ended], [], fits=True)
        tuning = tune(tuning, [], ended, fits=True)
        run += len(ended)
    assert tuning.limit == 1, "two take twice as long as one: nothing is gained"
