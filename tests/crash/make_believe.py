"""The engine on a make-believe machine, and a clock at whose stroke its coordinator dies.

The engine meets the world only through its store and its executor. Here the store is the real
one, on a real file; the executor is a make-believe machine whose processes outlive coordinators
and know what they were asked to do. A wrapper dies at the n-th call.
"""

import contextlib
import functools
import itertools
import json
from collections import Counter
from dataclasses import dataclass, field, replace

from hprun.engine.asking import Asking
from hprun.engine.decide import Asked, Policy
from hprun.engine.loop import Loop
from hprun.engine.plan import Shape, planned_runs, planned_trials
from hprun.engine.work import Work
from hprun.metrics import parse_metric
from hprun.model import Alive, Exited, Gone, Outcome
from hprun.paths import Cache
from hprun.script import Request, make_template
from hprun.store import Store
from hprun.workspace import freeze, list_workspace

SCRIPT = b"lr = 1\nfold, folds = 0, 1\nprint(lr, fold)\n"
VALUES = [{"lr": 1}, {"lr": 2}, {"lr": 3}]
METRIC, PROPOSED = parse_metric("loss:min", None), 3
FAILS_ONCE, FAILS, VANISHES_ONCE = "0002", "0001-fold-0", "0000-fold-1"


MOST_CALLS = 1000  # a whole search takes some hundreds


class Death(BaseException):
    """The coordinator is killed here."""


@dataclass
class Process:
    """A process of the make-believe machine: `left` looks until it ends with `status`."""

    left: int
    status: int | None  # None: it vanishes without a record
    told: bool = False


@dataclass
class Machine:
    """What outlives a coordinator: processes, exit records, and a memory of what was started."""

    processes: dict = field(default_factory=dict)  # alive, by folder
    records: dict = field(default_factory=dict)  # (folder, attempt) -> status
    starts: Counter = field(default_factory=Counter)
    completed: Counter = field(default_factory=Counter)
    crimes: list = field(default_factory=list)
    looks: int = 2  # that a process lives

    def start(self, folder, attempt):
        if folder in self.processes:
            self.crimes.append(f"{folder} started while an attempt of it was alive")
        if self.completed[folder]:
            self.crimes.append(f"{folder} started though it had completed")
        self.starts[folder] += 1
        name = "-".join(folder.split("/")[1:])
        status = 0
        if (name.startswith(FAILS_ONCE) and self.starts[folder] == 1) or name.replace(
            name[4:11], "", 1
        ).startswith(FAILS):
            status = 1
        elif name.replace(name[4:11], "", 1).startswith(VANISHES_ONCE) and self.starts[folder] == 1:
            status = None
        self.processes[folder] = (attempt, Process(self.looks, status))

    def tick(self):
        for folder, (attempt, process) in list(self.processes.items()):
            process.left -= 1
            if process.left <= 0:
                del self.processes[folder]
                if process.status is not None:
                    self.records[folder, attempt] = (process.status, process.told)
                    self.completed[folder] += process.status == 0 and not process.told


class Hands:
    """A coordinator's hold on the machine, with the executor's methods."""

    def __init__(self, machine, root, *, sees_orphans=True):
        self.machine, self.root, self.sees_orphans = machine, root, sees_orphans
        self.own = set()

    preparing = False

    def hung(self):
        return set()

    def _folder(self, paths):
        return paths.folder.relative_to(self.root).as_posix()

    def start(self, launch):
        folder = self._folder(launch.paths)
        self.machine.start(folder, launch.attempt)
        values = json.loads(launch.paths.values.read_text())
        launch.paths.log.write_text(f"loss: {values['lr']}\n")
        self.own.add(folder)
        launch.lock.release()

    def look(self, run, attempt, paths):
        folder = self._folder(paths)
        if (folder, attempt) in self.machine.records:
            status, told = self.machine.records[folder, attempt]
            return Exited(status, 1e18, told)
        alive = self.machine.processes.get(folder)
        if alive and alive[0] == attempt and (self.sees_orphans or folder in self.own):
            return Alive()
        return Gone()

    def signal(self, paths, number):
        alive = self.machine.processes.get(self._folder(paths))
        if alive:
            alive[1].left, alive[1].status, alive[1].told = 1, 128 + number, True

    def bury(self, run, attempt, paths):
        pass

    def wait(self, timeout_s, others=()):
        self.machine.tick()


class Mortal:
    """Counts the calls to what it wraps, and dies at one of them."""

    def __init__(self, wrapped, clock):
        self._wrapped, self._clock = wrapped, clock

    def __getattr__(self, name):
        found = getattr(self._wrapped, name)
        if not callable(found):
            return found
        if name == "transaction":
            return lambda: self._transaction(found)

        def call(*args, **more):
            self._clock.strike(f"before {name}")
            answer = found(*args, **more)
            self._clock.strike(f"after {name}")
            return answer

        return call

    def _transaction(self, found):
        clock = self._clock

        class Inside:
            def __enter__(self):
                clock.strike("before begin")
                self.context = found()
                self.context.__enter__()
                self.strike_inside("after begin")

            def __exit__(self, kind, error, trace):
                if error is None:
                    self.strike_inside("before commit")
                done = self.context.__exit__(kind, error, trace)
                clock.strike("after commit")
                return done

            def strike_inside(self, where):
                try:
                    clock.strike(where)
                except BaseException as death:  # or there is no end
                    with contextlib.suppress(type(death)):
                        self.context.__exit__(type(death), death, None)
                    raise

        return Inside()


class Clock:
    def __init__(self, fatal=None):
        self.count, self.fatal, self.where = 0, fatal, ""

    def strike(self, where):
        self.count += 1
        if self.count > MOST_CALLS:
            raise AssertionError("the search never ends")
        if self.count == self.fatal:
            self.where = where
            raise Death(where)


class Nobody:
    """Listens and says nothing."""

    def descriptors(self):
        return []

    def __getattr__(self, name):
        return lambda *args, **more: None


class Calm:
    """No signals."""

    asked, descriptor = Asked.GO, 0

    def drain(self):
        pass


class Scene:
    """A search on a disk of its own, and coordinators that come and go."""

    def __init__(self, folder, loop=Loop, *, sees_orphans=True, looks=2, slots=2, strategy=None):
        """`strategy` makes one that proposes three trials; otherwise they are known."""
        self.loop, self.sees_orphans, self.slots = loop, sees_orphans, slots
        self.strategy = strategy
        self.cache = Cache(folder / "cache")
        self.cache.create()
        workspace = folder / "workspace"
        workspace.mkdir()
        (workspace / "train.py").write_bytes(SCRIPT)
        request = Request("train.py", ("lr",), folds=2)
        self.template = make_template(request, lambda path: SCRIPT if path == "train.py" else None)
        listing = list_workspace(workspace, cache=self.cache.root)
        snapshot = freeze(listing, self.cache.snapshots)
        self.work = Work(self.template, Shape(folds=2), "python", {}, None, lambda: snapshot)
        self.machine = Machine(looks=looks)
        self.locks = []

    def coordinate(self, clock, *, stop_at=None):
        """One coordinator's life: plan, loop; True if the search is complete."""
        store = Store(self.cache.database)
        mortal = Mortal(store, clock)
        hands = Hands(self.machine, self.cache.root, sees_orphans=self.sees_orphans)
        try:
            row = mortal.put_search("key", "train", {"settings": {"jobs": 2}}, 1.0)
            choices = VALUES
            if self.strategy is not None:
                mortal.set_metric(row.id, METRIC)
                row = replace(row, metric=METRIC)
                choices = [values for _, values, _ in mortal.proposed(row.id, after=-1)]
            runs = self._planned(row, 0, choices)
            mortal.link(row.id, planned_trials(choices), runs, {})
            mortal.forget_requests(row.id)
            if stop_at is not None:
                hands.wait = _asking(hands.wait, store, row.id, stop_at)
            policy = Policy(slots=self.slots, grace_s=0, max_lost=99, max_retries=1)
            loop = self.loop(
                mortal,
                self.cache,
                row,
                policy,
                Nobody(),
                self.work,
                executor=Mortal(hands, clock),
                asking=self._asking(mortal, row, clock),
            )
            return loop.run(Calm()).complete
        finally:
            store.close()
            for lock in self.locks:  # a dead process holds no lock
                lock.release()
            self.locks.clear()

    def _planned(self, row, first, choices):
        return planned_runs(row.name, choices, self.template, self.work.shape, "", first=first)

    def _asking(self, store, row, clock):
        if self.strategy is None:
            return None
        strategy = Mortal(self.strategy(), clock)
        plan = functools.partial(self._planned, row)
        return Asking(store, row, strategy, "a strategy", PROPOSED, plan)

    def proposed(self):
        """The trials that are written down, in order."""
        store = Store(self.cache.database)
        found = store.proposed(1, after=-1)
        store.close()
        return found

    def finish(self):
        for _ in range(20):
            if self.coordinate(Clock()):
                return
        raise AssertionError("the search never ends")

    def crimes(self):
        """Everything that must not be."""
        found = list(self.machine.crimes)
        found += [f"orphan {folder}" for folder in self.machine.processes]
        found += [f"{f} completed {n} times" for f, n in self.machine.completed.items() if n > 1]
        store = Store(self.cache.database)
        for trial in store.trials(1, None):
            for part in trial.parts:
                wanted = Outcome.COMPLETED
                if trial.number == 1 and part.run.fold == 0:
                    wanted = Outcome.FAILED
                if getattr(part.run.state, "outcome", None) is not wanted:
                    found.append(f"trial {trial.number} fold {part.run.fold}: {part.run.state}")
        store.close()
        return found


def _asking(wait, store, search, at):
    """Somebody asks to stop at the n-th wait."""
    count = itertools.count(1)

    def waits(*args, **more):
        if next(count) == at:
            store.ask_to_stop(search, None, 1.0)
        return wait(*args, **more)

    return waits
