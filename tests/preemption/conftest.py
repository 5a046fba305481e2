"""Metadata servers of both clouds on loopback, and pauses that a test hands out."""

import contextlib
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

DEADLINE_S = 60  # only a broken program gets there


class Pauses:
    """Takes the place of waiting: the watcher goes on when the test says so."""

    def __init__(self) -> None:
        self.asked: queue.Queue[float] = queue.Queue()
        self._answers: queue.Queue[bool] = queue.Queue()

    def __call__(self, seconds: float) -> bool:
        self.asked.put(seconds)
        return self._answers.get(timeout=DEADLINE_S)

    def next(self) -> float:
        """How long the watcher wants to wait; it waits until `go_on`."""
        return self.asked.get(timeout=DEADLINE_S)

    def go_on(self) -> None:
        self._answers.put(False)

    def give_up(self) -> None:
        self._answers.put(True)


class Handler(BaseHTTPRequestHandler):
    """Answers for the MetadataServer that is the `owner` of its HTTP self.server.owner."""

    def log_message(self, *args):
        pass

    def handle_one_request(self):
        with contextlib.suppress(ConnectionError):
            super().handle_one_request()

    def say(self, status, body="", **headers):
        data = body.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def taken(self):
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.server.owner.requests.put((self.command, parts.path, query, dict(self.headers)))
        if self.server.owner.faults:
            self.server.owner.faults.pop(0)(self)
            return None
        return parts.path, query

    def do_GET(self):
        taken = self.taken()
        if taken is None:
            return
        path, query = taken
        if path.startswith("/computeMetadata/v1/instance/"):
            self.google(path.rsplit("/", 1)[1], query)
        elif path == "/latest/meta-data/spot/instance-action":
            self.amazon()
        else:
            self.say(404)

    def google(self, key, query):
        if self.headers.get("Metadata-Flavor") != "Google":
            self.say(403)
            return
        with self.server.owner.change:
            if query.get("wait_for_change") == "true":
                self.server.owner.held.set()
                self.server.owner.change.wait_for(
                    lambda: (
                        self.server.owner.closing
                        or str(self.server.owner.gce[key][1]) != query.get("last_etag")
                    ),
                    DEADLINE_S,
                )
            value, etag = self.server.owner.gce[key]
        self.say(200, value, Metadata_Flavor="Google", ETag=str(etag))

    def amazon(self):
        if self.headers.get("X-aws-ec2-metadata-token") != self.server.owner.token:
            self.say(401)
        elif self.server.owner.action:
            self.say(200, self.server.owner.action)
        else:
            self.say(404, "<html>not found</html>")

    def do_PUT(self):
        taken = self.taken()
        if taken is None:
            return
        if taken[0] != "/latest/api/token":
            self.say(404)
        elif not self.headers.get("X-aws-ec2-metadata-token-ttl-seconds"):
            self.say(400)
        else:
            self.say(200, self.server.owner.token)


class MetadataServer:
    """Plays both clouds; `faults` are answered first, one request each."""

    def __init__(self) -> None:
        self.change = threading.Condition()
        self.gce = {"preempted": ("FALSE", 1), "maintenance-event": ("NONE", 1)}
        self.action = ""  # of AWS; empty is 404
        self.token = "first-token"
        self.faults: list = []
        self.closing = False
        self.requests: queue.Queue = queue.Queue()
        self.held = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.owner = self
        self._http.daemon_threads = True
        self.port = self._http.server_address[1]
        self.host = f"127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()

    def set(self, key: str, value: str) -> None:
        with self.change:
            self.gce[key] = (value, self.gce[key][1] + 1)
            self.change.notify_all()

    def next(self):
        """The request that came in: method, path, query, headers."""
        return self.requests.get(timeout=DEADLINE_S)

    def close(self) -> None:
        with self.change:
            self.closing = True
            self.change.notify_all()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


@pytest.fixture
def server():
    """A metadata server that is up."""
    one = MetadataServer()
    yield one
    one.close()


@pytest.fixture
def pauses():
    """Pauses under the test's control; nobody is left waiting at the end."""
    one = Pauses()
    yield one
    one.give_up()
