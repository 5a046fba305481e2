"""Classes are found in files, modules and entry points; what is wrong is told before a search."""

import sys

import pytest

from hprun.errors import ConfigError
from hprun.model import Direction
from hprun.space import parse_space
from hprun.strategies.naming import find_strategy

SPACE = parse_space(["x=0:u:1"])
MINE = """\
from hprun.strategies import Proposal

class Mine:
    plans_ahead = True

    def __init__(self, space, direction, seed, trials, step=0.5, name="a"):
        self.got = (space.names, direction, seed, trials, step, name)

    def propose(self, history, count):
        return [Proposal({"x": 0.5})]

class Bare:
    def propose(self, history, count):
        return []

class All:
    def __init__(self, **given):
        self.got = given
    def propose(self, history, count):
        return []

class Needs:
    def __init__(self, step):
        pass
    def propose(self, history, count):
        return []

class ByPlace:
    def __init__(self, space, /):
        pass
    def propose(self, history, count):
        return []

class Silent:
    pass

class Few:
    def propose(self, history):
        return []

class Fails:
    def __init__(self):
        self.x = {}["gone"]
    def propose(self, history, count):
        return []

class Slow(Bare):
    most_seconds = "long"

number = 3
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A workspace with mine.py; what is imported from it is forgotten afterwards."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    (tmp_path / "mine.py").write_text(MINE)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def made(search, folder, trials=9):
    return find_strategy(search, folder).make(SPACE, Direction.HIGH, 7, trials)


def inside(plugin):
    return plugin._strategy


def test_the_constructor_gets_what_it_names_and_the_options(folder):
    assert inside(made("mine.py:Mine", folder)).got == (("x",), "max", 7, 9, 0.5, "a")
    written = "mine.py:Mine:step=(1,2),seed=3,name='b c'"
    assert inside(made(written, folder)).got == (("x",), "max", 3, 9, (1, 2), "b c")
    assert made("mine.py:Bare", folder).propose([], 1) == []
    got = inside(made("mine.py:All:more=1", folder)).got
    assert {name: got[name] for name in got if name != "space"} == {
        "direction": "max", "seed": 7, "trials": 9, "more": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("search", "words", "hint"),
    [
        ("gone.py:Mine", "gone.py does not exist", ""),
        ("min.py:Mine", "min.py does not exist", "mine.py"),
        ("mine.py:Mina", "mine.py has no class Mina", "Mine"),
        ("mine.py:Zzz", "mine.py has no class Zzz", "Mine, Bare, All"),
        ("mine.py:number", "is no class, but 3", ""),
        ("mine.py:Silent", "has no propose", "propose(history, count)"),
        ("mine.py:Few", "propose cannot be called with a history and a count", "def propose"),
        ("mine.py:Needs", "needs a value for step", "mine.py:Needs:step="),
        ("mine.py:ByPlace", "takes space by position", "take out the /"),
        ("mine.py:Mine:stap=1", "has no option stap", "step"),
        ("mine.py:Bare:step=1", "has no option step", "it has none"),
        ("mine.py:Mine:space=1", "space is no option", ""),
        ("mine.py:Mine:step", "a `=` is missing", ""),
        ("mine.py:Fails", "cannot be made: KeyError: 'gone' (mine.py line", ""),
        ("mine.py:Slow", "most_seconds is a number above 0, not 'long'", ""),
        ("broken.py:Mine", "broken.py cannot be imported: SyntaxError", ""),
        ("leaves.py:Mine", "leaves.py cannot be imported: SystemExit: 4 (leaves.py line 2)", ""),
        ("raises.py:Mine", "ModuleNotFoundError: No module named 'nowhere' (raises.py line 1)", ""),
        ("no.such.module:Mine", "there is no module no", "FILE.py:CLASS"),
        ("raises:Mine", "raises cannot be imported: ModuleNotFoundError", ""),
        ("nobody", "there is no strategy nobody", "FILE.py:CLASS"),
        ("tpee", "there is no strategy tpee", "tpe"),
    ],
)
def test_what_cannot_be_is_told(folder, search, words, hint):
    (folder / "broken.py").write_text("def f(:\n")
    (folder / "leaves.py").write_text("import sys\nsys.exit(4)\n")
    (folder / "raises.py").write_text("import nowhere\n")
    with pytest.raises(ConfigError) as caught:
        made(search, folder)
    assert words in caught.value.message
    assert hint in caught.value.hint


def test_a_file_does_not_take_the_name_of_a_module_and_can_import_its_neighbours(folder):
    (folder / "json.py").write_text(
        "import json, neighbour\n"
        "class Mine:\n"
        "    whose = json.dumps([neighbour.VALUE])\n"
        "    def propose(self, history, count): return []\n"
    )
    (folder / "neighbour.py").write_text("VALUE = 3\n")
    import json

    assert inside(made("json.py:Mine", folder)).whose == "[3]"
    assert sys.modules["json"] is json
    assert not list(folder.rglob("__pycache__/json*"))


def test_a_file_is_read_anew_each_time(folder):
    path = folder / "one.py"
    for number in (1, 2):
        path.write_text(f"class A:\n    n = {number}\n    def propose(self, h, c): return []\n")
        assert inside(made("one.py:A", folder)).n == number


def test_what_a_file_prints_is_no_data(folder, capsys):
    (folder / "loud.py").write_text(
        "print('imported')\n"
        "class A:\n"
        "    def __init__(self): print('made')\n"
        "    def propose(self, history, count): return []\n"
    )
    made("loud.py:A", folder)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "imported\nmade\n")


def test_a_package_of_the_workspace_and_an_entry_point_are_found(folder, monkeypatch):
    (folder / "pack").mkdir()
    (folder / "pack" / "__init__.py").write_text("")
    (folder / "pack" / "inner.py").write_text(MINE)
    assert inside(made("pack.inner:Mine:step=2", folder)).got[4] == 2
    info = folder / "pack-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pack\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[hprun.strategies]\ntheirs = pack.inner:Mine\nbroken = pack.inner:Nobody\n"
    )
    monkeypatch.syspath_prepend(str(folder))
    assert inside(made("theirs:step=3", folder)).got[4] == 3
    assert find_strategy("theirs", folder).learns is False
    with pytest.raises(ConfigError, match=r"the strategy broken \(pack.inner:Nobody\) cannot"):
        made("broken", folder)
    with pytest.raises(ConfigError) as caught:
        made("thiers", folder)
    assert "theirs" in caught.value.hint
