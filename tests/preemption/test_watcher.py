"""The watcher against a real server on loopback that plays the metadata servers."""

import queue
import socket
import threading
from dataclasses import replace

import pytest

from hprun.preemption import watch, watcher
from hprun.preemption.conversation import Google

DEADLINE_S = 60


class Told:
    """What the watcher said, in the order in which it did."""

    def __init__(self):
        self.stops = queue.Queue()
        self.warnings = queue.Queue()

    def stop(self):
        return self.stops.get(timeout=DEADLINE_S)


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def watching(told, pauses, tmp_path):
    """Starts watchers and sees to it that none is left."""
    started = []

    def start(**env):
        one = watch(told.stops.put, told.warnings.put, env=env, sys_folder=tmp_path, pause=pauses)
        assert one is not None
        started.append(one)
        return one

    yield start
    pauses.give_up()
    for one in started:
        one.close()
        assert not one.alive


def ended(one):
    one._thread.join(DEADLINE_S)
    return not one.alive


def google(host):
    return {"GCE_METADATA_HOST": host}


def amazon(host):
    return {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://{host}/"}


def wait_until_held(server, pauses):
    """Three questions: how it stands, about maintenance, and one that the server holds open."""
    asked = [server.next(), server.next()]
    assert pauses.next() == 1
    pauses.go_on()
    asked.append(server.next())
    assert server.held.wait(DEADLINE_S)
    return asked


def test_on_a_machine_of_no_cloud_there_is_no_thread_and_no_request(tmp_path):
    before = threading.active_count()
    assert watch(pytest.fail, pytest.fail, env={}, sys_folder=tmp_path) is None
    assert threading.active_count() == before


def test_a_preempted_google_machine_is_told_once(server, watching, pauses, told):
    one = watching(**google(server.host))
    first, second, third = wait_until_held(server, pauses)
    assert first[:3] == ("GET", "/computeMetadata/v1/instance/preempted", {})
    assert second[:3] == ("GET", "/computeMetadata/v1/instance/maintenance-event", {})
    assert third[1] == "/computeMetadata/v1/instance/preempted"
    assert third[2] == {"wait_for_change": "true", "last_etag": "1", "timeout_sec": "30"}
    assert all(headers["Metadata-Flavor"] == "Google" for *_, headers in (first, second, third))
    assert told.stops.empty()

    server.set("preempted", "TRUE")
    assert told.stop() == "preempted: Google takes this machine back now"
    assert ended(one)
    assert told.stops.empty()
    assert told.warnings.empty()
    assert server.requests.empty()


def test_a_change_of_nothing_goes_on_waiting_with_the_new_etag(server, watching, pauses, told):
    watching(**google(server.host))
    wait_until_held(server, pauses)
    server.set("preempted", "FALSE")  # as after the server's own time limit
    assert server.next()[1].endswith("/maintenance-event")
    pauses.next()
    pauses.go_on()
    assert server.next()[2]["last_etag"] == "2"
    server.set("preempted", "TRUE")
    assert told.stop()


def test_maintenance_within_the_hour_is_a_warning_and_no_stop(server, watching, pauses, told):
    server.set("maintenance-event", "TERMINATE_ON_HOST_MAINTENANCE")
    one = watching(**google(server.host))
    wait_until_held(server, pauses)
    assert told.warnings.get_nowait() == "maintenance: Google stops this machine within the hour"
    assert told.stops.empty()
    assert one.alive
    server.set("preempted", "TRUE")
    assert told.stop().startswith("preempted")
    assert told.warnings.empty()


def test_a_live_migration_is_nobodys_concern(server, watching, pauses, told):
    server.set("maintenance-event", "MIGRATE_ON_HOST_MAINTENANCE")
    watching(**google(server.host))
    wait_until_held(server, pauses)
    assert told.warnings.empty()


def cut_off(handler):
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def no_http(handler):
    handler.wfile.write(b"\x00\xff garbage\r\n\r\n")
    handler.close_connection = True


FAULTS = {
    "an error of the server": lambda handler: handler.say(500, "no"),
    "another's TRUE": lambda handler: handler.say(200, "TRUE"),
    "garbage": lambda handler: handler.say(200, "<html>", Metadata_Flavor="Google"),
    "no HTTP": no_http,
    "a line cut off": cut_off,
    "a redirection": lambda handler: handler.say(302, "TRUE", Location="http://127.0.0.1:1/"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_trouble_is_met_with_growing_pauses_and_then_forgotten(
    server, watching, pauses, told, fault
):
    server.faults = [fault] * 3
    watching(**google(server.host))
    for seconds in (1, 2, 4):
        server.next()
        assert pauses.next() == seconds
        pauses.go_on()
    wait_until_held(server, pauses)
    assert told.stops.empty()
    server.set("preempted", "TRUE")
    assert told.stop()


def test_a_server_that_is_not_there_yet_is_asked_again(watching, pauses, told):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        one = watching(**google(f"127.0.0.1:{free.getsockname()[1]}"))
        for seconds in (1, 2, 4, 8, 16, 32, 60, 60):
            assert pauses.next() == seconds
            pauses.go_on()
        pauses.next()
        assert one.alive
        assert told.stops.empty()


def test_a_server_that_never_answers_counts_as_none(server, watching, pauses, told, monkeypatch):
    class Hurried(Google):
        def ask(self):
            return replace(Google.ask(self), timeout_s=0.05)

    monkeypatch.setattr(watcher, "Google", Hurried)
    release = threading.Event()
    server.faults = [lambda handler: release.wait(DEADLINE_S)] * 2
    watching(**google(server.host))
    assert pauses.next() == 1
    pauses.go_on()
    assert pauses.next() == 2
    release.set()
    assert told.stops.empty()


def test_an_answer_that_comes_in_pieces_is_read_whole(server, watching, told):
    def in_pieces(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nMetadata-Flav")
        handler.wfile.flush()
        handler.wfile.write(b"or: Google\r\nContent-Length: 4\r\n\r\nTR")
        handler.wfile.flush()
        handler.wfile.write(b"UE")

    server.faults = [in_pieces]
    watching(**google(server.host))
    assert told.stop()


def test_closing_ends_a_question_that_is_held_open(server, watching, pauses, told):
    one = watching(**google(server.host))
    wait_until_held(server, pauses)
    one.close()
    assert not one.alive
    one.close()
    server.set("preempted", "TRUE")
    assert told.stops.empty()


def test_nothing_is_told_after_closing(server, watching, told):
    answered = threading.Event()

    def late(handler):
        answered.wait(DEADLINE_S)
        handler.say(200, "TRUE", Metadata_Flavor="Google")

    server.faults = [late]
    one = watching(**google(server.host))
    server.next()
    one._closed.set()  # as close() does first
    answered.set()
    assert ended(one)
    assert told.stops.empty()


def test_a_watcher_closes_with_its_context(server, told, tmp_path):
    with watch(told.stops.put, env=google(server.host), sys_folder=tmp_path) as one:
        assert server.held.wait(DEADLINE_S)
    assert not one.alive
    assert told.stops.empty()


def test_no_proxy_is_heeded(server, watching, told, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server.set("preempted", "TRUE")
    watching(**google(server.host))
    assert told.stop()


def test_amazons_notice_is_asked_for_every_five_seconds_with_a_token(
    server, watching, pauses, told
):
    one = watching(**amazon(server.host))
    method, path, _, headers = server.next()
    assert (method, path) == ("PUT", "/latest/api/token")
    assert headers["X-aws-ec2-metadata-token-ttl-seconds"] == "21600"
    for _ in range(3):
        method, path, _, headers = server.next()
        assert (method, path) == ("GET", "/latest/meta-data/spot/instance-action")
        assert headers["X-aws-ec2-metadata-token"] == "first-token"
        assert pauses.next() == 5
        pauses.go_on()
    server.next()
    pauses.next()
    server.action = '{"action": "terminate", "time": "2026-09-18T08:22:00Z"}'
    pauses.go_on()
    assert told.stop() == "preempted: Amazon will terminate this machine at 2026-09-18T08:22:00Z"
    assert ended(one)
    assert told.stops.empty()


def test_a_token_that_ran_out_is_replaced_at_once(server, watching, pauses, told):
    watching(**amazon(server.host))
    assert [server.next()[0], server.next()[0]] == ["PUT", "GET"]
    pauses.next()
    server.token = "second-token"
    server.action = '{"action": "stop", "time": "2026-09-18T08:22:00Z"}'
    pauses.go_on()
    assert told.stop().startswith("preempted: Amazon will stop this machine")
    after = [server.next() for _ in range(3)]
    assert [method for method, *_ in after] == ["GET", "PUT", "GET"]
    assert after[2][3]["X-aws-ec2-metadata-token"] == "second-token"
    assert pauses.asked.empty()


def test_a_server_that_takes_no_token_is_not_asked_in_a_rush(server, watching, pauses):
    def refuse(handler):
        handler.say(401)

    def grant(handler):
        handler.say(200, "first-token")

    server.faults = [grant, refuse] * 4
    watching(**amazon(server.host))
    for seconds in (1, 2, 4):
        assert pauses.next() == seconds
        pauses.go_on()


@pytest.mark.parametrize(
    "fault",
    [
        lambda handler: handler.say(500),
        lambda handler: handler.say(403),
        lambda handler: handler.say(200, "two words\nno token"),
        cut_off,
        no_http,
    ],
)
def test_amazons_server_is_asked_again_after_trouble(server, watching, pauses, told, fault):
    server.faults = [fault] * 2
    server.action = '{"action": "hibernate", "time": "soon"}'
    watching(**amazon(server.host))
    for seconds in (1, 2):
        assert pauses.next() == seconds
        pauses.go_on()
    assert told.stop() == "preempted: Amazon will hibernate this machine soon"
