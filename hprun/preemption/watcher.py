"""A thread that talks with the metadata server, so that nobody else has to wait for it."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Callable

from hprun.preemption.conversation import Amazon, Answer, Conversation, Google, Request
from hprun.preemption.machine import Server

_LARGEST_ANSWER = 65536
_CLOSE_S = 2.0  # a thread that still connects is left behind: it can say nothing any more


class Watcher:
    """Runs until it has something to tell, or is closed; usable as a context."""

    def __init__(
        self,
        server: Server,
        stop: Callable[[str], None],
        warn: Callable[[str], None],
        pause: Callable[[float], bool] | None = None,
    ) -> None:
        self._server = server
        self._stop = stop
        self._warn = warn
        self._closed = threading.Event()
        self._pause = pause or self._closed.wait
        # Guards the two below: once close() is through, nothing is told and nothing is asked.
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="hprun-preemption", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the watch; neither callback is called after this returned. Callable twice."""
        with self._lock:
            self._closed.set()
            if self._socket is not None:
                with contextlib.suppress(OSError):  # it may be closed already
                    self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(_CLOSE_S)

    @property
    def alive(self) -> bool:
        """Whether it still watches."""
        return self._thread.is_alive()

    def __enter__(self) -> Watcher:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _run(self) -> None:
        # Signals are the main thread's: one that came here would not wake it up.
        signal.pthread_sigmask(
            signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD}
        )
        talk: Conversation = Google() if self._server.cloud == "gce" else Amazon()
        while not self._closed.is_set():
            heard = talk.hear(self._exchange(talk.ask()))
            if heard.warning:
                self._tell(self._warn, heard.warning)
            if heard.stop:
                self._tell(self._stop, heard.stop)
                return
            if self._closed.is_set() or (heard.pause_s and self._pause(heard.pause_s)):
                return
            talk = heard.then

    def _tell(self, whom: Callable[[str], None], text: str) -> None:
        with self._lock:
            if not self._closed.is_set():
                whom(text)

    def _exchange(self, request: Request) -> Answer | None:
        """Ask once; None for whatever goes wrong on the way. http.client knows no proxies."""
        from http.client import HTTPConnection, HTTPException

        server = self._server
        connection = HTTPConnection(server.host, server.port, timeout=request.timeout_s)
        try:
            connection.connect()
            with self._lock:
                if self._closed.is_set():
                    return None
                self._socket = connection.sock
            headers = {**dict(request.headers), "Connection": "close"}
            connection.request(request.method, request.path, headers=headers)
            response = connection.getresponse()
            body = response.read(_LARGEST_ANSWER).decode("utf-8", "replace")
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, body)
        except (OSError, HTTPException, ValueError):
            return None
        finally:
            with self._lock:
                self._socket = None
            connection.close()
