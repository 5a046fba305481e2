"""Every byte but the sites stays: encodings, line ends, tabs, and scripts that do not compile."""

from __future__ import annotations

import pytest

from hprun.errors import RenderError, SiteError
from hprun.script import Request, make_template


@pytest.mark.parametrize(
    "source",
    [
        b"lr = 0.01\r\nx = 1\r\n",
        b"lr = 0.01\rx = 1\r",
        b"\xef\xbb\xbflr = 0.01\n",
        b"#!/usr/bin/env python\n# -*- coding: latin-1 -*-\nx = '\xe9'; lr = 0.01  # \xe9\n",
        b"# vim: set fileencoding=cp1252 :\nx = '\x80'\nlr = 0.01\n",
        "é = 'ü'; lr = 0.01  # 日本\n".encode(),
        "x = '\U0001f600'; lr = 0.01\n".encode(),
        b"if 1:\n\tif 2:\n\t\tlr = 0.01\n",
        b"x = 1\n\x0c\nlr = 0.01\n",
        b"\x0clr = 0.01\n",
        b"lr = 0.01",
        b"lr = 0.01  \n\n\n",
        b"from __future__ import annotations\n'''doc lr'''\nlr = 0.01\n",
        b"# In[1]:\nget_ipython().run_line_magic('matplotlib', 'inline')\n\n# In[2]:\nlr = 0.01\n",
        "x = 'a\u2028b\x0b\x1c'; lr = 0.01\ny = '\x85'\n".encode(),
    ],
)
def test_only_the_site_changes(template, source):
    made = template(source, "lr")
    made.check({"lr": [0.5, -1]})
    assert made.render({"lr": 0.5}).files["train.py"] == source.replace(b"0.01", b"0.5")
    assert made.render({}).files["train.py"] == source


def test_characters_that_the_encoding_lacks_are_escaped(template, run):
    source = "# -*- coding: latin-1 -*-\nname = 'é'\nprint(ascii(name))\n".encode("latin-1")
    made = template(source, "name")
    made.check({"name": ["日本"]})
    assert run(made.render({"name": "日本"})) == ascii("日本")
    assert b"name = 'fa\xe7on'" in made.render({"name": "façon"}).files["train.py"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"x = 1\n\n%matplotlib inline\nlr = 1\n", "train.py does not compile: line 3: "),
        (b"lr = 1\nreturn lr\n", "train.py does not compile: line 2: "),
        (b"lr = 1\nx = '\xff'\n", "train.py cannot be read: line 2 is not utf-8"),
        (b"# coding: nonsense\nlr = 1\n", "train.py cannot be read: "),
        (b"lr = 1\x00\n", "train.py does not compile"),
    ],
)
def test_a_script_that_is_no_python_says_where(template, source, message):
    with pytest.raises(RenderError, match=message):
        template(source, "lr")


def test_a_script_that_does_not_exist_is_named():
    with pytest.raises(SiteError, match=r"other\.py does not exist"):
        make_template(Request("other.py", ("lr",)), {}.get)


def test_checking_names_the_line_and_value_that_do_not_fit(template):
    made = template("import x\nx.lr = 1\nx.lr = f(x.lr)\n", "lr")
    made.check({"lr": [1, "a", None, True, (1, 2), -1e-5]})
    bad = template("y = 1\n", "y", files={"c.py": "a = x.y\n"}, subs=[r"c.py:x\.(y)"])
    with pytest.raises(RenderError, match=r"c\.py line 1: y=3: c\.py does not compile: line 1"):
        bad.check({"y": [3]})


def test_every_value_is_checked(template):
    source = "x = 1\nprint(f'{x}')\n"
    made = template(source, "x", reads=True)
    with pytest.raises(RenderError, match="line 2: x cannot be"):
        made.check({"x": [1, 2, "fine", "it's not"]})


def test_rendering_splices_and_does_not_compile(template, monkeypatch):
    made = template("lr = 0.1\nopt = 'sgd'\n", "lr", "opt")
    monkeypatch.setattr("builtins.compile", None)
    for value in range(1000):
        rendered = made.render({"lr": value, "opt": "adam"}).files["train.py"]
        assert rendered == f"lr = {value}\nopt = 'adam'\n".encode()
