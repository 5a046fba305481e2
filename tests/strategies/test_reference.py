"""What `--search` names, and that a file is the same file however it is named."""

from pathlib import Path

import pytest

from hprun.errors import ConfigError
from hprun.strategies.reference import moved, read_reference

OWN = ("grid", "tpe", "random")


@pytest.mark.parametrize(
    ("text", "source", "name", "options"),
    [
        ("tpe", "", "tpe", ""),
        ("tpe:startup=3", "", "tpe", "startup=3"),
        ("tpe:startup", "", "tpe", "startup"),
        ("random:Random", "", "random", "Random"),
        ("theirs", "", "theirs", ""),
        ("theirs:step=0.1", "", "theirs", "step=0.1"),
        ("mine.py:Greedy", "mine.py", "Greedy", ""),
        ("mine.py:Greedy:step=0.1,seed=3", "mine.py", "Greedy", "step=0.1,seed=3"),
        ("/a/b c/mine.py:Greedy:file='x.py:y'", "/a/b c/mine.py", "Greedy", "file='x.py:y'"),
        ("a:b/mine.py:Greedy", "a:b/mine.py", "Greedy", ""),
        ("package.module:Greedy", "package.module", "Greedy", ""),
        ("package.module:Greedy:step=1", "package.module", "Greedy", "step=1"),
        ("module:Greedy:a='b:c'", "module", "Greedy", "a='b:c'"),
    ],
)
def test_a_name_a_class_and_options_are_told_apart(text, source, name, options):
    found = read_reference(text, OWN)
    assert (found.source, found.name, found.options) == (source, name, options)
    assert str(found) == (f"{source}:{name}" if source else name)


@pytest.mark.parametrize("text", ["mine.py", "mine.py:", "mine.py:step=3", "./mine.py:a.b"])
def test_a_file_without_a_class_is_told(text):
    with pytest.raises(ConfigError, match="does not say which class"):
        read_reference(text, OWN)


@pytest.mark.parametrize(
    "written", ["mine.py:G:a=1", "./mine.py:G:a=1", "../w/mine.py:G:a=1", "/there/w/mine.py:G:a=1"]
)
def test_a_file_is_kept_as_seen_from_the_workspace(written):
    here = Path("/there/w")
    assert moved(written, OWN, here, here) == "mine.py:G:a=1"
    assert moved(written, OWN, here, here / "scripts") == "../mine.py:G:a=1"


@pytest.mark.parametrize("text", ["", "tpe:startup=3", "package.module:G:a=1", "theirs"])
def test_what_is_no_file_stays_as_it_is(text):
    assert moved(text, OWN, Path("/here"), Path("/there")) == text
