from __future__ import annotations

import math
import random

import pytest

from hprun.metrics import logtext
from hprun.metrics.logtext import LogFile, names_in_log


@pytest.fixture
def read(tmp_path):
    def curve_of(text: str, name: str, *, ended: bool = True) -> list[float] | None:
        path = tmp_path / "stdout.log"
        path.write_bytes(text.encode())
        log = LogFile(str(path), name)
        log.poll()
        curve = log.curve(ended=ended)
        assert curve is None or curve.steps == tuple(range(len(curve.values)))
        return None if curve is None else list(curve.values)

    return curve_of


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("loss: 0.5\n", [0.5]),
        ("loss=0.5\n", [0.5]),
        ("loss = 0.5\n", [0.5]),
        ("loss : -1e-3, acc: 1\nloss:.5\n", [-0.001, 0.5]),
        ("step 3 - loss: 0.3 - val_loss: 0.2 - loss: 0.1\n", [0.3, 0.1]),
        ("{'loss': 0.25, 'eval_loss': 0.5}\n", [0.25]),
        ('{"loss": 2E+2}\n', [200.0]),
        ("loss: tensor(0.125, grad_fn=<X>)\n", [0.125]),
        ("{'loss': np.float32(0.125)}\n", [0.125]),
        ("loss: 0\nloss: 0.0\n", [0.0, 0.0]),
        ("The loss: 0.3. That is all.\n", [0.3]),
        ("[2024-01-01] (loss=0.5)\n", [0.5]),
        ("\x1b[1mloss\x1b[0m: \x1b[32m0.5\x1b[0m\n", [0.5]),
        ("loss: 1\rloss: 2\rloss: 3\n", [1.0, 2.0, 3.0]),
        ("loss: 1\r\nloss: 2\r\n", [1.0, 2.0]),
        ("loss: 1", [1.0]),
        ("loss: inf\nloss: -Infinity\n", [math.inf, -math.inf]),
        (" 50%|###   | 5/10 [00:01<00:01, loss=0.5]\n", [0.5]),
        ("LOSS: 1\nloss: 2\n", [2.0]),
        ("LOSS: 1\nLoss=2\n", [1.0, 2.0]),
    ],
)
def test_lines_that_hold_the_name_give_points(read, text, values):
    assert read(text, "loss") == values


@pytest.mark.parametrize(
    "text",
    [
        "val_loss: 0.5\n",
        "val/loss: 0.5\n",
        "model.loss = 0.5\n",
        "--loss=1\n",
        "losses: 0.5\n",
        "val loss: 0.5\n",
        "Validation loss: 0.5\n",
        "loss: none\n",
        "loss: mse\n",
        "loss: 3x\n",
        "loss: 1.2.3\n",
        "loss: nano\n",
        "loss: information\n",
        "loss == 0.5\n",
        "loss 0.5\n",
        "loss:\n0.5\n",
        "",
    ],
)
def test_lines_that_only_look_like_it_give_none(read, text):
    assert read(text, "loss") is None


def test_nan_is_a_value(read):
    values = read("loss: nan\nloss: NaN\n", "loss")
    assert values is not None
    assert [math.isnan(value) for value in values] == [True, True]


def test_names_of_any_letters_are_taken_literally(read):
    assert read("acc@1 (top): 0.5\nacc@1: 0.25\n", "acc@1") == [0.25]
    assert read("eval/loss: 0.5 xeval/loss: 1 eval.loss: 2\n", "eval/loss") == [0.5]
    assert read("Genauigkeit größer: 0.5\n", "größer") == [0.5]
    assert read("val loss: 0.5\n", "val loss") == [0.5]
    assert read("fitness: 0.93\n", "fitness") == [0.93]


def test_a_line_without_its_end_counts_only_when_the_run_has_ended(read):
    assert read("loss: 0.5\nloss: 0.1", "loss", ended=False) == [0.5]
    assert read("loss: 0.5\nloss: 0.1", "loss", ended=True) == [0.5, 0.1]
    assert read("loss: 0.1", "loss", ended=False) is None


BAR = "{}/4 \u2501\u2501\u2501 0s 3ms/step - loss: {}"


def test_a_bar_of_keras_counts_when_it_is_finished(read):
    updates = "\x08\r".join(BAR.format(i, i) for i in (1, 2, 4))
    epoch = f"Epoch 1/2\n{updates}\x08\x08\r{BAR.format(4, 0.25)} - val_loss: 7\n"
    assert read(epoch * 2, "loss") == [0.25, 0.25]
    assert read(epoch * 2, "val_loss") == [7.0, 7.0]
    assert read(epoch.replace("\n", "\r\n"), "loss") == [0.25]


def test_lines_of_an_unfinished_bar_count_where_nothing_else_does(read):
    assert read("\n".join(BAR.format(i, i) for i in (1, 2)) + "\n", "loss") == [1.0, 2.0]
    assert read("1/4 [=>....] - loss: 3\n4/4 [====] - loss: 2\n", "loss") == [2.0]


def test_a_count_at_the_beginning_of_a_line_is_no_bar(read):
    assert read("1/4 loss: 3\n2/4 loss: 2\n", "loss") == [3.0, 2.0]


def test_a_very_long_line_is_read_in_stretches(read, monkeypatch):
    monkeypatch.setattr(logtext, "_BLOCK", 3000)
    monkeypatch.setattr(logtext, "_LONGEST_LINE", 512)
    draw = random.Random(5)
    values = [draw.random() for _ in range(5000)]
    pieces = [f"{'x' * draw.randrange(60)}loss: 1 val loss: 2 loss : {value!r}" for value in values]
    found = read(", ".join(pieces), "loss")
    bare = [piece.startswith("loss") for piece in pieces]
    wanted = [[1.0, value] if whole else [value] for whole, value in zip(bare, values, strict=True)]
    assert found == [value for both in wanted for value in both]


def test_a_very_long_word_is_read_in_stretches(read, monkeypatch):
    monkeypatch.setattr(logtext, "_BLOCK", 3000)
    monkeypatch.setattr(logtext, "_LONGEST_LINE", 512)
    for size in range(2700, 2800):
        assert read(f"{'x' * size}loss: 1 loss: 2, {'y' * 9000}", "loss") == [2.0], size
    assert read("x" * 300_000 + "loss: 1 loss: 2", "loss") == [2.0]
    assert read("lossloss" * 40_000 + ": 1 loss: 2", "loss") == [2.0]


def test_polls_while_a_log_grows_give_what_a_full_read_gives(tmp_path, monkeypatch):
    draw = random.Random(4)
    lines = [f"step {i} \x1b[1mloss\x1b[0m: {draw.random()}\r\n" for i in range(300)]
    text = "".join(lines).encode()
    path = tmp_path / "full.log"
    path.write_bytes(text)
    full = LogFile(str(path), "loss")
    full.poll()
    wanted = full.curve(ended=True)
    assert wanted is not None
    assert len(wanted.values) == 300
    for block in (50, 1 << 20):
        monkeypatch.setattr(logtext, "_BLOCK", block)
        growing = tmp_path / f"growing{block}.log"
        growing.touch()
        log = LogFile(str(growing), "loss")
        at = 0
        while at < len(text):
            size = draw.choice([1, 5, 40, 400])
            with growing.open("ab") as out:
                out.write(text[at : at + size])
            at += size
            log.poll()
            part = log.curve(ended=False)
            values = () if part is None else part.values
            assert values == wanted.values[: len(values)]
        assert log.curve(ended=False) == wanted


def test_a_log_that_begins_anew_is_read_anew(tmp_path):
    path = tmp_path / "a.log"
    path.write_text("loss: 1\nloss: 2\nloss: 3\n")
    log = LogFile(str(path), "loss")
    assert log.poll() is True
    assert log.poll() is False
    path.write_text("loss: 9\n")
    assert log.poll() is True
    curve = log.curve(ended=False)
    assert curve is not None
    assert curve.values == (9.0,)


def test_names_before_numbers_are_found_for_the_hint(tmp_path):
    log = tmp_path / "log"
    log.write_text(
        "start 12:30:01\nEpoch 1/3\n loss: 0.5 - val_acc=0.25 - lr: 1e-3\nnot: this\nurl http://x:1\n"
    )
    assert names_in_log(str(log)) == ["loss", "val_acc", "lr"]
    assert names_in_log(str(tmp_path / "missing")) == []
