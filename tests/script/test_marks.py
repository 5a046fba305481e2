"""Marked lines, with and without a spec."""

from __future__ import annotations

import pytest

from hprun.errors import RenderError, SiteError
from hprun.script import marks

SPEC = "1e-5:l5:0.1"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (f"lr = 0.01  # hp: {SPEC}\n", ("lr", SPEC, 1)),
        (f"lr = 0.01  #hp:{SPEC}  \n", ("lr", SPEC, 1)),
        (f"lr = 0.01  # noqa  # hp: {SPEC}\n", ("lr", SPEC, 1)),
        (f"def f():\n    self.lr = 0.01  # hp: {SPEC}\n", ("lr", SPEC, 2)),
        (f"cfg['lr'] = 0.01  # hp: {SPEC}\n", ("lr", SPEC, 1)),
        (f"cfg = {{\n    'a': 1,\n    'lr': 0.01,  # hp: {SPEC}\n}}\n", ("lr", SPEC, 3)),
        (f"fit(\n    lr=0.01,  # hp: {SPEC}\n)\n", ("lr", SPEC, 2)),
        (f"fit(SGD(lr=0.01))  # hp: {SPEC}\n", ("lr", SPEC, 1)),
        (f"def f(\n    a,\n    lr=0.01,  # hp: {SPEC}\n):\n    pass\n", ("lr", SPEC, 3)),
        (f"lr = f(\n    1,\n)  # hp: {SPEC}\n", ("lr", SPEC, 3)),
        (f"lr = (  # hp: {SPEC}\n    1)\n", ("lr", SPEC, 1)),
        (f"a, lr = 1, 0.01  # hp: lr={SPEC}\n", ("lr", SPEC, 1)),
        ("m = 0.9  # hp: 0:0.1:0.9 if opt == 'SGD'\n", ("m", "0:0.1:0.9 if opt == 'SGD'", 1)),
        (f"build = lambda: SGD(lr=0.01)  # hp: lr={SPEC}\n", ("lr", SPEC, 1)),
    ],
)
def test_a_mark_names_the_value_on_its_line(source, found):
    assert marks(source.encode(), "t.py") == [found]


@pytest.mark.parametrize(
    "source",
    [
        'x = "lr = 1  # hp: 1,2"\n',
        '"""\nlr = 0.1  # hp: 1,2\n"""\n',
        "# hp: the hyperparameters\nlr = 0.1\n",
        "lr = 0.1  # hp\n",
        "lr = 0.1  # hpx: 1,2\n",
        "lr = 0.1  # the hp is 3\n",
    ],
)
def test_what_is_no_mark_with_a_spec(source):
    assert marks(source.encode(), "t.py") == []


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x.append(3)  # hp: 1,2\n", "line 1: x.append.*without a value with a name"),
        ("f(a=1, b=2)  # hp: 1,2\n", "may mean any of a, b"),
        ("a = lr = 1  # hp: 1,2\n", "may mean any of a, lr"),
        ("lr *= 2  # hp: 1,2\n", "without a value"),
        ("lr = 1  # hp: units=1,2\n", "without units"),
        ("x = 1\nlr = 1  # hp:\n", "line 2: the mark has a colon, but no spec"),
    ],
)
def test_a_mark_that_means_nothing_or_several_things_is_refused(source, message):
    with pytest.raises(SiteError, match=f"(?s){message}"):
        marks(source.encode(), "t.py")


def test_equal_names_are_told_apart(template):
    source = "class A:\n    lr = 1  # hp: 1,2\nclass B:\n    lr = 1  # hp: 3,4\n"
    found = marks(source.encode(), "t.py")
    assert [name for name, _, _ in found] == ["A.lr", "B.lr"]
    template(source, "A.lr", "B.lr").check({"A.lr": [1], "B.lr": [2]})
    again = "if x:\n    lr = 1  # hp: 1,2\nelse:\n    lr = 1  # hp: 3,4\n"
    names = [name for name, _, _ in marks(again.encode(), "t.py")]
    assert names == ["lr@2", "lr@4"]
    assert template(again, *names).render({"lr@2": 5, "lr@4": 6}).files["train.py"] == (
        b"if x:\n    lr = 5  # hp: 1,2\nelse:\n    lr = 6  # hp: 3,4\n"
    )


def test_a_mark_wins_over_every_other_place(render, template):
    source = "lr = 0.1\ndef f():\n    lr = 0.2  # hp\nprint(lr)\n"
    assert render(source, {"lr": 5}) == source.replace("0.2", "5")
    assert template(source, "lr").sites[0].rule == "mark"


def test_a_bare_mark_is_about_every_value_of_its_line(render):
    source = "fit(SGD(lr=0.1), epochs=3)  # hp\n"
    assert render(source, {"lr": 5, "epochs": 7}) == "fit(SGD(lr=5), epochs=7)  # hp\n"


def test_two_marked_lines_are_ambiguous(template):
    with pytest.raises(SiteError, match="several places for lr"):
        template("f(lr=1)  # hp\ng(lr=2)  # hp\n", "lr")


def test_a_file_that_does_not_compile_says_which_line():
    with pytest.raises(RenderError, match=r"t\.py does not compile: line 2"):
        marks(b"x = 1\n%matplotlib inline\n", "t.py")
