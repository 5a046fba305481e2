"""What the head decides, over all states that the hands can report."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hprun.engine.decide import (
    CANCELLED,
    PREEMPTED,
    STOPPED_EARLY,
    TIMED_OUT,
    Active,
    Asked,
    End,
    Ending,
    Facts,
    Finish,
    Policy,
    Requeue,
    Rival,
    Start,
    Terminate,
    decide,
    describe_status,
)
from hprun.model import Alive, Exited, Gone, Outcome

NOW = 1000.0

lives = st.one_of(
    st.just(Alive()),
    st.builds(
        Exited, st.sampled_from([0, 1, 2, 127, 137, 143]), st.floats(900, NOW), st.booleans()
    ),
    st.just(Gone()),
)
endings = st.none() | st.builds(
    Ending,
    st.floats(980, NOW),
    st.sampled_from([PREEMPTED, CANCELLED, TIMED_OUT, STOPPED_EARLY]),
    st.booleans(),
)
actives = st.builds(
    Active,
    run=st.integers(0, 20),
    attempt=st.integers(1, 5),
    started=st.floats(900, NOW),
    life=lives,
    lost=st.integers(0, 5),
    ending=endings,
    wanted=st.booleans(),
    cancelled=st.booleans(),
    hopeless=st.sampled_from(["", "3 of 4 were better"]),
    full=st.sampled_from(["", "torch ran out of GPU memory"]),
    alone=st.booleans(),
    fulls=st.integers(0, 3),
)
facts = st.builds(
    Facts,
    now=st.just(NOW),
    active=st.lists(actives, max_size=6, unique_by=lambda a: a.run),
    queued=st.lists(st.integers(21, 40), max_size=6, unique=True),
    asked=st.sampled_from(list(Asked)),
)
policies = st.builds(
    Policy,
    slots=st.integers(1, 4),
    grace_s=st.floats(0, 20),
    max_lost=st.integers(1, 4),
    timeout_s=st.none() | st.floats(1, 100),
)


@given(facts, policies)
def test_never_more_attempts_than_slots_and_none_when_asked_to_stop(facts, policy):
    actions = decide(facts, policy)
    starts = [a for a in actions if isinstance(a, Start)]
    alive = sum(isinstance(a.life, Alive) for a in facts.active)
    assert len(starts) <= max(0, policy.slots - alive)
    if facts.asked is not Asked.GO:
        assert not starts


@given(facts, policies)
def test_each_dead_attempt_is_settled_once_and_each_live_one_never(facts, policy):
    settled = Counter(a.run for a in decide(facts, policy) if isinstance(a, End | Requeue))
    for active in facts.active:
        assert settled[active.run] == (0 if isinstance(active.life, Alive) else 1)


@given(facts, policies)
def test_the_loop_is_over_only_when_nothing_is_active(facts, policy):
    finishes = [a for a in decide(facts, policy) if isinstance(a, Finish)]
    over = not facts.active and (not facts.queued or facts.asked is not Asked.GO)
    assert bool(finishes) == over
    if finishes:
        assert finishes[0].complete == (not facts.queued and facts.asked is Asked.GO)


@given(facts, policies)
def test_free_slots_are_filled_where_nobody_else_wants_them(facts, policy):
    starts = [a.run for a in decide(facts, policy) if isinstance(a, Start)]
    alive = sum(isinstance(a.life, Alive) for a in facts.active)
    if facts.asked is Asked.GO and not facts.rivals:
        assert starts == list(facts.queued[: max(0, policy.slots - alive)])


@given(facts, policies, st.integers(0, 3))
def test_no_more_are_started_than_there_is_room_for(facts, policy, room):
    starts = [a for a in decide(replace(facts, room=room), policy) if isinstance(a, Start)]
    free = [a for a in decide(facts, policy) if isinstance(a, Start)]
    assert starts == free[:room]


@given(st.integers(1, 4), st.integers(0, 4), st.integers(0, 4), st.floats(0, 10), st.floats(0, 10))
def test_two_searches_share_the_slots_and_neither_waits_for_ever(slots, mine, theirs, me, them):
    """Of two searches that both want a free slot, one at least takes it."""

    def free(own, own_last, other, other_last):
        active = [Active(n, 1, 0.0, Alive()) for n in range(own)]
        rival = Rival(other, waits=True, slots=slots, last_start=other_last)
        facts = Facts(NOW, active, [90, 91], rivals=[rival], last_start=own_last)
        return sum(isinstance(a, Start) for a in decide(facts, Policy(slots=slots)))

    first, second = free(mine, me, theirs, them), free(theirs, them, mine, me)
    assert (first + second > 0) == (mine + theirs < slots)
    if mine < theirs and mine + theirs < slots:
        assert first == 1
        assert second == 0


@given(facts, policies)
def test_a_script_that_ended_well_by_itself_has_completed(facts, policy):
    outcomes = {a.run: a.outcome for a in decide(facts, policy) if isinstance(a, End)}
    for active in facts.active:
        life = active.life
        if isinstance(life, Exited) and life.status == 0 and not life.told:
            assert outcomes[active.run] is Outcome.COMPLETED


def test_a_script_that_saves_itself_on_sigterm_and_leaves_with_0_has_not_completed():
    ending = Ending(NOW - 2, PREEMPTED)
    action = _decide(_active(Exited(0, NOW, told=True), ending=ending), Asked.STOP)
    assert isinstance(action, Requeue)
    untold = _decide(_active(Exited(0, NOW), ending=ending), Asked.STOP)
    assert untold.outcome is Outcome.COMPLETED


def test_a_run_ended_by_a_signal_from_outside_is_tried_again():
    for status in (129, 130, 143):
        assert isinstance(_decide(_active(Exited(status, NOW))), Requeue)
    assert _decide(_active(Exited(143, NOW), lost=2)).outcome is Outcome.FAILED
    assert _decide(_active(Exited(137, NOW))).outcome is Outcome.FAILED


def test_a_machine_that_went_down_is_not_held_against_a_run():
    action = _decide(_active(Gone(), lost=2, rebooted=True))
    assert isinstance(action, Requeue)
    assert not action.lost


def _decide(active, asked=Asked.GO, **policy):
    return decide(Facts(NOW, [active], [], asked), Policy(slots=2, **policy))[0]


def _active(life, **more):
    return Active(1, 1, NOW - 10, life, **more)


def test_a_failing_script_is_not_tried_again():
    action = _decide(_active(Exited(3, NOW - 2)))
    assert action == End(1, 1, Outcome.FAILED, 8.0, "exit status 3")


def test_a_run_that_ran_out_of_memory_beside_others_is_tried_again_alone():
    full = "torch ran out of GPU memory"
    action = _decide(_active(Exited(1, NOW), full=full, failures=5))
    assert isinstance(action, Requeue)
    assert action.full
    assert "the next attempt is alone" in action.why
    alone = _decide(_active(Exited(1, NOW - 2), full=full, alone=True), max_retries=3)
    assert alone == End(1, 1, Outcome.OUT_OF_MEMORY, 8.0, full)


@given(st.lists(st.booleans(), min_size=3, max_size=3))
def test_no_run_that_runs_out_of_memory_is_tried_for_ever(company):
    ends = [
        isinstance(_decide(_active(Exited(137, NOW), full="full", alone=alone, fulls=n)), End)
        for n, alone in enumerate(company)
    ]
    assert any(ends)


def test_a_vanished_attempt_is_queued_again_but_not_for_ever():
    assert _decide(_active(Gone(), lost=1)) == Requeue(
        1, 1, "vanished, killed together with its shell", lost=True
    )
    assert _decide(_active(Gone(), lost=2)).outcome is Outcome.FAILED


def test_a_run_stopped_with_its_search_is_queued_again_and_not_counted_as_lost():
    ending = Ending(NOW - 1, PREEMPTED)
    for life in (Exited(143, NOW, told=True), Gone()):
        action = _decide(_active(life, ending=ending, lost=2), Asked.STOP)
        assert isinstance(action, Requeue)
        assert not action.lost


def test_stopping_asks_then_waits_then_kills():
    first = _decide(_active(Alive()), Asked.STOP)
    assert first == Terminate(1, 1, Ending(NOW, PREEMPTED))
    waiting = decide(
        Facts(NOW, [_active(Alive(), ending=Ending(NOW - 5, PREEMPTED))], [], Asked.STOP),
        Policy(slots=1, grace_s=10),
    )
    assert waiting == []
    overdue = _decide(_active(Alive(), ending=Ending(NOW - 11, PREEMPTED)), Asked.STOP)
    assert overdue == Terminate(1, 1, Ending(NOW, PREEMPTED, killed=True))


def test_stopping_at_once_kills_without_waiting():
    assert _decide(_active(Alive()), Asked.STOP_NOW).ending.killed
    asked = _active(Alive(), ending=Ending(NOW, PREEMPTED))
    assert _decide(asked, Asked.STOP_NOW).ending.killed


def test_a_run_over_its_time_is_ended_as_timed_out():
    action = _decide(_active(Alive()), timeout_s=5)
    assert action == Terminate(1, 1, Ending(NOW, TIMED_OUT))
    ended = _decide(_active(Exited(143, NOW, told=True), ending=action.ending), timeout_s=5)
    assert ended.outcome is Outcome.TIMED_OUT


def test_a_hopeless_run_is_ended_and_keeps_the_reason():
    action = _decide(_active(Alive(), hopeless="5 of 6 were better"))
    assert action == Terminate(1, 1, Ending(NOW, STOPPED_EARLY, detail="5 of 6 were better"))
    overdue = _decide(_active(Alive(), ending=Ending(NOW - 11, STOPPED_EARLY, detail="why")))
    assert overdue == Terminate(1, 1, Ending(NOW, STOPPED_EARLY, killed=True, detail="why"))
    for life in (Exited(143, NOW, told=True), Exited(0, NOW, told=True), Gone()):
        ended = _decide(_active(life, ending=action.ending))
        assert (ended.outcome, ended.detail) == (Outcome.STOPPED, "5 of 6 were better")


def test_a_hopeless_run_that_was_quicker_has_completed():
    ending = Ending(NOW, STOPPED_EARLY, detail="why")
    assert _decide(_active(Exited(0, NOW), ending=ending)).outcome is Outcome.COMPLETED


def test_a_search_that_is_asked_to_stop_tries_hopeless_runs_again_later():
    action = _decide(_active(Alive(), hopeless="why"), Asked.STOP)
    assert action == Terminate(1, 1, Ending(NOW, PREEMPTED))


def test_a_run_that_nobody_wants_any_more_is_ended():
    action = _decide(_active(Alive(), wanted=False))
    assert action == Terminate(1, 1, Ending(NOW, CANCELLED))
    assert _decide(_active(Gone(), wanted=False)).outcome is Outcome.CANCELLED


def test_statuses_are_told_in_words():
    assert "SIGKILL" in describe_status(137)
    assert "SIGTERM" in describe_status(143)
    assert describe_status(139) == "ended by signal 11"
    assert "not found" in describe_status(127)
    assert describe_status(1) == "exit status 1"
