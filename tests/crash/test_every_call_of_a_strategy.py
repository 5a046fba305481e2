"""The coordinator dies around each call while a strategy proposes, and the next one goes on alike.

The calls are those to the store, to the executor and to the strategy itself, so that it dies
between what is proposed and what is written down, too.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
from collections.abc import Callable, Sequence

import pytest

from hprun.engine.decide import Facts, Propose, Requeue, decide
from hprun.strategies import Known, Proposal
from tests.crash.make_believe import PROPOSED, Clock, Death, Scene


class Chain:
    """Proposes what hangs on everything it is told, so that whatever differs shows ever after."""

    def propose(self, history: Sequence[Known], count: int) -> list[Proposal]:
        told = [(k.number, k.values, k.stand, k.score, k.ended, dict(k.note)) for k in history]
        proposals = []
        for _ in range(count):
            digest = hashlib.sha256(repr(told).encode()).hexdigest()
            values, note = {"lr": int(digest[:8], 16) / 2**32}, {"digest": digest}
            proposals.append(Proposal(values, note))
            told.append((values, note))
        return proposals


def _deaths(scenes: Callable[..., Scene], slots: int) -> list[tuple[str, Scene]]:
    """Die at each call; where that was, and the scene after another coordinator went on."""
    found = []
    for fatal in itertools.count(1):
        scene = scenes(strategy=Chain, slots=slots)
        clock = Clock(fatal)
        with contextlib.suppress(Death):
            scene.coordinate(clock, stop_at=3)
        if clock.count < fatal:
            return found
        scene.machine.tick()
        scene.finish()
        found.append((f"death {fatal} ({clock.where})", scene))
    raise AssertionError


def _undisturbed(scenes: Callable[..., Scene], slots: int) -> Scene:
    scene = scenes(strategy=Chain, slots=slots)
    assert scene.coordinate(Clock())
    assert scene.crimes() == []
    return scene


@pytest.mark.long
@pytest.mark.timeout(600)
def test_dying_at_any_call_changes_nothing_of_what_is_proposed_one_after_the_other(scenes):
    whole = _undisturbed(scenes, slots=1).proposed()
    assert len({values["lr"] for _, values, _ in whole}) == PROPOSED
    deaths = _deaths(scenes, slots=1)
    where = {name.partition("(")[2] for name, _ in deaths}
    assert {"before propose)", "after propose)", "before add)", "after add)"} <= where
    for name, scene in deaths:
        assert scene.crimes() == [], name
        assert scene.proposed() == whole, name


@pytest.mark.long
@pytest.mark.timeout(600)
def test_dying_at_any_call_proposes_no_more_and_nothing_twice_side_by_side(scenes):
    _undisturbed(scenes, slots=3)
    for name, scene in _deaths(scenes, slots=3):
        assert scene.crimes() == [], name
        assert len({values["lr"] for _, values, _ in scene.proposed()}) == PROPOSED, name


def test_the_test_itself_catches_who_proposes_while_a_run_is_to_be_tried_again(scenes, monkeypatch):
    def hasty(facts: Facts, policy):
        decided = decide(facts, policy)
        lost = sum(isinstance(action, Requeue) for action in decided)
        return [*decided, Propose(lost)] if lost and facts.proposable else decided

    whole = _undisturbed(scenes, slots=1).proposed()
    monkeypatch.setattr("hprun.engine.loop.decide", hasty)
    scene = scenes(strategy=Chain, slots=1)
    with contextlib.suppress(Death):
        scene.coordinate(Clock())
    assert scene.proposed() != whole
