"""`hprun add`: a trial by hand."""

from __future__ import annotations

import time
from pathlib import Path

import click

from hprun.cli.endings import resume_command
from hprun.cli.holding import lock_search
from hprun.cli.looping import adding_to
from hprun.cli.options import cache_option, find_search, now, open_store, question_of
from hprun.engine.adding import numbers
from hprun.engine.question import Question
from hprun.errors import CacheError, ConfigError
from hprun.files import is_locked
from hprun.model import Values
from hprun.paths import Cache
from hprun.report.terminal import say
from hprun.report.words import value_words
from hprun.space import Space
from hprun.store import SearchRow, Store
from hprun.strategies.encoding import same_trial

_PATIENCE_S = 10.0  # for a coordinator that is busy, with a strategy that thinks, say
_LOOK_S = 0.05


@click.command("add")
@click.argument("words", metavar="[SEARCH] [NAME=VALUE…]", nargs=-1)
@click.option(
    "--trial",
    "trials",
    multiple=True,
    metavar="VALUES",
    help="A trial in one word: 'lr=0.1,units=32'; or @FILE: all lines of a CSV or JSON lines."
    " Repeatable.",
)
@cache_option
def command(words: tuple[str, ...], trials: tuple[str, ...], *, cache: Cache) -> int:
    """Add trials to SEARCH (default: the one last used): at any time, and beyond its --trials.

    They are run before all others. A search that is not running runs them when it is resumed.
    """
    name = words[0] if words and "=" not in words[0] else None
    values = words[1:] if name is not None else words
    if not values and not trials:
        raise ConfigError("No trial is named.", hint="For example: `hprun add lr=0.003 units=64`.")
    store = open_store(cache)
    row = find_search(store, name)
    question = question_of(row, cache)
    wanted = _read(question.space, values, trials)
    there = numbers(store, row.id)
    fresh = [values for values in wanted if same_trial(values) not in there]
    for values_ in wanted:
        if same_trial(values_) in there:
            number = there[same_trial(values_)]
            say(f"trial {number} of {row.name} is that already: {value_words(values_)}")
    if not fresh:
        return 0
    list(question.plan(row.name, cache, fresh))  # what cannot be written into the script is told
    _say_odd(question.space, fresh, question.settings.seed)
    return _add(store, cache, row, question, fresh)


def _read(space: Space, words: tuple[str, ...], trials: tuple[str, ...]) -> list[Values]:
    """The trials that are asked for, each once, with their names in the order of the space.

    Raises ConfigError for names that are not those of the space, and for values that are no
    numbers and not of the space.
    """
    from hprun.space import parse_values
    from hprun.strategies.listed import check_names, read_file, read_options

    found: list[Values] = []
    if words:
        found.append(parse_values(",".join(words)))
        check_names(found[0], space)
    for text in trials:
        if text.startswith("@"):
            found += read_file(Path(text[1:]), space)
        else:
            found += read_options([text], space)
    ordered = [{name: one[name] for name in space.names if name in one} for one in found]
    return list({same_trial(values): values for values in ordered}.values())


def _say_odd(space: Space, trials: list[Values], seed: int) -> None:
    """Tell of numbers that the space does not hold; raise ConfigError for anything else."""
    from hprun.strategies.encoding import Encoding

    encoding = Encoding(space, seed)
    for values in trials:
        for parameter in encoding.outside(values):
            given = {name: values[name] for name in parameter.names}
            if any(isinstance(v, bool) or not isinstance(v, int | float) for v in given.values()):
                raise ConfigError(
                    f"{value_words(given)} is not of {parameter}.",
                    hint="Only numbers may lie outside of the space.",
                )
            say(f"{value_words(given)} is not of {parameter}: it is tried all the same")


def _add(
    store: Store, cache: Cache, row: SearchRow, question: Question, trials: list[Values]
) -> int:
    """Leave the request, and see it taken up: by the search's coordinator, or else here."""
    request = store.ask_to_add(row.id, trials, now())
    deadline = time.monotonic() + _PATIENCE_S
    here = False
    while any(one.id == request for one in store.requests(row.id)):
        if not is_locked(cache.search_lock(row.name)):
            try:
                with lock_search(store, cache, row):
                    adding_to(question, cache, store, row).take(store.requests(row.id))
                    here = True
            except CacheError:  # another was quicker, or the disk is full
                if not is_locked(cache.search_lock(row.name)):
                    raise
            continue
        if time.monotonic() > deadline:
            say(f"{row.name} is busy: it will take up what was added.")
            return 0
        time.sleep(_LOOK_S)
    there = numbers(store, row.id)
    for values in trials:
        number = there.get(same_trial(values))
        if number is None:
            raise ConfigError(
                f"{row.name} could not add {value_words(values)}.",
                hint="Its script was changed after it had begun: stop it, and resume it.",
            )
        say(f"trial {number} of {row.name}: {value_words(values)}")
    if here:
        say(f"{row.name} is not running. Go on with `{resume_command(row, cache)}`.")
    return 0
