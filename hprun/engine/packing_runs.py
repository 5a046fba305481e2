"""How many of a search's runs are active and on which device: sees, has it decided, and binds."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from hprun.config import jobs_default
from hprun.engine.decide import Active, Asked, End, Facts, Requeue
from hprun.engine.listening import Listener, Place
from hprun.engine.paces import Paces
from hprun.engine.placing import Placing
from hprun.engine.run_environment import thread_env
from hprun.engine.seeing import Memories
from hprun.executors import LocalExecutor
from hprun.gpu.exhaustion import SHOWN, Exhaustion, exhaustion
from hprun.gpu.host import kernel_kills
from hprun.gpu.packing import HOST, Admit, Guest, admit_by_count
from hprun.gpu.probing import Probe
from hprun.gpu.steering import Left, Sight, Steering, steer
from hprun.model import Alive, Exited, Outcome
from hprun.paths import Cache
from hprun.store import AtOnce, SearchRow, Store

_KILLS_S = 5.0  # whom the kernel killed within so long before a run ended may have been that run
_ATTEMPT = b"\n--- attempt "


class Packing:
    """Looks after one search's runs: which ran out of memory, which may start, and where."""

    def __init__(
        self,
        store: Store,
        cache: Cache,
        search: SearchRow,
        placing: Placing,
        executor: LocalExecutor,
        listener: Listener,
        probe: Probe,
    ) -> None:
        self._store = store
        self._cache = cache
        self._search = search.id
        self._placing = placing
        self._listener = listener
        alone = frozenset(store.out_of_memory())
        self._steering = Steering(placing.per_device, alone=alone)
        self._memories = Memories(placing.devices, placing.part, probe, executor)
        self._paces = Paces(store, cache, search.metric) if placing.auto else None
        self._devices: dict[int, int] = {}  # of active runs
        self._beside = set[int]()  # active runs that had others beside them on their device
        self._near = set[int]()  # those that had others on the machine
        self._over: list[Left] = []
        self._admitted: int | None = None
        self._kills = kernel_kills()
        self._counted = time.monotonic()  # when that was
        self._told: AtOnce | None = None
        if search.at_once is not None and not placing.auto:
            store.set_at_once(search.id, None)

    @property
    def measures(self) -> bool:
        """Whether it is being found out how many runs at once are worth it."""
        return self._paces is not None

    def close(self) -> None:
        """No more to look after."""
        if self._paces is not None:
            self._paces.close()

    def packed(self, facts: Facts, known: Mapping[int, Place]) -> Facts:
        """The facts, with what memory means for them: what ran out of it, how many may start."""
        self._note_company(facts, known)
        active = [self._with_exhaustion(one, known) for one in facts.active]
        if time.monotonic() - self._counted >= _KILLS_S:
            self._counted, self._kills = time.monotonic(), kernel_kills()
        facts = replace(facts, active=active)
        if facts.asked is not Asked.GO:
            return facts
        living = {a.run: known[a.run] for a in active if isinstance(a.life, Alive)}
        room = self._by_count(facts, living) if self._paces is None else self._steer(facts, living)
        return replace(facts, room=room)

    def bind(self, run: int) -> str:
        """Choose the device of a run that is about to start; what to write down of it."""
        place = self._admitted
        if place is None:
            found = admit_by_count(self._numbers, self._guests(), alone=False)
            place = found.device if isinstance(found, Admit) else (0 if self._numbers else HOST)
        self._admitted = None
        self._devices[run] = place
        return self._placing.devices[place].text if self._placing.devices else ""

    def unbind(self, run: int) -> None:
        """Take note that a run was not started."""
        self._devices.pop(run, None)

    def env(self, run: int) -> Mapping[str, str]:
        """What a run that starts finds in its environment because of where it is."""
        if not self._placing.devices:
            return self._threads() if self.measures else {}
        return self._placing.devices[self._devices[run]].env

    def ended(self, action: End | Requeue) -> None:
        """Learn from an attempt that is over."""
        run = action.run
        device = self._devices.pop(run, HOST)
        self._beside.discard(run)
        self._near.discard(run)
        values = self._paces.finish(run, time.time()) if self._paces is not None else 0
        left = self._memories.leave(run, device)
        full = isinstance(action, Requeue) and action.full
        if isinstance(action, End):
            self._steering = replace(self._steering, alone=self._steering.alone - {run})
        if full:
            self._over.append(replace(left, full=True))
            if self._paces is None:
                self._steering = replace(self._steering, alone=self._steering.alone | {run})
        elif isinstance(action, End) and action.outcome is Outcome.COMPLETED:
            self._over.append(replace(left, seconds=action.seconds, values=max(1, values)))
        elif isinstance(action, End) and action.outcome in (Outcome.STOPPED, Outcome.TIMED_OUT):
            self._over.append(left)

    @property
    def _numbers(self) -> list[int]:
        return list(range(len(self._placing.devices)))

    def _guests(self) -> list[Guest]:
        """The active runs, of which nothing but their device is asked."""
        alone = self._steering.alone
        return [Guest(r, d, 0, 0, 0, 0, 0, r in alone) for r, d in self._devices.items()]

    def _note_company(self, facts: Facts, known: Mapping[int, Place]) -> None:
        """Which runs share a device, and which the machine."""
        for run in [run for run in self._devices if run not in known]:
            del self._devices[run]
        for active in facts.active:
            if active.run not in self._devices:  # an earlier coordinator started it
                text = self._store.device(active.run, active.attempt)
                places = [n for n, one in enumerate(self._placing.devices) if one.is_meant(text)]
                self._devices[active.run] = places[0] if places else HOST
        here = [active.run for active in facts.active]  # also those that have just ended
        for run in here:
            device = self._devices[run]
            others = [other for other in here if other != run]
            if others or any(rival.running for rival in facts.rivals):
                self._near.add(run)
            if any(self._devices[other] == device for other in others):
                self._beside.add(run)

    def _with_exhaustion(self, active: Active, known: Mapping[int, Place]) -> Active:
        life = active.life
        if not isinstance(life, Exited) or not life.status or life.told or active.ending:
            return active
        kills = kernel_kills()
        killed = None not in (kills, self._kills) and (kills or 0) > (self._kills or 0)
        self._kills = kills
        log = self._cache.run(known[active.run].folder).log
        found = exhaustion(_tail(log), life.status, kernel_killed=killed)
        if found is None:
            return active
        return replace(active, full=found.why, alone=not self._had_company(active.run, found))

    def _had_company(self, run: int, found: Exhaustion) -> bool:
        on_host = found.host or not self._placing.devices
        return run in (self._near if on_host else self._beside)

    def _by_count(self, facts: Facts, living: Mapping[int, Place]) -> int | None:
        """How many may start of as many as the user wants: less where one is to be alone."""
        alone = self._steering.alone
        self._over.clear()
        self._admitted = None
        if not alone:
            return None
        first = next((n for n, run in enumerate(facts.queued) if run in alone), None)
        if first is None and alone.isdisjoint(living):
            return None
        place = admit_by_count(self._numbers, self._guests_of(living), alone=first == 0)
        if not isinstance(place, Admit):
            return 0
        if first == 0:
            self._admitted = place.device if self._placing.devices else HOST
            return 1
        others = alone.isdisjoint(living)
        return first if others else 1  # where one is alone, the next goes elsewhere, one at a time

    def _guests_of(self, living: Mapping[int, Place]) -> list[Guest]:
        return [guest for guest in self._guests() if guest.run in living]

    def _steer(self, facts: Facts, living: Mapping[int, Place]) -> int:
        """Whether one more may start, by what the runs hold and how fast they are."""
        assert self._paces is not None, "steering follows the runs"
        now = facts.now
        paces = self._paces.look(living, now)
        alone = self._steering.alone
        where = {run: self._devices[run] for run in living}
        folders = {run: self._cache.run(place.folder) for run, place in living.items()}
        shown = {run for run, pace in paces.items() if pace.values}
        self._memories.look(folders, where, shown, now)
        guests = [self._memories.guest(run, where[run], alone=run in alone) for run in living]
        next_run = facts.queued[0] if facts.queued else None
        rooms, host = self._memories.rooms, self._memories.host
        sight = Sight(rooms, host, guests, paces, tuple(self._over), next_run)
        self._over.clear()
        self._steering, place = steer(self._steering, sight)
        self._tell()
        self._admitted = place.device if isinstance(place, Admit) else None
        return int(isinstance(place, Admit))

    def _tell(self) -> None:
        """Say how many at once it has come to, and why, where that is new."""
        numbers = self._numbers or [HOST]
        tunings = {number: self._steering.tuning(number) for number in numbers}
        words = {number: tuning.why for number, tuning in tunings.items()}
        if len(set(words.values())) == 1:
            why = words[numbers[0]]
        else:
            devices = self._placing.devices
            why = "; ".join(f"GPU {devices[n].device.number}: {words[n]}" for n in numbers)
        at_once = AtOnce(sum(tuning.limit for tuning in tunings.values()), why)
        if at_once != self._told:
            self._told = at_once
            self._store.set_at_once(self._search, at_once)
            self._listener.at_once(at_once)

    def _threads(self) -> dict[str, str]:
        """More of the cores than all runs have, where fewer at once turned out to be better.

        Such runs start cold: what was imported ahead has its number of threads.
        """
        tuning = self._steering.tuning(HOST)
        fewer = tuning.held is not None and tuning.limit < self._placing.slots
        return thread_env(tuning.limit, jobs_default()) if fewer else {}


def _tail(log: Path) -> str:
    """What the last attempt printed at its end."""
    with contextlib.suppress(OSError), log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - SHOWN))
        return file.read().rpartition(_ATTEMPT)[2].decode("utf-8", "replace")
    return ""
