"""From the name that a user gives to the series that a run wrote.

A series is a run (the folder of an event file, relative to the run's folder) and a tag. The rules
are tried in order; the first that any series meets decides, and all series that meet it count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from hprun.metrics.words import SPLITS, words

ROOT = "."
"""How the run's own folder is written where a run is named."""


class Series(NamedTuple):
    """A tag in a run; `run` is a POSIX path, empty for the run's own folder."""

    run: str
    tag: str

    def __str__(self) -> str:
        return f"{self.run or ROOT}//{self.tag}"


Test = Callable[[Series], bool]
"""Whether a series is meant."""


class Rule(NamedTuple):
    """One rule: its name for the user, and its test."""

    name: str
    meets: Test


def resolve(name: str, series: Collection[Series]) -> tuple[str, list[Series]] | None:
    """Give the name of the first rule that yields anything, and what it yields; None if none."""
    for rule in rules(name):
        found = [one for one in series if rule.meets(one)]
        if found:
            return rule.name, sorted(found)
    return None


def could_mean(name: str) -> Test:
    """Give a test that tells whether a series may be meant by `name` under any rule."""
    if "//" in name:
        # The run may also be the path of one event file.
        tags = {tag for _, tag in explicit_forms(name)}
        return lambda one: one.tag in tags
    all_rules = list(rules(name))
    return lambda one: any(rule.meets(one) for rule in all_rules)


def rules(name: str) -> Iterator[Rule]:
    """Give the rules for a name, in the order in which they are tried."""
    if "//" in name:
        yield from _explicit(name)
        return
    yield Rule("exact tag", lambda one: one.tag == name)
    yield Rule("run/tag", lambda one: f"{one.run}/{one.tag}" == name)
    yield Rule("run/tag", lambda one: _is_path_end(name, one))
    for test in _keras_validation(name) if name.startswith("val_") else _keras_training(name):
        yield Rule("keras", test)
    yield Rule("scope", lambda one: _has_neutral_scope(name, one.tag))
    yield Rule("epoch", lambda one: one.tag == f"{name}_epoch")
    loader = re.compile(rf"{re.escape(name)}(_epoch)?/dataloader_idx_\d+")
    yield Rule("data loader", lambda one: loader.fullmatch(one.tag) is not None)
    yield Rule("synonym", _synonym(name))


def explicit_forms(name: str) -> Iterator[tuple[str, str]]:
    """Give the ways to read `run//tag`; more than one only where the tag holds slashes too."""
    for at in re.finditer(r"(?=//)", name):
        run = name[: at.start()].removeprefix("./").strip("/")
        yield ("" if run == ROOT else run), name[at.start() + 2 :]


def _explicit(name: str) -> Iterator[Rule]:
    """`run//tag`: the run's whole path, or else the end of it, or else a pattern of it.

    A pattern (`*-0//val_loss`) is for runs that name their folders by the time.
    """
    forms = list(explicit_forms(name))
    yield Rule("as written", lambda one: one in forms)

    def ends(one: Series) -> bool:
        return any(one.tag == tag and end and one.run.endswith(f"/{end}") for end, tag in forms)

    yield Rule("as written", ends)

    def matches(one: Series) -> bool:
        return any(one.tag == tag and run and fnmatchcase(one.run, run) for run, tag in forms)

    yield Rule("as written", matches)


def _is_path_end(name: str, one: Series) -> bool:
    """`validation/epoch_loss` means that tag in `logs/validation` too."""
    end = name.removesuffix(f"/{one.tag}")
    return end != name and f"/{one.run}".endswith(f"/{end}")


def _keras_validation(name: str) -> Iterator[Test]:
    """What the TensorBoard callback of Keras 2 and 3, then of TensorFlow 1, makes of `val_x`."""
    metric = name.removeprefix("val_")
    yield lambda one: one.tag == f"epoch_{metric}" and _last(one.run) == "validation"
    yield lambda one: one.tag == f"epoch_val_{metric}"
    evaluated = f"evaluation_{metric}_vs_iterations"
    yield lambda one: one.tag == evaluated and _last(one.run) == "validation"


def _keras_training(name: str) -> Iterator[Test]:
    """What it makes of `x` or `train_x`; TensorFlow 1 wrote all into one folder."""
    metric = name.removeprefix("train_")
    epoch, batch = f"epoch_{metric}", f"batch_{metric}"
    yield lambda one: one.tag == epoch and _last(one.run) == "train"
    yield lambda one: one.tag == epoch and not _splits(words(_last(one.run)))
    yield lambda one: one.tag == batch and _last(one.run) == "train"
    yield lambda one: one.tag == batch and not _splits(words(_last(one.run)))


def _has_neutral_scope(name: str, tag: str) -> bool:
    """`model/loss` means `loss`, but `eval/loss` is another thing."""
    scope = tag.removesuffix(f"/{name}")
    return scope != tag and not _splits(words(scope))


_NEVER = re.compile(r"(^|/)batch_|_step$|_vs_iterations$")
_ACCURACY = {"acc": "accuracy"}


def _synonym(name: str) -> Test:
    """`val_loss` means `eval/loss`, `Loss/val`, or `loss` in the run `loss_val`."""
    wanted = _meanings(name)
    split = bool(wanted & set(SPLITS.values()))

    def meets(one: Series) -> bool:
        if not wanted or _NEVER.search(one.tag):
            return False
        of_tag = _meanings(one.tag)
        of_run = _meanings(_last(one.run))
        if not split and of_run & set(SPLITS.values()):
            return False
        return wanted in (of_tag, of_tag | of_run)

    return meets


def _meanings(name: str) -> frozenset[str]:
    """The words of a name, each replaced by the one that stands for its synonyms."""
    found = (SPLITS.get(word, _ACCURACY.get(word, word)) for word in words(name))
    return frozenset(found) - {"epoch"}


def _splits(found: Iterable[str]) -> bool:
    return any(word in SPLITS for word in found)


def _last(run: str) -> str:
    return run.rpartition("/")[2]
