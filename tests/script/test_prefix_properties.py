"""What holds for every small script: the other order gives the same, and fewer names share more."""

from __future__ import annotations

import ast
import contextlib
import copy
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hprun.script.prefix import shared_prefix

pytestmark = pytest.mark.filterwarnings("ignore::SyntaxWarning")

NAMES = ("a", "b", "c", "d", "lr", "n")
STATEMENTS = (
    "{x} = {k}", "{x} = {y}", "{x} = [{y}, {k}]", "{x} = {y} * 2", "{x} = len([{y}]) + {k}",
    "{x} = [{k}, {k}]", "{x} = {{'k': {y}}}", "{x} = list(range({k}))", "{x} = str(len([{y}]))",
    "{x}.append({y})", "{x}.append({k})", "{x}[0] = {y}", "{x}['k'] = {k}", "{x} += [{k}]",
    "{x} += {k}", "{x}, {y} = {y}, {k}", "{x}, {y} = zip([1, {k}], [2, 3])", "del {x}",
    "{x} = [v for v in [{y}, {k}]]", "{x} = [v * 2 for v in {y}]", "{x} = (v for v in {y})",
    "{x} = (v + len([{z}]) for v in [{k}, 1])", "{x} = list({y})", "{x} = sorted([{k}, 2])",
    "{x} = next({y})", "{x} = zip({y}, {y})", "({x} := {k})", "{x} = [({y} := v) for v in [{k}]]",
    "print({x})", "print({k})", "if {x}:\n    {y} = {k}\nelse:\n    {y} = [{k}]",
    "for {x} in [1, {k}]:\n    {y} = {x}", "for {x} in {y}:\n    {z} = {x}",
    "try:\n    {x} = {y}[0]\nexcept TypeError:\n    {x} = {k}", "while False:\n    {x} = {y}",
    "def f_{x}():\n    return {y}", "def f_{x}(v={y}):\n    v.append({k})\n    return v",
    "def f_{x}(v=1):\n    {y}.append(v)\n    return [v, {z}]", "{x} = f_{y}()", "{x} = f_{y}({z})",
    "f_{x}({y})", "{x} = lambda: {y}", "{x} = list(map(f_{y}, [{k}]))", "{x} = f_{y}",
    "class C_{x}:\n    v = {y}\n    w = [{k}]", "{x} = C_{y}.w", "C_{x}.v = {y}", "{x} = C_{y}()",
    "{x} = C_{y}().w", "{x} = random.random()", "random.seed({k})", "random.shuffle({x})",
    "{x} = random.Random({k})", "{x} = {y}.random()", "{x} = copy.copy({y})", "assert {k}",
    "def f_{x}():\n    global {y}\n    {y} = {k}", "{x}: int = {y}", "{x} = {y} or [{k}]",
    "{x} = {y} if {z} else {k}", "{x} = -{k}", "{x} = f'{{len([{y}])}}'", "{x} = max({y}, {z})",
    "{x} = dict(k={y})", "{x} = [*{y}, {k}]", "{x} = {y} in [{k}]", "{x} = {k} in {y}",
    "match {y}:\n    case [{x}, *_]:\n        pass\n    case _:\n        {x} = {k}",
    "{x} = itertools.chain({y}, [{k}])", "@functools.cache\ndef f_{x}(v=0):\n    return {y}",
    "def f_{x}():\n    def inner():\n        return {y}\n    return inner()", "{x}.{y} = {k}",
    "def f_{x}(v):\n    v[0] = {y}", "{x} = functools.partial(f_{y}, {k})", "{x}.sort()",
    "{x} = json.loads('[1, {k}]')", "with contextlib.suppress(TypeError):\n    {x} = {y} + 1",
)  # fmt: skip
DENSE = (
    "{x} = {y}", "{x}.append({k})", "{x}.append({y})", "{x} = [{y}]", "n = len({x})", "d = {x}[0]",
    "n = [len({x}), lr]", "d = ({x}, lr)", "lr = {k}", "{x} = iter([{k}, 1, 2])", "{x} = [iter({y})]",
    "n = [lr, *{x}]", "n = [list({x}), lr]", "d = list({x})", "{x} = ({y}, {k})", "n = str(len([{x}])) + str(lr == {k})",
    "def f_{x}():\n    return {y}", "def f_{x}():\n    {y}.append({k})", "{z} = f_{y}()", "f_{y}()",
    "{x} = lambda: {y}", "{x} = [lambda: {y}]", "d = list(map({x}, [1]))", "n = [f_{x}(), lr]",
    "{x} = (v + len({y}) for v in [1, 2])", "{x} = f_{y}", "def f_{x}(v):\n    return len([{y}, v])",
    "d = list(map({x}[0], [1]))", "d = list(map(f_{x}, [1]))", "{x} = {y}.copy()",
    "def f_{x}(v):\n    v.append({k})", "f_{x}({y})", "{x} = [v for v in {y}]", "n = [next({x}), lr]",
    "def f_{x}(v=0):\n    return {y} * 2", "{x} = [1, {k}]", "d = {x}", "d = [v() for v in {x}]",
)  # fmt: skip
HEAD = (
    "import contextlib, copy, functools, itertools, json, random\na = [1, 2]\nb = [a, 3]\nc = 4\n"
)


def without_failing(made):
    """The statements that run, one after the other."""
    namespace = {"__name__": "__main__"}
    exec(HEAD, namespace)
    kept = []
    for statement in made:
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(statement, "train.py", "exec"), namespace)
        except Exception:  # noqa: BLE001
            continue
        kept.append(statement)
    return HEAD + "\n".join(kept) + "\n"


@st.composite
def scripts(draw):
    """Up to a dozen statements, some of which may fail."""
    made = []
    for _ in range(draw(st.integers(2, 14))):
        x, y, z = (draw(st.sampled_from(NAMES)) for _ in range(3))
        number = draw(st.integers(0, 5))
        texts = draw(st.sampled_from([STATEMENTS, DENSE, DENSE]))
        made.append(draw(st.sampled_from(texts)).format(x=x, y=y, z=z, k=number))
    return made


MAKE = ("[1, 2]", "[[1], 2]", "{'k': [1]}", "iter([1, 2, 3])", "zip([1, 2], [3, 4])", "[iter([1, 2])]",
        "(v for v in [1, 2])", "([1], 2)", "C()", "functools.partial(max, [1, 2])")  # fmt: skip
ALIAS = ("{x}", "[{x}]", "({x}, 1)", "{{'k': {x}}}", "{x} or 1", "lambda: {x}", "f({x})", "f", "{x}.copy()",
         "[v for v in {x}]", "dict(k={x})", "C({x})", "(v for v in {x})", "{x}[0]", "[*{x}]")  # fmt: skip
READ = ("len({y})", "list({y})", "next({y})", "{y}[0]", "[v for v in {y}]", "{y}()", "list(map(f, {y}))",
        "[*{y}]", "1 in {y}", "len({y}[0])", "len({y}['k'])", "list({y}[0])", "next({y}[0])", "len({y}())",
        "len(f())", "{y}.v", "len({y}.v)", "copy.deepcopy({y})", "sum({y})")  # fmt: skip
CHANGE = ("{z}.append(5)", "{z} += [5]", "{z}[0] = 5", "{z}[0].append(5)", "{z}['k'].append(5)", "list({z})",
          "next({z})", "{z}().append(5)", "g({z})", "{z}.v.append(5)", "{z}.v = [5]", "del {z}[0]", "h()",
          "1 in {z}", "next({z}[0])", "p, *q = {z}", "for p in {z}:\n    break", "({z}[0]).extend([7])")  # fmt: skip


@st.composite
def aliased(draw):
    """Statements that make an object, measure it in a trial, and change it by another name."""
    x, y, z = "a", draw(st.sampled_from("ab")), draw(st.sampled_from("abc"))
    return [
        "class C:\n    v = [0]",
        f"a = {draw(st.sampled_from(MAKE))}",
        "def f(v=None):\n    return a",
        "def g(v):\n    v.append(6)",
        "def h():\n    a.append(6)",
        f"b = {draw(st.sampled_from(ALIAS)).format(x=x)}",
        f"c = {draw(st.sampled_from(ALIAS)).format(x=draw(st.sampled_from('ab')))}",
        "lr = 1",
        f"n = [lr, {draw(st.sampled_from(READ)).format(y=y)}]",
        draw(st.sampled_from(CHANGE)).format(z=z),
        f"d = {draw(st.sampled_from(READ)).format(y=draw(st.sampled_from('abc')))}",
    ]


def plain(value, seen=()):  # noqa: PLR0911
    """A value as something that compares by what is in it, and by what is the same object."""
    if id(value) in seen:
        return ("again", seen.index(id(value)))
    seen = (*seen, id(value))
    if isinstance(value, list | tuple | set):
        return [type(value).__name__, *(plain(item, seen) for item in value)]
    if isinstance(value, dict):
        return {key: plain(item, seen) for key, item in value.items()}
    if isinstance(value, str) and " at 0x" in value:
        return "an address"
    if isinstance(value, int | float | str | type(None)):
        return value
    if hasattr(value, "getstate"):
        return ("generator", value.getstate())
    if isinstance(value, type):
        return {k: plain(v, seen) for k, v in vars(value).items() if not k.startswith("__")}
    if type(value).__module__ == "__main__":
        return (type(value).__name__, plain(vars(value), seen))
    if hasattr(value, "__next__"):
        try:
            return ["iterator", *(plain(item, seen) for item in value)]
        except Exception as error:  # noqa: BLE001
            return ["iterator", type(error).__name__]
    if callable(value):
        return ("callable", plain(getattr(value, "__defaults__", None), seen))
    return type(value).__name__


def final(namespace):
    """What the variables are at the end, and which of them are the same list or dictionary."""
    kept = {k: namespace[k] for k in sorted(namespace) if not k.startswith("__")}
    same = {
        (one, two)
        for one in kept
        for two in kept
        if one < two and isinstance(kept[one], list | dict) and kept[one] is kept[two]
    }
    return {name: plain(value) for name, value in kept.items()}, same


def run(body, namespace):
    """Run statements; None if one fails, else what they printed."""
    printed = io.StringIO()
    module = ast.Module(copy.deepcopy(body), [])
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(module, "train.py", "exec"), namespace)
    except Exception:  # noqa: BLE001
        return None
    return printed.getvalue()


def check_orders(source, tainted):
    """Whole, and shared before the rest: the same variables, random numbers and output."""
    import random

    prefix = shared_prefix(source, tainted)
    body = ast.parse(source).body
    random.seed(7)
    whole = {"__name__": "__main__"}
    printed = run(body, whole)
    if printed is None:
        return None
    state = random.getstate()
    random.seed(7)
    parts = {"__name__": "__main__"}
    once = run([body[i] for i in prefix.shared], parts)
    assert once is not None, (source, prefix)
    rest = [n for i, n in enumerate(body) if i not in prefix.shared or i in prefix.again]
    after = run(rest, parts)
    assert after is not None, (source, prefix)
    assert once + after == printed or " at 0x" in printed, (source, prefix)
    assert random.getstate() == state, (source, prefix)
    assert final(parts) == final(whole), (source, prefix)
    return prefix


@given(scripts(), st.sets(st.sampled_from(NAMES), max_size=3))
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_sharing_first_and_the_rest_later_gives_the_same_as_the_whole(made, tainted):
    check_orders(without_failing(made), tainted)


@given(aliased())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_a_trial_measured_is_not_changed_before(made):
    prefix = check_orders(without_failing(made), {"lr"})
    assert prefix is not None


@given(scripts(), st.sets(st.sampled_from(NAMES), min_size=1, max_size=4))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_name_less_that_differs_never_shrinks_what_is_shared(made, tainted):
    source = without_failing(made)
    before = shared_prefix(source, tainted)
    for name in tainted:
        after = shared_prefix(source, tainted - {name})
        assert set(after.shared) >= set(before.shared), (source, tainted, name)
        assert (after.stops_at or 10**9) >= (before.stops_at or 10**9)


@given(scripts(), st.sets(st.sampled_from(NAMES), max_size=3))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_shared_statement_gives_the_same_whatever_the_values_are(made, tainted):
    source = without_failing(made)
    prefix = shared_prefix(source, tainted)
    body = ast.parse(source).body
    bound = {
        n.id
        for i in prefix.shared
        if not isinstance(body[i], ast.FunctionDef)  # what it binds, it binds when it is called
        for n in ast.walk(body[i])
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    assert not bound & tainted
    assert sorted({*prefix.shared, *prefix.deferred}) == list(
        range(len({*prefix.shared, *prefix.deferred}))
    )
    assert not {*prefix.shared} & {*prefix.deferred}
