"""What waits is found in order, whatever happens meanwhile."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from hprun.engine.waiting import Waiting
from hprun.model import Outcome
from hprun.store import Close, PlannedRun, PlannedTrial, Store


class Search(RuleBasedStateMachine):
    """A search with one coordinator, and somebody else who retries and cancels."""

    @initialize(runs=st.integers(1, 12))
    def begin(self, runs):
        import tempfile
        from pathlib import Path

        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "hprun.db"
        self.store = Store(path)
        self.other = Store(path)
        self.search = self.store.put_search("question", "train", {}, 1.0).id
        plan = [PlannedRun(n, 0, 0, str(n), f"train-1/{n}/fold-0") for n in range(runs)]
        self.store.link(self.search, [PlannedTrial(n, {}) for n in range(runs)], plan, {})
        self.waiting = Waiting(self.store, self.search)
        self.now = 0.0
        self.running = {}
        self.preferred = set()

    def truth(self, count):
        waiting = [run.id for run in self.other.queued(self.search, 99)]
        return sorted(waiting, key=lambda run: (run not in self.preferred, run))[:count]

    @rule(count=st.integers(1, 4))
    def look(self, count):
        found = self.waiting.first(count, self.now)
        truth = self.truth(count)
        # What somebody else has put back may come a little later, but nothing is made up,
        # and it is not said that nothing waits.
        assert set(found) <= set(self.truth(99))
        assert len(found) == len(truth)
        self.now += 10
        assert self.waiting.first(count, self.now) == truth

    @rule()
    def start(self):
        for run in self.waiting.first(1, self.now):
            with self.store.transaction():
                self.running[run] = self.store.claim(run, self.search, "", 1.0)

    @precondition(lambda self: self.running)
    @rule(fails=st.booleans())
    def end(self, fails):
        run, attempt = self.running.popitem()
        outcome = Outcome.FAILED if fails else Outcome.COMPLETED
        with self.store.transaction():
            self.store.end(Close(run, attempt, outcome, 1.0), None, 2.0)

    @precondition(lambda self: self.running)
    @rule()
    def requeue(self):
        run, attempt = self.running.popitem()
        with self.store.transaction():
            self.store.requeue(run, attempt, "lost", 2.0, lost=False)
        self.waiting.requeued(run)

    @rule(run=st.integers(1, 12))
    def prefer_one(self, run):
        self.preferred.add(run)
        self.waiting.prefer([run])
        assert self.waiting.is_preferred(run)

    @rule()
    def retry_by_another(self):
        self.other.retry(self.search, None)

    @rule(trial=st.integers(0, 11))
    def cancel_by_another(self, trial):
        with self.other.transaction():
            self.other.cancel_queued(self.search, trial)

    def teardown(self):
        if hasattr(self, "store"):
            self.store.close()
            self.other.close()
            self.folder.cleanup()


TestSearch = Search.TestCase
TestSearch.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
