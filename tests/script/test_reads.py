"""Studio's rule: every read of the bare name takes the value."""

from __future__ import annotations

import ast

import pytest

from hprun.errors import RenderError, SiteError
from hprun.script import fstrings
from hprun.script.source import parse

FROM = "from c import *\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f(lr, lr=lr)", "f(5, lr=5)"),
        ("y = lr.real", "y = (5).real"),
        ("y = lr ** lr", "y = 5 ** 5"),
        ("y = x.lr + x['lr']", "y = x.lr + x['lr']"),
        ("def f(a=lr): return lr", "def f(a=5): return 5"),
        ("def f(lr): return lr", "def f(lr): return lr"),
        ("def f():\n    lr = 1\n    return lr", "def f():\n    lr = 1\n    return lr"),
        ("def f():\n    def g(): return lr\n    lr = 1", "def f():\n    def g(): return lr\n    lr = 1"),
        ("def f():\n    import lr\n    return lr", "def f():\n    import lr\n    return lr"),
        ("g = lambda x=lr, lr=1: lr", "g = lambda x=5, lr=1: lr"),
        ("[lr for lr in range(lr)]", "[lr for lr in range(5)]"),
        ("[x * lr for x in y if lr]", "[x * 5 for x in y if 5]"),
        ("{k: lr for k in z for lr in k}", "{k: lr for k in z for lr in k}"),
        ("class A:\n    lr = lr\n    y = lr", "class A:\n    lr = 5\n    y = lr"),
        ("class A:\n    lr = 1\n    def f(self): return lr",
         "class A:\n    lr = 1\n    def f(self): return 5"),
        ("@lr\ndef f(x: lr) -> lr: pass", "@5\ndef f(x: 5) -> 5: pass"),
        ("try:\n    pass\nexcept E as e:\n    print(lr)", "try:\n    pass\nexcept E as e:\n    print(5)"),
        ("if (n := lr): pass", "if (n := 5): pass"),
        ("lr = lr2 = 3\nprint(lr)", "lr = lr2 = 3\nprint(5)"),
        ("print('é', lr, 'lr')", "print('é', 5, 'lr')"),
    ],
)  # fmt: skip
def test_a_read_is_replaced_where_it_means_the_variable(render, before, after):
    source = f"{FROM}{before}\nlr\n"
    assert render(source, {"lr": 5}, reads=True) == f"{FROM}{after}\n5\n"


@pytest.mark.parametrize(
    ("value", "before", "after"),
    [
        (-2, "f(lr)", "f(-2)"),
        (-2, "lr ** 2", "(-2) ** 2"),
        (-2, "-lr", "-(-2)"),
        (-2.5, "lr.real", "(-2.5).real"),
        (2.5, "lr.real", "(2.5).real"),
        ("a'b", "lr + 'c'", "\"a'b\" + 'c'"),
        (None, "lr is x", "None is x"),
        (True, "not lr", "not True"),
        ((1, -2), "lr[0]", "[1, -2][0]"),
    ],
)
def test_a_value_keeps_its_meaning_beside_an_operator(render, value, before, after):
    assert render(f"{FROM}{before}\n", {"lr": value}, reads=True) == f"{FROM}{after}\n"


F_STRINGS = [
    ("f'{lr}'", "f'{5}'"),
    ("f'{lr!r:>{lr}}'", "f'{5!r:>{5}}'"),
    ("f'lr {{lr}} {x.lr} {lr :.3f}'", "f'lr {{lr}} {x.lr} {5 :.3f}'"),
    ("'lr' f'{lr}' 'lr' f\"{lr}\"", "'lr' f'{5}' 'lr' f\"{5}\""),
    ("('é' f'é{lr}é'\n  f'''\né{lr}\n{lr + 1}''')", "('é' f'é{5}é'\n  f'''\né{5}\n{5 + 1}''')"),
    ("f'{f\"{lr}\"} {lr}'", "f'{f\"{5}\"} {5}'"),
    ("rf'\\d{lr}'", "rf'\\d{5}'"),
    ("f'\\n\\\\{lr}\\N{BULLET}{lr}'", "f'\\n\\\\{5}\\N{BULLET}{5}'"),
    ("f'{lr=}'", "f'lr={5!r}'"),
    ("f'{ lr = }'", "f' lr = { 5 !r}'"),
    ("f'{lr=:.3f} {lr=!s}'", "f'lr={5:.3f} lr={5!s}'"),
    ("f'{(lr)=}'", "f'(lr)={(5)!r}'"),
    ("f'{lr+lr=}'", "f'lr+lr={5+5!r}'"),
    ("f'{x != lr} {x == lr}{lr:=5}'", "f'{x != 5} {x == 5}{5:=5}'"),
    ("f'{[lr for lr in x]}{d[\"lr\"]}{(lambda lr: lr)(lr)}'",
     "f'{[lr for lr in x]}{d[\"lr\"]}{(lambda lr: lr)(5)}'"),
    ("f'''{\nlr\n}'''", "f'''{\n5\n}'''"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), F_STRINGS)
def test_f_strings_keep_their_meaning(render, before, after):
    source = f"{FROM}y = {before}\n"
    assert render(source, {"lr": 5}, reads=True) == f"{FROM}y = {after}\n"


@pytest.mark.parametrize("text", [text for text, _ in F_STRINGS])
def test_spans_found_in_the_text_are_those_of_the_tree(text):
    source = parse(f"é = 1; y = {text}\r\nz = 2\n".encode(), "t.py")
    spans = fstrings.spans(source.tree, source.text, source._plain_span, native=False)
    names = [n for n in ast.walk(source.tree) if isinstance(n, ast.Name) and n in spans]
    assert names
    for node in names:
        start, end = spans[node]
        assert source.text[start:end] == node.id
        if fstrings.NATIVE:
            assert spans[node] == source._plain_span(node)


def test_a_string_in_an_f_string_takes_the_other_quotes(prints):
    source = "x = 1\nprint(f'{x}', f\"{x} {x=}\", f'''{x}''')\n"
    assert prints(source, {"x": "a"}, reads=True) == "a a x='a' a"


@pytest.mark.parametrize("value", ["it's", 'say "a"', "a\\b", "a\nb"])
def test_a_string_that_no_f_string_can_hold_names_line_and_value(template, value):
    made = template("x = 1\nprint(f'{x}')\n", "x", reads=True)
    with pytest.raises(RenderError, match=r"train.py line 2: x cannot be .* inside an f-string"):
        made.check({"x": [value]})


def test_a_string_between_both_kinds_of_quotes_is_refused(template):
    made = template("x = 1\nprint(f'{f\"{x}\"}')\n", "x", reads=True)
    made.check({"x": [1]})
    with pytest.raises(RenderError, match="line 2"):
        made.check({"x": ["a"]})


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("lr *= 2", 2),
        ("lr = lr * 2", 2),
        ("for lr in range(3): pass", 2),
        ("def f():\n    global lr\n    lr += 1", 4),
        ("x, lr = 1, lr + 1", 2),
    ],
)
def test_lines_that_a_replaced_read_would_ignore_are_named(template, source, line):
    with pytest.raises(SiteError, match=rf"train.py line {line} (changes|loops over) lr"):
        template(f"{FROM}{source}\nprint(lr)\n", "lr", reads=True)


def test_forced_reads_need_a_read(template):
    with pytest.raises(SiteError, match="no place for lr"):
        template("lr = 0.1\n", "lr", reads=True)


def test_each_read_is_a_site(template):
    made = template("from c import lr\nf(lr,\n  lr ** 2)\n", "lr")
    assert [(s.rule, s.line, s.before) for s in made.sites] == [
        ("reads", 2, "lr"),
        ("reads", 3, "lr"),
    ]
    assert made.after({"lr": -1}) == ("-1", "(-1)")
    assert made.render({"lr": -1}).files["train.py"] == b"from c import lr\nf(-1,\n  (-1) ** 2)\n"
    picked = template("from c import lr\nf(lr,\n  lr ** 2)\n", "lr@2")
    assert [site.line for site in picked.sites] == [2]


def test_a_read_inside_anothers_value_counts_while_that_is_absent(template):
    source = "from c import lr\nwd = lr * 2\nprint(lr, wd)\n"
    made = template(source, "lr", "wd")
    made.check({"lr": [1, -3], "wd": [4]})
    assert made.render({"lr": 1, "wd": 4}).files["train.py"].endswith(b"wd = 4\nprint(1, wd)\n")
    assert made.render({"lr": 1}).files["train.py"].endswith(b"wd = 1 * 2\nprint(1, wd)\n")
