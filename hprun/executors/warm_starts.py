"""Warm starts for as long as they can be had: a server, its replacement, and cold in the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hprun.errors import HprunError
from hprun.executors.warm import CannotFork, Dead, Fork, ForkServer, Ready, Refused, Starting

_HINT = "`--start auto` starts such a script cold."
_MOST_DEATHS = 3  # of servers, before it is given up


class WarmStarts:
    """Forks attempts from a server that `make` starts, and starts another when one dies.

    Of several in `make`, the next is used when the one before refuses.

    `say` is told once for each reason why attempts start cold, `ready` what the first server
    has to tell when it is. With `only_warm`, a server that refuses is an error.
    """

    def __init__(
        self,
        make: Sequence[Callable[[], ForkServer]],
        say: Callable[[str], None],
        ready: Callable[[Ready], None],
        *,
        only_warm: bool = False,
    ) -> None:
        self._make = list(make)
        self._say = say
        self._ready = ready
        self._only_warm = only_warm
        self._said: set[str] = set()
        self._deaths = 0
        self._is_ready = False
        self._server: ForkServer | None = None

    def begin(self) -> None:
        """Start the server; the imports are carried out while the caller does other things."""
        self._server = None
        try:
            self._server = self._make[0]()
        except OSError as error:
            self.stop(f"the server of warm starts could not be started: {error}")

    def stop(self, why: str) -> None:
        """Start cold from now on, and say why."""
        self.close()
        self._tell(why)

    @property
    def server(self) -> ForkServer | None:
        """The server of now; None when attempts start cold."""
        return self._server

    @property
    def preparing(self) -> bool:
        """Whether it is worth to wait: the imports are being carried out."""
        return self._server is not None and isinstance(self._server.state, Starting)

    def descriptors(self) -> list[int]:
        """What to wake up for."""
        descriptor = self._server.descriptor if self._server is not None else None
        return [] if descriptor is None else [descriptor]

    def advance(self) -> None:
        """See what the server says; replace a dead one. Raises HprunError: see `only_warm`."""
        if self._server is None:
            return
        match self._server.advance():
            case Ready() as ready:
                if not self._is_ready:
                    self._is_ready = True
                    self._ready(ready)
            case Refused(why) if len(self._make) > 1:
                del self._make[0]
                self._say(f"Sharing imports alone: {why}.")
                self.begin()
            case Refused(why):
                if self._only_warm:
                    raise HprunError(f"--start warm: {why}.", hint=_HINT)
                self.stop(why)
            case Dead(why):
                self._deaths += 1
                if self._deaths < _MOST_DEATHS:
                    self.begin()
                else:
                    self.stop(f"{why}, {self._deaths} times")
            case Starting():
                pass

    def send(self, fork: Fork) -> ForkServer | None:
        """Have an attempt forked; the server whose `answers` will tell, or None: start it cold."""
        self.advance()
        if self._server is None:
            return None
        try:
            self._server.send(fork)
        except CannotFork as cannot:
            self.declined(self._server, cannot)
            return None
        return self._server

    def declined(self, server: ForkServer, cannot: CannotFork) -> None:
        """Take note that a fork could not be had, and tell why unless its server is dead."""
        if isinstance(server.state, Ready):
            self._tell(cannot.why)

    def close(self) -> None:
        """End the server; attempts go on without it."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def _tell(self, why: str) -> None:
        if why not in self._said:
            self._said.add(why)
            self._say(f"Starting cold: {why}.")
