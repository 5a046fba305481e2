"""Scripts that a replacement by regex gets wrong: each is right here, or an error with its line."""

from __future__ import annotations

import pytest

from hprun.errors import SiteError


def test_a_binding_and_a_keyword_of_the_same_name(prints):
    source = "def SGD(lr):\n    return lr\nlr=0.01\nprint(SGD(lr=lr), lr)\n"
    assert prints(source, {"lr": 0.1}) == "0.1 0.1"


def test_comments_and_strings_stay(render, prints):
    source = 'lr = 0.01  # lr is the lr\nprint("lr is", lr)\n'
    assert render(source, {"lr": 0.1}) == 'lr = 0.1  # lr is the lr\nprint("lr is", lr)\n'
    assert prints(source, {"lr": 0.1}) == "lr is 0.1"


def test_a_key_stays_and_its_value_changes(render, prints):
    source = 'cfg = {"lr": 0.01,\n       "momentum": 0.9}\nprint(cfg["lr"])\n'
    assert '{"lr": 0.1,' in render(source, {"lr": 0.1})
    assert prints(source, {"lr": 0.1}) == "0.1"


def test_an_attribute_assignment(render, prints):
    source = "from argparse import Namespace\nargs = Namespace()\nargs.lr = 0.01\nprint(args.lr)\n"
    assert prints(source, {"lr": 0.1}) == "0.1"
    assert "args.lr = 0.1\nprint(args.lr)" in render(source, {"args.lr": 0.1})


def test_a_later_keyword_does_not_block(prints):
    source = "def fit(lr, epochs):\n    print(lr, epochs)\nlr = 0.01\nfit(lr, epochs=3)\n"
    assert prints(source, {"lr": 0.1}) == "0.1 3"


def test_a_condition_sees_the_value_too(prints):
    source = "lr = 0.01\nif lr == 0.01:\n    print('old', lr)\nprint(lr >= 0.005)\n"
    assert prints(source, {"lr": 0.1}) == "True"


def test_a_comparison_as_a_read(render):
    source = "from data import lr, x\nif x == lr:\n    print(x)\n"
    assert "if x == 0.1:" in render(source, {"lr": 0.1})


def test_an_augmented_assignment_keeps_its_meaning(prints):
    assert prints("lr = 0.01\nlr *= 0.5\nprint(lr)\n", {"lr": 0.1}) == "0.05"


def test_reads_after_an_augmented_assignment_are_refused(template):
    with pytest.raises(SiteError, match="line 2 changes lr"):
        template("lr = 0.01\nlr *= 0.5\nprint(lr)\n", "lr", reads=True)


@pytest.mark.parametrize("reads", [False, True])
def test_f_strings_are_code(prints, reads):
    source = 'lr = 0.01\nprint(f"lr={lr}", f"{lr:.3f}", f"{lr=}")\n'
    assert prints(source, {"lr": 0.1}, reads=reads) == "lr=0.1 0.100 lr=0.1"


def test_names_that_hold_the_name(prints):
    source = 'lr = 0.01\nlr_decay, mylr = 1, 2\nprint(lr_decay, mylr, lr, "lr-decay")\n'
    assert prints(source, {"lr": 0.1}) == "1 2 0.1 lr-decay"
    assert prints(source, {"lr": 0.1}, reads=True) == "1 2 0.1 lr-decay"


def test_parameters_and_targets_of_the_same_name(prints):
    source = (
        "lr = 0.01\n"
        "def f(lr):\n    return lr * 2\n"
        "g = lambda lr: lr * 3\n"
        "def loop():\n    return [lr for lr in (1, 2)]\n"
        "def change():\n    global lr\n    return lr\n"
        "print(f(1), g(1), loop(), change(), lr)\n"
    )
    assert prints(source, {"lr": 0.1}) == "2 3 [1, 2] 0.1 0.1"
    assert prints(source, {"lr": 0.1}, reads=True) == "2 3 [1, 2] 0.1 0.1"


@pytest.mark.parametrize("again", ["for lr in (1, 2):\n    pass\n", "import lr\n"])
def test_another_binding_that_would_win_is_named(template, again):
    with pytest.raises(SiteError, match=r"several places for lr:\n    line 1.*\n    line 2"):
        template(f"lr = 0.01\n{again}print(lr)\n", "lr")


def test_a_bare_annotation_is_no_binding(render):
    assert render("lr: float\nlr = 0.01\n", {"lr": 0.1}) == "lr: float\nlr = 0.1\n"


def test_a_default_that_every_call_overrides_is_refused(template):
    source = "def f(x, lr=0.01):\n    return lr * x\nprint(f(1, lr=5))\n"
    with pytest.raises(SiteError, match=r"line 1: lr cannot take a value there.* line 3 passes"):
        template(source, "lr")


def test_ints_stay_ints(prints):
    source = "n_layers = 3\nprint(len(range(n_layers)))\n"
    assert prints(source, {"n_layers": 2}) == "2"


def test_the_last_line_without_a_newline(prints):
    assert prints("from math import e as lr\nprint(lr)", {"lr": 0.1}) == "0.1"


def test_a_negative_number_keeps_its_meaning(prints, render):
    assert prints("x = 3\nprint(x ** 2)\n", {"x": -2.0}) == "4.0"
    assert render("x = 3\nprint(x ** 2)\n", {"x": -2.0}) == "x = -2.0\nprint(x ** 2)\n"
    reads = {"reads": True}
    assert prints("x = 3\nprint(x ** 2, 2 ** x, -x)\n", {"x": -2.0}, **reads) == "4.0 0.25 2.0"


def test_infinity_is_an_expression(prints):
    assert prints("lr = 0.01\nprint(lr)\n", {"lr": float("inf")}) == "inf"


def test_a_dot_in_a_name_is_no_wildcard(template):
    with pytest.raises(SiteError, match=r"no place for a\.b"):
        template("axb = 1\nprint(axb)\n", "a.b")


def test_calls_over_lines_tuples_and_walruses(prints):
    source = (
        'lr, m = 0.01, 0.9\nprint(\n    lr,\n    sep="")\ny = lr + \\\n    lr\nprint(y)\n'
        "if (n := 3) > 2:\n    print(n)\n"
    )
    assert prints(source, {"lr": 0.25}) == "0.25\n0.5\n3"
    assert prints(source, {"lr": 0.25}, reads=True) == "0.25\n0.5\n3"
    assert prints(source, {"n": 5}, reads=True).endswith("5")


def test_statements_on_one_line(prints):
    source = 'lr = 0.02; y = lr; print(y)\nprint("a", lr); z = 1\n'
    assert prints(source, {"lr": 0.1}) == "0.1\na 0.1"


def test_a_docstring_stays(render):
    source = '"""train with lr"""\nlr = 0.01\n'
    assert render(source, {"lr": 0.1}) == '"""train with lr"""\nlr = 0.1\n'


def test_the_example_of_the_old_tool(prints):
    assert prints("learning_rate = 0.3\nprint(learning_rate)\n", {"learning_rate": 0.4}) == "0.4"
