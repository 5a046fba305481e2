"""What to ask a metadata server next, and what its answers mean. Pure.

Sources: Google, "Preemptible VM instances", "Query metadata server for maintenance event notices"
and "About VM metadata" (wait_for_change, last_etag); Amazon, "Spot Instance interruption notices"
and "Use IMDSv2".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import field, replace
from typing import Protocol

from hprun.dataclass import dataclass

WAIT_S = 30  # how long Google's server may hold a question open
QUICK_S = 5.0  # how long any other answer may take
ROUND_S = 1.0  # between two rounds, for a server that does not hold questions open
POLL_S = 5.0  # as Amazon advises
LONGEST_PAUSE_S = 60.0

_GCE = "/computeMetadata/v1/instance/"
_AWS = "/latest/"
_TOKEN_LIFE_S = 21600
_ETAG = re.compile(r"[A-Za-z0-9_-]{1,128}")
_TOKEN = re.compile(r"[\x21-\x7e]{1,1024}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?")
_ACTIONS = ("terminate", "stop", "hibernate")


@dataclass(frozen=True, slots=True)
class Request:
    """One question. `timeout_s` is for each read of the answer."""

    path: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    timeout_s: float = QUICK_S
    method: str = "GET"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; names of headers in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Heard:
    """How the conversation goes on after an answer.

    `stop` says why the machine goes away now, `warning` why it will within the hour; either is
    empty where there is nothing to say. The next question comes after `pause_s`.
    """

    then: Conversation
    pause_s: float
    stop: str = ""
    warning: str = ""


class Conversation(Protocol):
    """One side of the talk with a metadata server."""

    def ask(self) -> Request:
        """Say what to ask now."""

    def hear(self, answer: Answer | None) -> Heard:
        """Take in an answer, or None where none came."""


@dataclass(frozen=True, slots=True)
class Google:
    """Waits for `preempted` to become TRUE, and looks at `maintenance-event` between two waits.

    A machine with a GPU learns of maintenance an hour ahead; so that is a warning, not a reason to
    throw an hour of work away.
    """

    etag: str = ""
    at_maintenance: bool = False
    warned: bool = False
    failures: int = 0

    def ask(self) -> Request:
        """The first question is for the state as it is, the later ones wait for it to change."""
        headers = (("Metadata-Flavor", "Google"),)
        if self.at_maintenance:
            return Request(_GCE + "maintenance-event", headers)
        if not self.etag:
            return Request(_GCE + "preempted", headers)
        how = f"?wait_for_change=true&timeout_sec={WAIT_S}&last_etag={self.etag}"
        return Request(_GCE + "preempted" + how, headers, WAIT_S + QUICK_S)

    def hear(self, answer: Answer | None) -> Heard:
        """An answer without Google's mark comes from somebody else, and counts for nothing."""
        ours = answer if answer is not None and _is_googles(answer) else None
        word = ours.body.strip() if ours is not None else ""
        if self.at_maintenance:
            return self._hear_maintenance(word)
        if word == "TRUE":
            return Heard(self, 0.0, stop="preempted: Google takes this machine back now")
        if ours is None or word != "FALSE":
            failures = self.failures + 1
            return Heard(replace(self, etag="", failures=failures), growing_pause_s(failures))
        etag = ours.headers.get("etag", "")
        if not _ETAG.fullmatch(etag):
            return Heard(replace(self, etag="", at_maintenance=True, failures=0), POLL_S)
        return Heard(replace(self, etag=etag, at_maintenance=True, failures=0), 0.0)

    def _hear_maintenance(self, word: str) -> Heard:
        then = replace(self, at_maintenance=False)
        if word != "TERMINATE_ON_HOST_MAINTENANCE" or self.warned:
            return Heard(then, ROUND_S)
        warning = "maintenance: Google stops this machine within the hour"
        return Heard(replace(then, warned=True), ROUND_S, warning=warning)


@dataclass(frozen=True, slots=True)
class Amazon:
    """Asks for the notice of a Spot machine every 5 s, with a session token (IMDSv2)."""

    token: str = field(default="", repr=False)
    failures: int = 0

    def ask(self) -> Request:
        """The token comes first."""
        if not self.token:
            life = (("X-aws-ec2-metadata-token-ttl-seconds", str(_TOKEN_LIFE_S)),)
            return Request(_AWS + "api/token", life, method="PUT")
        headers = (("X-aws-ec2-metadata-token", self.token),)
        return Request(_AWS + "meta-data/spot/instance-action", headers)

    def hear(self, answer: Answer | None) -> Heard:
        """404 is what a machine says that nobody takes back."""
        if answer is None:
            return self._again()
        if not self.token:
            token = answer.body.strip()
            if answer.status != 200 or not _TOKEN.fullmatch(token):
                return self._again()
            return Heard(replace(self, token=token), 0.0)
        if answer.status == 404:
            return Heard(replace(self, failures=0), POLL_S)
        if answer.status == 401:
            # The token ran out. A server that takes no token at all must not be asked in a rush.
            then = replace(self, token="", failures=self.failures + 1)
            return Heard(then, growing_pause_s(self.failures) if self.failures else 0.0)
        notice = instance_action(answer.body) if answer.status == 200 else ""
        return Heard(self, 0.0, stop=notice) if notice else self._again()

    def _again(self) -> Heard:
        failures = self.failures + 1
        return Heard(replace(self, failures=failures), growing_pause_s(failures))


def _is_googles(answer: Answer) -> bool:
    return answer.status == 200 and answer.headers.get("metadata-flavor") == "Google"


def instance_action(body: str) -> str:
    """What Amazon's JSON notice says, in words; empty where it is none."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    action = data.get("action") if isinstance(data, dict) else None
    if action not in _ACTIONS:
        return ""
    when = data.get("time")
    known = isinstance(when, str) and _TIME.fullmatch(when)
    return f"preempted: Amazon will {action} this machine {f'at {when}' if known else 'soon'}"


def growing_pause_s(failures: int) -> float:
    """Seconds before the next question after so many failures in a row: 1, 2, 4 … 60."""
    return min(LONGEST_PAUSE_S, 2.0 ** min(failures - 1, 10))
