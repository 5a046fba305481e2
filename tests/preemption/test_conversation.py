"""Questions and answers, without a network."""

import pytest

from hprun.preemption.conversation import (
    Amazon,
    Answer,
    Google,
    growing_pause_s,
    instance_action,
)


def google(body, etag="17", **more):
    return Answer(200, {"metadata-flavor": "Google", "etag": etag, **more}, body)


def test_what_google_said_last_is_what_the_next_question_waits_to_change():
    then = Google().hear(google("FALSE\n")).then
    assert then.ask().path.endswith("/maintenance-event")
    waiting = then.hear(google("NONE")).then.ask()
    assert waiting.path == (
        "/computeMetadata/v1/instance/preempted?wait_for_change=true&timeout_sec=30&last_etag=17"
    )
    assert waiting.timeout_s > 30


@pytest.mark.parametrize("etag", ["", "1&recursive=true", "1 HTTP/1.1", "é", "x" * 200])
def test_an_etag_that_is_none_makes_it_ask_every_five_seconds(etag):
    heard = Google().hear(google("FALSE", etag))
    assert heard.pause_s == 5
    after = heard.then.hear(google("NONE")).then
    assert after.ask().path == "/computeMetadata/v1/instance/preempted"


def test_trouble_forgets_the_etag_so_that_the_next_answer_comes_at_once():
    heard = Google(etag="17").hear(None)
    assert "wait_for_change" not in heard.then.ask().path
    assert not heard.stop


def test_trouble_with_maintenance_leaves_the_other_watch_alone():
    at_maintenance = Google(etag="17", at_maintenance=True)
    for answer in (None, Answer(404, {}, ""), Answer(200, {}, "TERMINATE_ON_HOST_MAINTENANCE")):
        heard = at_maintenance.hear(answer)
        assert heard.then == Google(etag="17")
        assert not heard.warning


def test_the_warning_comes_once():
    heard = Google(at_maintenance=True).hear(google("TERMINATE_ON_HOST_MAINTENANCE"))
    assert heard.warning
    again = heard.then.hear(google("FALSE")).then.hear(google("TERMINATE_ON_HOST_MAINTENANCE"))
    assert not again.warning


@pytest.mark.parametrize("body", ["", "true", "TRUE FALSE", '"TRUE"', "1"])
def test_only_the_one_word_means_preempted(body):
    heard = Google().hear(google(body))
    assert not heard.stop
    assert heard.pause_s == 1


def test_a_success_forgets_the_failures():
    heard = Google(failures=5).hear(google("FALSE"))
    assert heard.then.hear(google("NONE")).then.hear(None).pause_s == 1
    assert Amazon("t", failures=5).hear(Answer(404, {}, "")).then.hear(None).pause_s == 1


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('{"action": "stop", "time": "2026-01-02T03:04:05Z"}', "stop this machine at 2026-01-02"),
        ('{"action": "terminate"}', "terminate this machine soon"),
        ('{"action": "hibernate", "time": 5}', "hibernate this machine soon"),
        ('{"action": "stop", "time": "\\u001b[2J"}', "stop this machine soon"),
    ],
)
def test_amazons_notice_in_words(body, says):
    assert says in instance_action(body)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "{}",
        '"stop"',
        '{"action": "noop"}',
        '{"action": ["stop"]}',
        "{",
        "[" * 9999,
    ],
)
def test_what_is_no_notice_of_amazons(body):
    assert instance_action(body) == ""


def test_a_token_is_shown_nowhere():
    amazon = Amazon().hear(Answer(200, {}, "secret-token")).then
    assert amazon.ask().headers == (("X-aws-ec2-metadata-token", "secret-token"),)
    assert "secret" not in repr(amazon)
    assert "secret" not in repr(amazon.ask())
    assert "secret" not in repr(Answer(200, {}, "secret-token"))


@pytest.mark.parametrize("body", ["", "a\r\nX-Other: b", "a b", "é", "x" * 5000])
def test_a_token_that_no_header_can_hold_is_not_taken(body):
    heard = Amazon().hear(Answer(200, {}, body))
    assert heard.then.ask().method == "PUT"
    assert heard.pause_s == 1


def test_pauses_grow_to_a_minute():
    assert [growing_pause_s(n) for n in (1, 2, 3, 6, 7, 100000)] == [1, 2, 4, 32, 60, 60]
