"""Declared command-line options, run for real: what the script reads is the value."""

from __future__ import annotations

import pytest

from hprun.errors import RenderError, SiteError

ARGPARSE = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("files", nargs="*")
parser.add_argument("--lr", type=float, default=0.01)
parser.add_argument("-b", "--batch-size", type=int, default=32)
parser.add_argument("-m", type=float, dest="momentum")
parser.add_argument("--units", nargs="+", type=float)
parser.add_argument("--tag", action="append")
parser.add_argument("--no-cuda", dest="cuda", action="store_false")
parser.add_argument("--amp", action="store_true")
parser.add_argument("--aug", action=argparse.BooleanOptionalAction, default=True)
parser.add_argument("--bias", type=bool, default=True)
parser.add_argument("-v", action="count", default=0)
parser.add_argument("--name", default=None)
args = parser.parse_args()
lr = args.lr
print(repr(args.NAME), args.files)
"""


@pytest.mark.parametrize(
    ("name", "value", "attribute"),
    [
        ("lr", 0.5, "lr"),
        ("lr", -1e-05, "lr"),
        ("batch_size", 64, "batch_size"),
        ("batch-size", 64, "batch_size"),
        ("momentum", 0.5, "momentum"),
        ("momentum", -0.5, "momentum"),
        ("units", (1.5, -1e-05), "units"),
        ("tag", ("a", "b"), "tag"),
        ("cuda", True, "cuda"),
        ("cuda", False, "cuda"),
        ("amp", True, "amp"),
        ("amp", False, "amp"),
        ("aug", True, "aug"),
        ("aug", False, "aug"),
        ("bias", True, "bias"),
        ("bias", False, "bias"),
        ("v", 3, "v"),
        ("v", 0, "v"),
        ("name", None, "name"),
        ("name", "-x y", "name"),
        ("name", "", "name"),
    ],
)
def test_argparse_reads_the_value(prints, name, value, attribute):
    want = list(value) if isinstance(value, tuple) else value
    source = ARGPARSE.replace("NAME", attribute)
    assert prints(source, {name: value}, argv=("a.txt",)) == f"{want!r} ['a.txt']"


def test_options_go_before_two_dashes(prints):
    source = ARGPARSE.replace("NAME", "lr")
    assert prints(source, {"lr": 0.5}, argv=("--", "-z")) == "0.5 ['-z']"


def test_options_of_the_main_parser_go_before_a_subcommand(prints):
    source = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
commands = parser.add_subparsers()
train = commands.add_parser("train")
train.add_argument("--units", type=int)
print(vars(parser.parse_args()))
"""
    printed = prints(source, {"lr": 0.5, "units": 3}, argv=("train",))
    assert printed == "{'lr': 0.5, 'units': 3}"


def test_options_go_before_what_takes_the_rest(prints):
    source = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("rest", nargs=argparse.REMAINDER)
print(vars(parser.parse_args()))
"""
    assert prints(source, {"lr": 0.5}, argv=("a", "-z")) == "{'lr': 0.5, 'rest': ['a', '-z']}"


CLICK = """
import click
@click.command()
@click.argument("files", nargs=-1)
@click.option("--learning-rate", "-l", "rate", type=float, default=0.01)
@click.option("--units", type=int, multiple=True)
@click.option("--betas", type=float, nargs=2)
@click.option("--shout/--no-shout", default=True)
@click.option("--amp", is_flag=True)
@click.option("-v", "--verbose", count=True)
def main(NAME, **others):
    print(repr(NAME))
main()
"""


@pytest.mark.parametrize(
    ("name", "value", "parameter"),
    [
        ("learning_rate", -0.5, "rate"),
        ("rate", 0.5, "rate"),
        ("l", 0.5, "rate"),
        ("units", (3, 4), "units"),
        ("betas", (0.5, -1e-05), "betas"),
        ("shout", True, "shout"),
        ("shout", False, "shout"),
        ("amp", True, "amp"),
        ("amp", False, "amp"),
        ("verbose", 2, "verbose"),
    ],
)
def test_click_reads_the_value(prints, name, value, parameter):
    source = CLICK.replace("NAME", parameter)
    assert prints(source, {name: value}, argv=("a.txt",)) == repr(value)


def test_options_of_a_click_group_go_before_its_commands(prints):
    source = """
import click
@click.group()
@click.option("--lr", type=float)
def cli(lr):
    print(lr)
@cli.command()
@click.option("--units", type=int)
def train(units):
    print(units)
cli()
"""
    assert prints(source, {"lr": 0.5, "units": 3}, argv=("train",)) == "0.5\n3"


TYPER = """
from typing import Annotated, List, Optional, Tuple
import typer
def main(
    data: str,
    plain: float = 0.01,
    renamed: float = typer.Option(0.01, "--rate", "-r"),
    noted: Annotated[int, typer.Option("--note")] = 3,
    many: List[int] = [1],
    pair: Tuple[int, float] = (1, 2.0),
    flag: bool = False,
    one_way: bool = typer.Option(False, "--one-way"),
    maybe: Optional[int] = None,
):
    print(repr(NAME))
typer.run(main)
"""


@pytest.mark.parametrize(
    ("name", "value", "parameter"),
    [
        ("plain", 0.5, "plain"),
        ("plain", -1e-05, "plain"),
        ("renamed", 0.5, "renamed"),
        ("rate", 0.5, "renamed"),
        ("noted", 4, "noted"),
        ("many", (3, 4), "many"),
        ("pair", (3, 4.0), "pair"),
        ("flag", True, "flag"),
        ("flag", False, "flag"),
        ("one_way", True, "one_way"),
        ("one_way", False, "one_way"),
        ("maybe", None, "maybe"),
        ("maybe", 7, "maybe"),
    ],
)
def test_typer_reads_the_value(prints, name, value, parameter):
    want = list(value) if name == "many" else value
    source = TYPER.replace("NAME", parameter)
    assert prints(source, {name: value}, argv=("data.csv",)) == repr(want)


ABSL = """
from absl import app, flags
flags.DEFINE_float("lr", 0.01, "rate")
flags.DEFINE_bool("amp", True, "half precision")
flags.DEFINE_list("names", [], "names")
flags.DEFINE_multi_integer("units", [1], "units")
flags.DEFINE_string("opt", None, "optimizer")
def main(argv):
    print(repr(flags.FLAGS.NAME), argv[1:])
app.run(main)
"""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lr", -1e-05),
        ("amp", True),
        ("amp", False),
        ("names", ("a", "b")),
        ("units", (3, -4)),
        ("opt", "adam"),
        ("opt", None),
    ],
)
def test_absl_reads_the_value_before_other_arguments(prints, name, value):
    want = list(value) if isinstance(value, tuple) else value
    printed = prints(ABSL.replace("NAME", name), {name: value}, argv=("a.txt",))
    assert printed == f"{want!r} ['a.txt']"


HEAD = "import argparse\np = argparse.ArgumentParser()\n"


def test_an_option_wins_over_what_its_value_passes_through(template):
    source = f"{HEAD}p.add_argument('--lr', type=float, default=0.1)\na = p.parse_args()\n"
    source += (
        "def train(lr=0.05):\n    lr = float(lr)\n    print(lr)\n"
        "config = dict(lr=a.lr)\nlr = a.lr\ntrain(lr=a.lr)\n"
    )
    (site,) = template(source, "lr").sites
    assert (site.rule, site.file, site.line, site.before) == ("option", "train.py", 3, "0.1")
    made = template(source, "lr")
    assert made.after({"lr": 0.5}) == ("--lr 0.5",)
    assert made.render({"lr": 0.5}).files["train.py"].decode() == source
    assert made.render({}).argv == ()


def test_a_line_that_overwrites_what_was_parsed_is_named(template):
    source = f"{HEAD}p.add_argument('--lr')\nargs = p.parse_args()\nargs.lr = 0.5\n"
    with pytest.raises(SiteError, match=r"several places for lr:\n    line 3: .*\n    line 5: "):
        template(source, "lr")
    assert template(source, "lr@3").sites[0].rule == "option"
    assert template(source, "lr@5").sites[0].rule == "dotted"
    scaled = source.replace("= 0.5", "= args.lr * 2")
    assert template(scaled, "lr").sites[0].rule == "option"


@pytest.mark.parametrize("given", ["--lr", "--lr=3", "--l", "-r", "-r3"])
def test_an_option_that_is_given_already_is_refused(template, given):
    source = f"{HEAD}p.add_argument('--lr', '-r', type=float)\np.add_argument('--units')\n"
    with pytest.raises(SiteError, match="is given to the script and searched as lr too"):
        template(source, "lr", argv=(given, "3"))
    template(source, "lr", argv=("--units", "3", "--", given))


def test_a_script_that_parses_a_list_of_its_own_reads_no_option(template):
    source = f"{HEAD}p.add_argument('--lr', default=0.1)\nargs = p.parse_args([])\n"
    with pytest.raises(SiteError, match=r"line 3: lr cannot .* line 4 parses a list of its own"):
        template(source, "lr")


@pytest.mark.parametrize(
    ("declared", "value", "message"),
    [
        ("'--lr', default=0.1", None, "--lr cannot be None: left out, it is 0.1"),
        ("'--lr', action='store_true'", 3, "--lr takes no value"),
        ("'--lr', action='store_true', default=True", False, "--lr cannot be False"),
        ("'--lr', type=float", (1, 2), "--lr takes one value"),
        ("'--lr', action='count'", -1, "--lr is counted"),
    ],
)
def test_a_value_that_an_option_cannot_carry_is_refused(template, declared, value, message):
    made = template(f"{HEAD}p.add_argument({declared})\np.parse_args()\n", "lr")
    with pytest.raises(RenderError, match=f"train.py line 3: lr=.*: {message}"):
        made.check({"lr": [value]})


def test_names_in_braces_take_values_and_other_braces_stay(template):
    argv = ("--opt={lr}", "{other}", '{"a": {lr}}', "--units", "{units}", "a{{lr}}")
    made = template("print(1)\n", "lr", "units", argv=argv)
    assert made.render({"lr": 0.5, "units": 3}).argv == (
        "--opt=0.5", "{other}", '{"a": 0.5}', "--units", "3", "a{0.5}",
    )  # fmt: skip
    site = made.sites[0]
    assert (site.name, site.file, site.line, site.rule) == ("lr", "", 0, "option")
    assert made.after({"lr": 0.5, "units": 3})[-1] == "3"


def test_a_name_in_braces_without_a_value_goes_with_its_option(template):
    made = template("print(1)\n", "lr", "m", argv=("--lr", "{lr}", "--m", "{m}", "x"))
    assert made.render({"lr": 0.5}).argv == ("--lr", "0.5", "x")
    assert made.render({"lr": 0.5, "m": None}).argv == ("--lr", "0.5", "x")


def test_two_names_of_one_option_are_refused(template):
    source = f"{HEAD}p.add_argument('--lr', '--learning-rate')\n"
    with pytest.raises(SiteError, match="lr and learning_rate are both the option --lr"):
        template(source, "lr", "learning_rate")
