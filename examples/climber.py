"""A strategy of one's own: draw a few trials, then change one value of the best so far."""

from random import Random

from hprun.strategies import Proposal


class Climber:
    def __init__(self, space, direction, seed, first=5):
        self.space, self.seed, self.first = space, seed, first
        self.best_of = min if direction == "min" else max

    def propose(self, history, count):
        scored = [trial for trial in history if trial.scored]
        tried = {self.space.key(trial.values) for trial in history}
        chance = Random(f"{self.seed} {len(history)}")
        proposals = []
        for _ in range(100 * count):
            values = self.space.draw(chance)
            if len(scored) >= self.first:
                best = self.best_of(scored, key=lambda trial: trial.score).values
                values = self.space.redraw(best, chance.choice(list(best)), chance)
            if self.space.key(values) not in tried and len(proposals) < count:
                tried.add(self.space.key(values))
                proposals.append(Proposal(values))
        return proposals
