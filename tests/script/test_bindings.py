"""Variables of the module: which assignment takes the value, and which take none."""

from __future__ import annotations

import pytest

from hprun.errors import SiteError


@pytest.mark.parametrize(
    ("source", "rendered"),
    [
        ("lr = 0.01\n", "lr = 5\n"),
        ("lr=0.01", "lr=5"),
        ("lr: float = 0.01  # rate\n", "lr: float = 5  # rate\n"),
        ("a, lr = 1, 0.1\n", "a, lr = 1, 5\n"),
        ("(a, [lr, b]) = 1, (0.1, 2)\n", "(a, [lr, b]) = 1, (5, 2)\n"),
        ("lr = (\n    0.01  # rate\n)\n", "lr = (\n    5  # rate\n)\n"),
        ("lr = f(\n    1,\n    2,\n)\nx = 1\n", "lr = 5\nx = 1\n"),
        ("lr = \\\n    0.01\n", "lr = \\\n    5\n"),
        ("if __name__ == '__main__':\n\tlr = 0.1\n", "if __name__ == '__main__':\n\tlr = 5\n"),
        ("try:\n    lr = 0.1\nfinally:\n    pass\n", "try:\n    lr = 5\nfinally:\n    pass\n"),
        ("with open('x') as f:\n    lr = 0.1\n", "with open('x') as f:\n    lr = 5\n"),
        ("def f():\n    global lr\n    lr = 0.1\n", "def f():\n    global lr\n    lr = 5\n"),
        ("lr = 0.01\nlr = lr * 0.5\n", "lr = 5\nlr = lr * 0.5\n"),
        ("lr = 0.01\nlr *= 0.5\n", "lr = 5\nlr *= 0.5\n"),
        ("lr = [lr for lr in (1, 2)]\n", "lr = 5\n"),
        (
            "lr = 0.01\ndef f():\n    lr = 3\n    return lr\nprint(lr)\n",
            "lr = 5\ndef f():\n    lr = 3\n    return lr\nprint(lr)\n",
        ),
    ],
)
def test_the_right_hand_side_becomes_the_value(render, source, rendered):
    assert render(source, {"lr": 5}) == rendered


def test_two_bindings_are_ambiguous_and_a_line_picks_one(template, render):
    source = "if gpu:\n    lr = 0.1\nelse:\n    lr = 0.2\nprint(lr)\n"
    with pytest.raises(SiteError) as caught:
        template(source, "lr")
    assert "line 2: lr = 0.1" in caught.value.message
    assert "line 4: lr = 0.2" in caught.value.message
    assert caught.value.hint == "Say which one: lr@2=… or lr@4=…."
    assert render(source, {"lr@4": 0.3}) == source.replace("0.2", "0.3")
    with pytest.raises(SiteError, match="no place for lr on line 3") as caught:
        template(source, "lr@3")
    assert caught.value.hint == "lr is on line 2, 4."


def test_a_chain_gives_one_value_two_names(template):
    with pytest.raises(SiteError, match=r"line 1: lr cannot take .* several names of one value"):
        template("a = lr = 0.1\nprint(lr)\n", "lr")


@pytest.mark.parametrize("source", ["a, lr = load()\n", "a, *lr = 1, 2, 3\n", "a, lr = *b, 1\n"])
def test_one_part_of_a_value_taken_apart_is_no_binding(template, source):
    with pytest.raises(SiteError, match="no place for lr: on line 1 it is one part of a value"):
        template(source, "lr")


def test_a_binding_that_only_hands_on_gives_way_to_its_source(render):
    source = 'config = {"lr": 0.1}\nlr = config["lr"]\nprint(lr, config["lr"])\n'
    assert '{"lr": 5}\nlr = config["lr"]' in render(source, {"lr": 5})


def test_a_binding_that_hands_on_what_the_script_does_not_have_is_the_site(render):
    assert render("import cfg\nlr = cfg.lr\n", {"lr": 5}) == "import cfg\nlr = 5\n"


def test_a_later_line_that_hands_on_would_win_so_it_is_named(template):
    with pytest.raises(SiteError, match="several places for lr"):
        template("lr = 0.1\nlr = args.lr\nprint(lr)\n", "lr")


def test_a_line_that_only_steps_in_where_there_is_no_value_does_not_count(render, template):
    source = "lr = None\nif lr is None:\n    lr = 0.1\nprint(lr)\n"
    assert render(source, {"lr": 5}) == source.replace("= None", "= 5")
    with pytest.raises(SiteError, match="several places for lr"):
        template(source.replace("lr is None", "debug"), "lr")


def test_a_binding_that_nothing_reads_gives_way(render):
    source = "lr = 0.01\ndef main(lr=0.05):\n    print(lr)\nmain()\n"
    assert render(source, {"lr": 5}) == source.replace("0.05", "5")
    through_globals = source + "print(globals())\n"
    assert render(through_globals, {"lr": 5}) == through_globals.replace("0.01", "5")


def test_one_site_for_two_names_is_refused(template):
    with pytest.raises(SiteError, match="line 1: lr and lr@1 would go to the same place"):
        template("lr = 0.1\n", "lr", "lr@1")
    with pytest.raises(SiteError, match=r"line 1: config and config.lr would go"):
        template("config = {'lr': 0.1}\nprint(config)\n", "config", "config.lr")


def test_sites_say_where_and_what(template):
    (site,) = template("\nlr = 0.01\n", "lr").sites
    assert (site.name, site.file, site.line, site.rule, site.before) == (
        ("lr", "train.py", 2, "binding", "0.01")
    )


def test_a_name_without_a_value_keeps_what_the_script_says(template):
    source = "lr = 0.01\nunits = 3\n"
    made = template(source, "lr", "units")
    assert made.render({}).files["train.py"].decode() == source
    assert made.render({"units": 4}).files["train.py"] == b"lr = 0.01\nunits = 4\n"
    assert made.after({"units": 4}) == ("0.01", "4")
