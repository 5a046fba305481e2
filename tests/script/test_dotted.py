"""Attributes, keys, defaults and locals: dotted names, and plain ones that mean a single one."""

from __future__ import annotations

import pytest

from hprun.errors import SiteError

CASES = [
    ("Config.lr", "class Config:\n    lr = {}\n"),
    ("Config.lr", "@dataclass\nclass Config:\n    units: int = 3\n    lr: float = {}\n"),
    ("Config.lr", "class Config:\n    lr: float = field(default={})\n"),
    ("Config.lr", "class Config:\n    lr: list = field(default_factory=lambda: {})\n"),
    ("Config.lr", "class Config(BaseModel):\n    lr: float = Field({}, gt=0)\n"),
    ("config.lr", "config = {{'lr': {}}}\n"),
    ("config.lr", "config = dict(lr={})\n"),
    ("config.lr", "config = argparse.Namespace(lr={})\n"),
    ("config.lr", "config = SimpleNamespace(**{{'lr': {}}})\n"),
    ("config.lr", "config = OmegaConf.create({{'lr': {}}})\n"),
    ("config.lr", "config = load()\nconfig['lr'] = {}\n"),
    ("config.lr", "config = load()\nconfig.lr = {}\n"),
    ("config.optim.lr", "config = {{'optim': {{'lr': {}}}, 'lr': 3}}\n"),
    ("config.optim.lr", "config = dict(optim=dict(lr={}), lr=3)\n"),
    ("config.optim.lr", "config['optim'].lr = {}\n"),
    ("config.lr", "wandb.init(config={{'lr': {}}})\n"),
    ("get_config.lr", "def get_config():\n    return {{'lr': {}}}\n"),
    ("config.lr", "def main():\n    config = {{'lr': {}}}\n"),
    ("train.lr", "def train(data, lr={}):\n    pass\n"),
    ("train.lr", "def train(*, lr={}):\n    pass\n"),
    ("train.lr", "async def train(lr={}):\n    pass\n"),
    ("train.lr", "def train():\n    if True:\n        lr = {}\n"),
    ("Trainer.fit.lr", "class Trainer:\n    def fit(self, lr={}):\n        pass\n"),
    ("Trainer.lr", "class Trainer:\n    def __init__(self):\n        self.lr = {}\n"),
    ("self.lr", "class Trainer:\n    def __init__(self):\n        self.lr = {}\n"),
    ("outer.inner.lr", "def outer():\n    def inner():\n        lr = {}\n"),
]


@pytest.mark.parametrize(("name", "source"), CASES)
def test_a_dotted_name_means_one_place(render, name, source):
    assert render(source.format(0.01), {name: 0.5}) == source.format(0.5)


@pytest.mark.parametrize("source", [text for _, text in CASES if text.count("lr") == 1])
def test_a_plain_name_means_it_too_when_it_is_the_only_one(render, source):
    assert render(source.format(0.01), {"lr": 0.5}) == source.format(0.5)


def test_two_places_of_a_plain_name_are_listed_with_their_full_names(template):
    source = "class Config:\n    lr = 0.1\ndef train(lr=0.2):\n    return lr\n"
    with pytest.raises(SiteError, match=r"line 2: lr = 0.1\n    line 3") as caught:
        template(source, "lr")
    assert caught.value.hint == "Say which one: Config.lr=… or train.lr=…."


def test_what_only_hands_the_name_on_is_not_counted(render):
    source = (
        "class Trainer:\n    def __init__(self, lr=0.1):\n        self.lr = lr\n"
        "        self.config = {'lr': lr}\n        self.half = dict(lr=self.lr / 2)\n"
    )
    assert render(source, {"lr": 0.5}) == source.replace("0.1", "0.5")


def test_a_call_that_passes_another_value_is_the_site_of_a_class(render):
    source = "class T:\n    def __init__(self, lr=0.2):\n        self.lr = lr\nt = T(lr=0.1)\n"
    assert render(source, {"lr": 0.5}) == source.replace("0.1", "0.5")


def test_a_dataclass_default_that_every_call_overrides_is_refused(template):
    source = (
        "from dataclasses import dataclass\n@dataclass\nclass C:\n    lr: float = 0.1\n"
        "    n: int = 3\nc = make(C(0.3))\n"
    )
    with pytest.raises(SiteError, match=r"line 4: C.lr cannot take .* line 6 passes a value"):
        template(source, "C.lr")
    template(source, "C.n")


def test_a_default_stays_a_site_where_nobody_can_tell(render):
    source = "def f(lr=0.1):\n    return lr\nprint(f(0.3), f(*args))\n"
    assert render(source, {"f.lr": 0.5}) == source.replace("0.1", "0.5")
    handed_on = "def f(lr=0.1):\n    return lr\nprint(f(0.3), map(f, x))\n"
    assert render(handed_on, {"f.lr": 0.5}) == handed_on.replace("0.1", "0.5")


def test_a_schedule_with_the_name_as_parameter(prints):
    source = (
        "def Adam(learning_rate):\n    return learning_rate\n"
        "def schedule(epoch, lr):\n    return lr if epoch < 5 else lr * 0.5\n"
        "lr = 0.1\nprint(Adam(learning_rate=lr), schedule(0, 3), schedule(9, 3))\n"
    )
    assert prints(source, {"lr": 0.25}) == "0.25 3 1.5"


def test_near_names_are_suggested_with_their_lines(template):
    source = "\nclass Config:\n    learning_rate = 0.1\n"
    for name in ("learning_rat", "Config.learningrate", "LEARNING_RATE"):
        with pytest.raises(SiteError, match="no place for") as caught:
            template(source, name)
        assert caught.value.hint == "Did you mean Config.learning_rate (train.py:3)?"


def test_an_argument_of_a_call_needs_its_line(template, render):
    source = "fit(\n    SGD(lr=0.1))\n"
    with pytest.raises(SiteError, match="no place for lr") as caught:
        template(source, "lr")
    assert "line 2, SGD(lr=0.1))? Say lr@2=…" in caught.value.hint
    assert render(source, {"lr@2": 0.5}) == source.replace("0.1", "0.5")


def test_a_module_that_has_the_name_is_named_with_the_sub_that_would_do(template):
    files = {"conf.py": "class C:\n    lr = 0.1  # rate\n", "other.py": "x = 1\n"}
    source = "import conf, other\nc = conf.C()\n"
    with pytest.raises(SiteError, match="no place for lr") as caught:
        template(source, "lr", files=files)
    assert caught.value.hint == r"conf.py:2 has it: --sub 'conf.py:^    lr = (\S+)'"
    sub = caught.value.hint.partition("--sub '")[2].rstrip("'")
    made = template(source, "lr", files=files, subs=[sub])
    assert made.render({"lr": 0.5}).files["conf.py"] == b"class C:\n    lr = 0.5  # rate\n"


def test_a_module_that_declares_the_option_is_named(template):
    files = {"opts.py": "p.add_argument('--lr', type=float)\n"}
    with pytest.raises(SiteError, match="no place for lr") as caught:
        template("from opts import args\n", "lr", files=files)
    assert caught.value.hint.startswith("opts.py:1 declares --lr")
    assert caught.value.hint.endswith("train.py --lr {lr}.")


def test_arrays_are_lists_but_stay_tuples_where_a_tuple_was(render):
    source = "units = [1]\nbetas = 0.9, 0.99\nshape = (1,)\n"
    values = {"units": (64, 32), "betas": (0.5, -0.25), "shape": ("a",)}
    assert render(source, values) == "units = [64, 32]\nbetas = (0.5, -0.25)\nshape = ('a',)\n"
