"""The coordinator dies before and after each call to the world, and the next one finishes.

Every n of a whole search with folds, failures, retries, a vanished attempt and a stop in it is
tried. After each death a new coordinator goes on.
"""

import contextlib
import itertools

import pytest

from hprun.engine.decide import Start
from hprun.engine.loop import Loop
from hprun.files import Lock
from tests.crash.make_believe import Clock, Death


class StartsBeforeClaiming(Loop):
    """A mistake made on purpose: what the design says, the other way round."""

    def _write_down(self, actions, facts):
        starts = [a for a in actions if isinstance(a, Start)]
        ready = {run.id: run for run in self._store.queued(self._search.id, len(starts))}
        for action in starts:
            run = ready[action.run]
            attempt = self._store.attempts(run.id)[-1].number + 1 if run.state.attempts else 1
            lock = Lock(self._cache.run(run.folder).lock)
            if lock.acquire():
                self._start(self._lookout.place(run, wanted=True), attempt, lock)
        launches = super()._write_down(actions, facts)
        for _, _, lock in launches:
            lock.release()
        return []


def _die_everywhere(make, every=1, **more):
    """Die at each call; how many deaths there were, and the crimes of each."""
    deaths, crimes = 0, []
    for fatal in itertools.count(1, every):
        scene = make(**more)
        clock = Clock(fatal)
        try:
            scene.coordinate(clock, stop_at=3)
        except (Death, AssertionError):
            deaths += 1
        else:
            if clock.count < fatal:
                break
        scene.machine.tick()
        try:
            scene.finish()
        except AssertionError as endless:
            crimes.append(f"death {fatal} ({clock.where}): {endless}")
        crimes += [f"death {fatal} ({clock.where}): {crime}" for crime in scene.crimes()]
    return deaths, crimes


def test_a_search_without_deaths_commits_no_crime(scenes):
    scene = scenes()
    assert scene.coordinate(Clock(), stop_at=3) is False  # it was stopped
    assert scene.machine.processes == {}
    scene.finish()
    assert scene.crimes() == []
    assert max(scene.machine.starts.values()) >= 2  # something was retried


@pytest.mark.timeout(600)
def test_dying_at_any_call_loses_nothing_and_doubles_nothing(scenes):
    deaths, crimes = _die_everywhere(scenes)
    assert crimes == []
    assert deaths > 150


@pytest.mark.long
@pytest.mark.timeout(600)
def test_dying_twice_loses_nothing_either(scenes):
    for first, second in itertools.product(range(5, 200, 23), range(3, 120, 17)):
        scene = scenes()
        for fatal in (first, second):
            with contextlib.suppress(Death):
                scene.coordinate(Clock(fatal), stop_at=3)
            scene.machine.tick()
        scene.finish()
        assert scene.crimes() == [], (first, second)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_test_itself_catches_a_start_before_the_claim(scenes):
    _, crimes = _die_everywhere(scenes, every=3, loop=StartsBeforeClaiming)
    assert any("started while" in crime or "had completed" in crime for crime in crimes)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_test_itself_catches_who_does_not_look_for_orphans(scenes):
    _, crimes = _die_everywhere(scenes, every=3, sees_orphans=False, looks=6)
    assert any("started while" in crime or "had completed" in crime for crime in crimes)
