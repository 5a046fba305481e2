"""Values in other text files: `--sub 'FILE:REGEX'`."""

from __future__ import annotations

import json

import pytest

from hprun.errors import RenderError, SiteError
from hprun.script import parse_sub


@pytest.fixture
def put(template):
    def put(file, content, sub, value, name="lr"):
        made = template("print(1)\n", name, files={file: content}, subs=[f"{file}:{sub}"])
        made.check({name: [value]})
        rendered = made.render({name: value}).files[file]
        assert made.render({}).files[file] == (
            content if isinstance(content, bytes) else content.encode()
        )
        return rendered.decode("utf-8", "surrogateescape")

    return put


@pytest.mark.parametrize(
    ("content", "value", "rendered"),
    [
        ("lr: 0.1  # rate\n", 0.5, "lr: 0.5  # rate\n"),
        ("lr: 0.1\n", 1e-05, "lr: 1.0e-05\n"),
        ("lr: 0.1\n", 1.5e-05, "lr: 1.5e-05\n"),
        ("lr: 0.1\n", 3, "lr: 3\n"),
        ("lr: 0.1\n", True, "lr: true\n"),
        ("lr: 0.1\n", None, "lr: null\n"),
        ("lr: 0.1\n", (1, 1e-05), "lr: [1, 1.0e-05]\n"),
        ("lr: sgd\n", "adam", "lr: adam\n"),
        ("lr: sgd\n", "no", 'lr: "no"\n'),
        ("lr: sgd\n", "1e5", 'lr: "1e5"\n'),
        ("lr: sgd\n", "null", 'lr: "null"\n'),
        ("lr: sgd\n", ".5", 'lr: ".5"\n'),
        ("lr: sgd\n", "./data", "lr: ./data\n"),
        ("lr: sgd\n", "-x", 'lr: "-x"\n'),
        ("lr: sgd\n", "a: b # c", 'lr: "a: b # c"\n'),
        ("lr: 'sgd'\n", "it's", "lr: 'it''s'\n"),
        ('lr: "sgd"\n', 'a"b', 'lr: "a\\"b"\n'),
        ("a: 1\r\nlr: 0.1\r\nb: 2\r\n", 0.5, "a: 1\r\nlr: 0.5\r\nb: 2\r\n"),
    ],
)
def test_yaml(put, content, value, rendered):
    assert put("c.yaml", content, r"^lr: *(\S+)", value) == rendered


@pytest.mark.parametrize(
    ("file", "content", "sub", "value", "rendered"),
    [
        ("c.json", '{"lr": 0.1}', r'"lr": ([\d.]+)', None, '{"lr": null}'),
        ("c.json", '{"lr": null}', r'"lr": (\w+)', "a", '{"lr": "a"}'),
        ("c.json", '{"lr": "b"}', r'"lr": ("\w+")', "a", '{"lr": "a"}'),
        ("c.json", '{"lr": "b"}', r'"lr": "(\w+)"', 'a"', '{"lr": "a\\""}'),
        ("c.toml", "lr = 0.1\n", r"lr = (\S+)", 1e-05, "lr = 1e-05\n"),
        ("c.toml", "lr = 0.1\n", r"lr = (\S+)", "a", 'lr = "a"\n'),
        ("c.toml", "lr = 0.1\n", r"lr = (\S+)", (True, "a"), 'lr = [true, "a"]\n'),
        ("c.toml", "lr = 'x'\n", r"lr = (\S+)", "a", "lr = 'a'\n"),
        ("m/c.py", "lr = 0.1\n", r"lr = (\S+)", None, "lr = None\n"),
        ("m/c.py", "lr = 'x'\n", r"lr = (\S+)", "it's", "lr = 'it\\'s'\n"),
        ("m/c.py", "y = lr ** 2\n", r"y = (lr)\b", -2.0, "y = (-2.0) ** 2\n"),
        ("run.sh", "LR=0.1 lr\n", r"LR=(\S+) lr", -0.5, "LR=-0.5 lr\n"),
        ("c.ini", "lr=0.1\n", r"lr=(.*)$", "a b", "lr=a b\n"),
        ("c.ini", b"x=\xff\xfe\nlr=0.1\n", r"lr=(.*)$", 3, "x=\udcff\udcfe\nlr=3\n"),
    ],
)
def test_each_kind_of_file_has_its_notation(put, file, content, sub, value, rendered):
    assert put(file, content, sub, value) == rendered


@pytest.mark.parametrize(
    ("file", "content", "value", "message"),
    [
        ("c.toml", "lr = 1\n", None, "c.toml line 1: lr cannot be None .* TOML has no"),
        ("c.toml", "lr = 'x'\n", "it's", "cannot stand between"),
        ("c.ini", "lr = x\n", "a\nb", "several lines"),
    ],
)
def test_a_value_that_the_notation_lacks_is_refused(put, file, content, value, message):
    with pytest.raises(RenderError, match=message):
        put(file, content, r"lr = (\S+)", value)


@pytest.mark.parametrize(
    ("sub", "message"),
    [
        (r"c.yaml:lr: (\d+)", "matches nowhere in c.yaml"),
        (r"c.yaml:lr: *(\S+)", "matches 2 times in c.yaml: on lines 1, 3"),
        (r"d.yaml:lr: *(\S+)", "d.yaml, which is not in the workspace"),
        (r"c.yaml:rate: *(\S+)", "has no searched name in its regex"),
        (r"c.yaml:(?P<rate>\S+)", "names its group rate, which is not searched"),
    ],
)
def test_a_sub_that_does_not_fit_says_why(template, sub, message):
    with pytest.raises(SiteError, match=message):
        template("lr = 1\n", "lr", files={"c.yaml": "lr: x\n\nlr: y\n"}, subs=[sub])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("config.yaml", "is not FILE:REGEX"),
        (":x(y)", "is not FILE:REGEX"),
        ("c.yaml:lr", "has 0 groups"),
        ("c.yaml:(l)(r)", "has 2 groups"),
        ("c.yaml:(lr", "the regex is wrong"),
        ("../c.yaml:lr(.)", "outside the workspace"),
        ("/c.yaml:lr(.)", "outside the workspace"),
    ],
)
def test_a_sub_that_is_none_is_refused(text, message):
    with pytest.raises(SiteError, match=message):
        parse_sub(text)


@pytest.mark.parametrize(
    ("names", "sub", "key"),
    [
        (("lr", "lr_decay"), r"^lr_decay: (\S+)", "lr_decay"),
        (("lr", "units"), r"^\blr: (\S+)", "lr"),
        (("Config.lr", "units"), r"^lr: (\S+)", "Config.lr"),
        (("lr", "units"), r"units: \d+ lr: (?P<lr>\S+)", "lr"),
        (("a.lr", "b"), r"a.lr: (\S+)", "a.lr"),
    ],
)
def test_the_group_is_bound_to_the_one_name_in_the_regex(template, names, sub, key):
    text = "lr_decay: 1\nlr: 1\na.lr: 1\nunits: 2 lr: 1\n"
    source = "".join(f"{name.partition('.')[0]} = 1\n" for name in names if name != key)
    made = template(source, *names, files={"c.txt": text}, subs=[f"c.txt:{sub}"])
    assert [(site.name, site.rule) for site in made.sites if site.rule == "regex"] == (
        [(key, "regex")]
    )


def test_a_regex_with_two_searched_names_is_ambiguous(template):
    with pytest.raises(SiteError, match="may mean lr or wd"):
        template("x = 1\n", "lr", "wd", files={"c.txt": "lr wd 1\n"}, subs=[r"c.txt:lr wd (\d)"])


def test_a_sub_of_the_script_itself_joins_the_other_sites(template):
    source = "lr = 0.1\nrun('--m 3')\n"
    made = template(source, "lr", "m", subs=[r"train.py:--m (\d)"])
    made.check({"lr": [1], "m": [2]})
    assert made.render({"lr": 1, "m": 2}).files == {"train.py": b"lr = 1\nrun('--m 2')\n"}


def test_one_name_may_go_to_several_files(template):
    files = {"a.json": '{"lr": 1}', "b.yaml": "lr: 1\n"}
    made = template("x = 1\n", "lr", files=files, subs=[r'a.json:"lr": (\d)', r"b.yaml:lr: (\d)"])
    rendered = made.render({"lr": 2}).files
    assert json.loads(rendered["a.json"]) == {"lr": 2}
    assert rendered["b.yaml"] == b"lr: 2\n"
    assert made.after({"lr": 2}) == ("2", "2")
