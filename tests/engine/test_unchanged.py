"""What nobody else has written is not asked again, and what somebody has is seen at once."""

from __future__ import annotations

import pytest

from hprun.engine.unchanged import Unchanged
from hprun.store import Store


@pytest.fixture
def stores(tmp_path):
    """Two processes' stores of one database."""
    mine, other = Store(tmp_path / "hprun.db"), Store(tmp_path / "hprun.db")
    yield mine, other
    mine.close()
    other.close()


class _Question:
    """A question about running searches that counts how often it reaches the store."""

    def __init__(self, store):
        self.store, self.asked = store, 0

    def __call__(self):
        self.asked += 1
        return self.store.running_besides(0)


def _run(store, name):
    row = store.put_search(name, name, {"settings": {}}, 1.0)
    store.set_search_state(row.id, "running", 2.0)


def test_a_question_without_an_answer_is_asked_once(stores):
    mine, _ = stores
    unchanged, question = Unchanged(mine), _Question(mine)
    for _ in range(5):
        unchanged.look()
        assert unchanged.ask("rivals", question) == []
    assert question.asked == 1


def test_what_another_process_wrote_is_seen_at_the_next_look(stores):
    mine, other = stores
    unchanged, question = Unchanged(mine), _Question(mine)
    unchanged.look()
    assert unchanged.ask("rivals", question) == []
    _run(other, "theirs")
    assert unchanged.ask("rivals", question) == []  # within one look the answer stays
    unchanged.look()
    assert [row.name for row in unchanged.ask("rivals", question)] == ["theirs-1"]


def test_what_has_an_answer_is_asked_each_time(stores):
    mine, other = stores
    _run(other, "theirs")
    unchanged, question = Unchanged(mine), _Question(mine)
    for _ in range(3):
        unchanged.look()
        assert len(unchanged.ask("rivals", question)) == 1
    assert question.asked == 3


def test_one_question_does_not_answer_another(stores):
    mine, _ = stores
    unchanged, first, second = Unchanged(mine), _Question(mine), _Question(mine)
    unchanged.look()
    unchanged.ask("first", first)
    unchanged.ask("second", second)
    assert (first.asked, second.asked) == (1, 1)
