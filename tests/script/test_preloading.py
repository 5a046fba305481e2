"""What can be imported ahead: the script's own order, up to where anything might matter."""

import ast
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hprun.script.preloading import (
    Import,
    Preload,
    SetEnv,
    Try,
    importable_names,
    preload_plan,
)


def plan(code, files=None, sites=(), script="train.py"):
    texts = {script: textwrap.dedent(code), **(files or {})}
    return preload_plan(script, lambda path: texts[path].encode() if path in texts else None, sites)


def words(found: Preload):
    """The steps in short."""
    return [_word(step) for step in found.steps]


def _word(step):
    match step:
        case Import(module, ()):
            return module
        case Import(module, names):
            return f"{module}:{','.join(names)}"
        case SetEnv(name, value, only_missing):
            return f"{name}{'?' if only_missing else ''}={value}"
        case Try(body, otherwise):
            other = None if otherwise is None else [_word(inner) for inner in otherwise]
            return ([_word(inner) for inner in body], other)


IMPORTS = {
    "import numpy": ["numpy"],
    "import numpy as np, os": ["numpy", "os"],
    "import a.b.c as d": ["a.b.c"],
    "from a import b, c": ["a:b,c"],
    "from a.b import c as d": ["a.b:c"],
    "from a import *": ["a:*"],
    "from __future__ import annotations\nimport a": ["a"],
    "'doc'\nimport a": ["a"],
    "import a\nif True: pass\nimport b": ["a", "b"],
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a\nimport b": [
        "typing:TYPE_CHECKING",
        "b",
    ],
    "import typing\nif typing.TYPE_CHECKING:\n    import a\nelse:\n    import b": ["typing", "b"],
    "try:\n    import a\nexcept ImportError:\n    a = None\nimport b": [(["a"], []), "b"],
    "try:\n    import a\nexcept ImportError:\n    import c as a\nimport b": [(["a"], ["c"]), "b"],
    "try:\n    import a\nexcept (ImportError, AttributeError):\n    f()\nimport b": [
        (["a"], None),
        "b",
    ],
    "if __name__ == '__main__':\n    import a\n    import b\n    main()": ["a", "b"],
    "import a\nif __name__ == '__main__':\n    import b": ["a", "b"],
}


@pytest.mark.parametrize("code", IMPORTS)
def test_imports_are_taken_in_order(code):
    found = plan(code)
    assert words(found) == IMPORTS[code]


SETTINGS = {
    "os.environ['A'] = 'b'": ["A=b"],
    "os.environ.setdefault('A', 'b')": ["A?=b"],
    "os.environ.update({'A': 'b', 'C': 'd'})": ["A=b", "C=d"],
    "os.environ.update(A='b')": ["A=b"],
    "os.environ |= {'A': 'b'}": ["A=b"],
    "os.putenv('A', 'b')": ["A=b"],
    "os.environ.pop('A', None)": ["A=None"],
    "del os.environ['A']": ["A=None"],
}


@pytest.mark.parametrize("code", SETTINGS)
@pytest.mark.parametrize(
    ("head", "written"),
    [("import os", "os."), ("import os as o", "o."), ("from os import *\nimport os", "os.")],
)
def test_variables_that_are_written_out_are_set(code, head, written):
    found = plan(f"{head}\n{code.replace('os.', written)}\nimport keras")
    assert words(found)[-1] == "keras"
    assert [step for step in words(found) if "=" in step] == SETTINGS[code]


def test_environ_by_its_own_name():
    found = plan("from os import environ\nenviron['A'] = 'b'\nimport c")
    assert words(found) == ["os:environ", "A=b", "c"]


STOPS = [
    "os.environ['A'] = str(1)",
    "os.environ['A'] = name",
    "os.environ[name] = 'b'",
    "os.environ.update(given)",
    "os.environ.update({**given})",
    "os.environ.clear()",
    "os.environ = {}",
    "os.chdir('x')",
    "unknown()",
    "x = unknown()",
    "x = [unknown() for _ in range(3)]",
    "np.zeros(3)",
    "np.random.seed(unknown())",
    "np.thing = 3",
    "np.x['a'] = 3",
    "import gevent",
    "from mpi4py import MPI",
    "import ray.tune",
    "exec('x')",
    "@decorated\ndef f(): pass",
    "@decorated\nclass C: pass",
    "def f(x=unknown()): pass",
    "class C(make()): pass",
    "class C:\n    x = unknown()",
    "def print(x): pass\nprint(1)",
    "def f(): pass\nf()",
    "sys.path.insert(0, str(unknown))\nimport warnings",
    "import sys\nsys.path.insert(0, '/opt/x' + y)",
    "import sys\nsys.modules['a'] = None",
    "if x:\n    import b",
    "for i in range(3):\n    import b",
    "try:\n    import a\nfinally:\n    pass",
    "try:\n    import a\nexcept ValueError:\n    pass",
    "try:\n    x()\nexcept ValueError:\n    pass",
    "with unknown():\n    pass",
    "with open('a') as f:\n    import b",
    "raise SystemExit",
    "assert unknown()",
    "warnings.simplefilter('error')",
    "warnings.filterwarnings(action)",
    "matplotlib.use('TkAgg')",
    "match x:\n    case 1: pass",
    "await x",
    "(lambda: unknown())()",
    "del np",
]


@pytest.mark.parametrize("code", STOPS)
def test_what_might_matter_ends_the_list(code):
    head = "import os\nimport numpy as np\nimport warnings, matplotlib\n"
    found = plan(f"{head}{code}\nimport never")
    assert "never" not in words(found)
    if "await" not in code:
        assert found.stopped is not None
        assert found.stopped.line >= 4
        assert found.stopped.because


PASSES = [
    "x = 1",
    "x: float = 0.5",
    "a, b = 1, [2, {'c': 'd'}]",
    "x = np.pi",
    "x = f'{1 + 2}'",
    "x = os.environ.get('A', 'b')",
    "x = os.path.join(os.path.dirname(__file__), 'x')",
    "os.makedirs('out', exist_ok=True)",
    "print('hello', len('x'))",
    "def f(x=3, *, y: int = 4) -> int:\n    return unknown(x)",
    "class C(np.ndarray):\n    x: int = 3\n    @property\n    def y(self): return unknown()",
    "class C:\n    @property\n    def y(self): return 1\n    @y.setter\n    def y(self, v): pass",
    (
        "from dataclasses import dataclass, field\n@dataclass(frozen=True)\nclass C:\n"
        "    x: list = field(default_factory=list)"
    ),
    (
        "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--lr', type=float)\n"
        "args = parser.parse_args()\nlr = args.lr\nargs.lr = 3"
    ),
    "import argparse\ng = argparse.ArgumentParser().add_argument_group('x')\ng.add_argument('y')",
    (
        "import logging\nlogging.basicConfig(level=logging.INFO)\nlog = logging.getLogger(__name__)\n"
        "log.setLevel(logging.DEBUG)\nlog.info('x')"
    ),
    (
        "from pathlib import Path\nHERE = Path(__file__).resolve().parent\n(HERE / 'x').mkdir()\n"
        "text = (Path('a') / 'b').read_text()"
    ),
    "warnings.filterwarnings('ignore')",
    "warnings.simplefilter('ignore')",
    "warnings.simplefilter(action='ignore', category=FutureWarning)",
    "matplotlib.use('Agg')",
    "np.random.seed(0)",
    "import random\nrandom.seed(1)",
    "import torch\ntorch.manual_seed(0)",
    "import tensorflow as tf\ntf.random.set_seed(1)",
    "from tensorflow import keras\nkeras.utils.set_random_seed(1)",
    "config = {'lr': 0.1}\nconfig['x'] = 3\nconfig.update(y=4)",
    "items = []\nfor i in range(3):\n    items.append(i)",
    "with open('config.json') as f:\n    import_me = f.read()",
    "if 1 < 2:\n    x = 3\nelse:\n    x = 4",
    "x = 1\nx += 2",
    "import sys\nsys.path.append('/anything')",
    "import sys\nsys.path.append(os.path.dirname(os.path.abspath(__file__)))",
    "import sys\nsys.path.insert(0, 'src')",
    "import time\nstart = time.time()",
    "pass",
]


@pytest.mark.parametrize("code", PASSES)
def test_what_cannot_matter_is_passed_over(code):
    head = "import os\nimport numpy as np\nimport warnings, matplotlib\n"
    found = plan(f"{head}{code}\nimport last")
    assert found.stopped is None
    assert words(found)[-1] == "last"


def test_modules_of_the_workspace_are_followed_not_imported():
    files = {
        "model.py": "import torch\nfrom helpers import x\n",
        "helpers.py": "import json\nif __name__ == '__main__':\n    import never\n",
        "data/__init__.py": "import first\nfrom . import load\n",
        "data/load.py": "from ..outside import y\nfrom .more import z\nimport second",
        "data/more.py": "import third",
        "data/unused.py": "import never",
    }
    found = plan("import os\nimport model, data.load\nfrom data import load\nimport last", files)
    assert words(found) == ["os", "torch", "json", "first", "third", "second", "last"]


def test_from_a_package_of_the_workspace_its_modules_are_followed():
    files = {"pkg/__init__.py": "", "pkg/a.py": "import one", "other/b.py": "import two"}
    found = plan("from pkg import a\nfrom other import b\nimport other.b", files)
    assert words(found) == ["one", "two"]


def test_a_circle_of_imports_is_walked_once():
    files = {"a.py": "import b\nimport x", "b.py": "import a\nimport y"}
    assert words(plan("import a", files)) == ["y", "x"]


def test_a_stop_in_a_module_is_a_stop():
    found = plan("import a\nimport never", {"a.py": "import x\nrun()\nimport y"})
    assert words(found) == ["x"]
    assert (found.stopped.file, found.stopped.line) == ("a.py", 2)
    assert "run()" in found.stopped.because


def test_a_module_that_does_not_parse_is_a_stop():
    found = plan("import a\nimport never", {"a.py": "this is"})
    assert words(found) == []
    assert found.stopped.file == "a.py"


def test_the_scripts_own_folder_is_where_modules_are_found():
    files = {"src/a.py": "import right", "a.py": "import wrong"}
    assert words(plan("import a", files, script="src/train.py")) == ["right"]
    assert words(
        plan("import sys\nsys.path.append('src')\nimport b", {"src/b.py": "import c"})
    ) == [
        "sys",
        "c",
    ]


def test_a_line_that_a_value_goes_into_ends_the_list():
    code = "import os\nos.environ['A'] = '1'\nimport b"
    assert words(plan(code)) == ["os", "A=1", "b"]
    found = plan(code, sites=[("train.py", 2)])
    assert words(found) == ["os"]
    assert found.stopped.line == 2
    assert words(plan("x = 1\nimport b", sites=[("train.py", 1)])) == ["b"]
    assert words(plan(code, sites=[("other.py", 2)])) == ["os", "A=1", "b"]


def test_names_that_would_hide_installed_modules():
    files = [
        "train.py",
        "json.py",
        "a/__init__.py",
        "b/c.py",
        "d.txt",
        "e.cpython-311-x.so",
        "f/g/__init__.py",
    ]
    assert importable_names(files, "train.py") == {"json", "a", "e"}
    assert importable_names(["src/x.py", "y.py", "src/train.py"], "src/train.py") == {"x"}


_STATEMENTS = st.sampled_from(
    [
        *(f"import m{n}" for n in range(6)),
        "import os",
        "os.environ['A'] = 'x'",
        "x = 1",
        "def f(): return g()",
        "print(x)",
        "x = g()",
        "from a import b",
        "try:\n    import c\nexcept ImportError:\n    pass",
    ]
)


@given(st.lists(_STATEMENTS, max_size=12), st.lists(_STATEMENTS, max_size=6))
def test_more_text_never_changes_what_stands_before_it(first, more):
    short, long = plan("\n".join(first)), plan("\n".join([*first, *more]))
    assert long.steps[: len(short.steps)] == short.steps
    if short.stopped:
        assert long == short


@given(st.lists(_STATEMENTS, max_size=12))
def test_an_unknown_call_cuts_the_list_where_it_stands(statements):
    for at in range(len(statements) + 1):
        cut = plan("\n".join([*statements[:at], "unknown()", *statements[at:]]))
        assert cut.steps == plan("\n".join(statements[:at])).steps
        assert cut.stopped is not None


@given(st.lists(_STATEMENTS, max_size=12))
def test_every_module_imported_ahead_is_named_in_the_text(statements):
    code = "\n".join(statements)
    named = {
        alias.name
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {"a"}
    for step in plan(code).steps:
        if isinstance(step, Import):
            assert step.module in named
