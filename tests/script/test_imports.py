"""Which workspace files a script imports."""

from __future__ import annotations

import pytest

from hprun.script import imported_modules


def imported(script, files, **kwargs):
    return imported_modules(
        script, {path: content.encode() for path, content in files.items()}.get, **kwargs
    )


TREE = {
    "a/__init__.py": "",
    "a/b.py": "",
    "a/c/__init__.py": "from . import d\nfrom .. import b\n",
    "a/c/d.py": "from ..e import f\n",
    "a/e.py": "import numpy\n",
    "data.py": "",
    "space/x.py": "",
    "a/star/__init__.py": "__all__ = ['one']\n__all__ += ['two']\n",
    "a/star/one.py": "",
    "a/star/two.py": "",
    "a/star/three.py": "",
}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("import data", {"data.py"}),
        ("import os, json, data.none", {"data.py"}),
        ("import a", {"a/__init__.py"}),
        ("import a.b as x", {"a/__init__.py", "a/b.py"}),
        ("from a import b, nothing", {"a/__init__.py", "a/b.py"}),
        ("from a import nothing", {"a/__init__.py"}),
        ("from a.c import d", {"a/__init__.py", "a/b.py", "a/c/__init__.py", "a/c/d.py", "a/e.py"}),
        ("import a.c", {"a/__init__.py", "a/b.py", "a/c/__init__.py", "a/c/d.py", "a/e.py"}),
        ("from space import x", {"space/x.py"}),
        ("import space.x", {"space/x.py"}),
        ("from a.star import *", {
            "a/__init__.py", "a/star/__init__.py", "a/star/one.py", "a/star/two.py"}),
        ("import importlib; importlib.import_module('a.b')", {"a/__init__.py", "a/b.py"}),
        ("m = __import__('data')", {"data.py"}),
        ("def f():\n    try:\n        import data\n    except ImportError: pass", {"data.py"}),
        ("exec(open('data.py').read())", {"data.py"}),
        ("import nothing", set()),
        ("x = 'import data'", set()),
    ],
)  # fmt: skip
def test_what_a_line_imports(line, found):
    assert imported("train.py", {**TREE, "train.py": line}) == found


def test_modules_beside_the_script_come_before_those_of_the_workspace():
    files = {"src/train.py": "import data, other", "src/data.py": "", "data.py": "", "other.py": ""}
    assert imported("src/train.py", files) == {"src/data.py", "other.py"}
    assert imported("src/train.py", files, roots=("",)) == {"data.py", "other.py"}


def test_imports_in_circles_end_and_the_script_is_not_among_them():
    files = {"train.py": "import a", "a.py": "import b", "b.py": "import a, train"}
    assert imported("train.py", files) == {"a.py", "b.py"}


def test_a_file_that_does_not_parse_is_included_but_not_followed():
    files = {"train.py": "import a", "a.py": "import b\n%magic", "b.py": ""}
    assert imported("train.py", files) == {"a.py"}


def test_folders_put_on_the_path_are_searched():
    files = {
        "run/train.py": "import sys, os\nsys.path.insert(0, '../lib')\nimport tool\n",
        "lib/tool.py": "import sys\nsys.path.append('more')\nimport extra\n",
        "lib/more/extra.py": "",
    }
    assert imported("run/train.py", files) == {"lib/tool.py", "lib/more/extra.py"}
    joined = "import sys, os\nsys.path.append(os.path.join(os.path.dirname(__file__), '..', 'lib'))"
    files["run/train.py"] = f"{joined}\nimport tool\n"
    assert "lib/tool.py" in imported("run/train.py", files)


def test_relative_imports_do_not_leave_the_workspace():
    files = {"train.py": "import a.b", "a/__init__.py": "", "a/b.py": "from ....x import y"}
    assert imported("train.py", files) == {"a/__init__.py", "a/b.py"}
