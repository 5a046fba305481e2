"""What stands on a page is what was read: nothing is lost, changed or understood as markup."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hprun.model import Direction, Metric, Outcome, Reduce
from hprun.paths import Cache
from hprun.report.page import assembling
from hprun.report.page.assembling import json_inside, page
from hprun.report.page.axes import axis_of, score_axis
from hprun.report.page.document import document
from hprun.report.page.evidence import gather
from hprun.report.page.importances import importances
from hprun.report.page.thinning import thinned
from hprun.report.results import results, results_json
from hprun.store import Close, PlannedRun, PlannedTrial, ReadingRow, Store

NUMBERS = st.one_of(st.floats(), st.integers(), st.sampled_from([0.1, 1e-5, 3, 10**400]))
PLAIN = st.one_of(NUMBERS, st.booleans(), st.none(), st.text(max_size=8))
VALUES = st.one_of(PLAIN, st.tuples(PLAIN, PLAIN))
NAMES = st.sampled_from(["lr", "units", "__proto__", "<b>", "constructor", "score", "a b"])
TRIAL = st.dictionaries(NAMES, VALUES, max_size=4)
SCORES = st.one_of(st.none(), st.floats(), st.sampled_from([0.1, 0.2, 0.3]))
ENDS = st.sampled_from([None, *Outcome, Outcome.COMPLETED, Outcome.COMPLETED])
UNSEEN = 99.0  # the clock, in these searches


def _search(folder, trials, folds, metric):
    """A search whose trials, each (values, [(score, outcome) for each fold]), have ended so."""
    cache = Cache(folder)
    store = Store(cache.database)
    request = {"workspace": "..", "settings": {"script": "train.py", "hp": ["lr=1,2"]}}
    row = store.put_search("question", "train", request, 1.0)
    runs = [
        PlannedRun(n, fold, 0, f"{n}/{fold}", f"train-1/{n}/fold-{fold}")
        for n in range(len(trials))
        for fold in range(folds)
    ]
    plan = [PlannedTrial(n, values) for n, (values, _) in enumerate(trials)]
    store.link(row.id, plan, runs, {})
    store.set_metric(row.id, metric)
    ends = [end for _, of_folds in trials for end in of_folds]
    for run, (score, outcome) in zip(store.queued(row.id, len(runs)), ends, strict=True):
        if outcome is not None:
            kind = "missing" if score is None else "resolved"
            with store.transaction():
                attempt = store.claim(run.id, row.id, "", 1.0)
                reading = ReadingRow(kind, score)
                store.end(
                    Close(run.id, attempt, outcome, 1.0, "why", reading), metric, 2.0 + run.id
                )
    return store, cache, store.searches()[0]


@st.composite
def searches(draw):
    folds = draw(st.integers(1, 2))
    ends = st.lists(st.tuples(SCORES, ENDS), min_size=folds, max_size=folds)
    return folds, draw(st.lists(st.tuples(TRIAL, ends), max_size=7))


def _standard(written):
    """As a browser reads it: JSON has neither NaN nor infinities."""
    return json.loads(json.dumps(written), parse_constant=lambda word: str(float(word)))


@settings(max_examples=40, deadline=None)
@given(search=searches(), direction=st.sampled_from(Direction), named=st.booleans())
def test_the_trials_of_a_page_are_those_of_the_results(tmp_path_factory, search, direction, named):
    folds, trials = search
    metric = Metric("loss", Reduce.LAST, direction) if named else None
    store, cache, row = _search(tmp_path_factory.mktemp("c"), trials, folds, metric)
    found = document(gather(store, cache, row, metric, "complete", UNSEEN))
    expected = results_json(row.name, metric, results(store.trials(row.id, metric), metric), cache)
    store.close()
    shown = json.loads(json_inside(found), parse_constant=pytest.fail)
    assert (shown["search"], shown["metric"]) == (expected["search"], expected["metric"])
    assert len(shown["trials"]) == len(expected["trials"]) == len(trials)
    for ours, theirs in zip(shown["trials"], expected["trials"], strict=True):
        held = {
            name: value
            for name, value, words in zip(
                shown["names"], ours["values"], ours["words"], strict=True
            )
            if words is not None
        }
        assert held == _standard(theirs["values"])
        for name in ("rank", "trial", "score", "std", "n", "state"):
            assert ours[name] == theirs[name]
        assert [run["score"] for run in ours["runs"]] == [f["score"] for f in theirs["folds"]]


@settings(max_examples=40, deadline=None)
@given(st.recursive(st.one_of(st.text(), st.none(), st.booleans(), st.integers()), st.lists))
def test_json_inside_a_script_cannot_end_it(written):
    text = json_inside(written)
    assert json.loads(text) == written
    assert not set("<>&") & set(text)
    assert text.isascii()


def test_every_file_of_the_page_is_in_it():
    folder = Path(assembling.__file__).parent / "assets"
    text = page({"search": "train-1"})
    names = {path.name for path in folder.iterdir()}
    assert {"page.html", "page.css", "start.js"} < names
    for name in names:
        assert (folder / name).read_text(encoding="utf-8") in text, name


def test_a_page_loads_nothing(tmp_path):
    metric = Metric("loss", Reduce.LAST, Direction.LOW)
    trials = [({"lr": "</script><script src=https://example.org>"}, [(1.0, Outcome.COMPLETED)])]
    store, cache, row = _search(tmp_path, trials, 1, metric)
    text = page(document(gather(store, cache, row, metric, "complete", UNSEEN)))
    store.close()
    assert "example.org>" not in text
    assert text.count("</script>") == 2
    assert "default-src &#x27;none&#x27;" in text
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "url("):
        assert word not in text


@given(st.lists(VALUES, min_size=1, max_size=30))
def test_every_value_has_a_place_and_greater_numbers_lie_higher(values):
    axis = axis_of("x", values)
    places = [axis.place(value) for value in values]
    assert all(place is not None and 0 <= place <= 1 for place in places)
    numbers = sorted(
        (value, place)
        for value, place in zip(values, places, strict=True)
        if isinstance(value, float) and math.isfinite(value)
    )
    assert [place for _, place in numbers] == sorted(place for _, place in numbers)
    assert axis.place("a value that nobody had") is None


@given(st.lists(st.floats(), max_size=40), st.sampled_from(Direction))
def test_every_finite_score_has_a_place_and_the_best_lies_at_the_end(scores, direction):
    axis = score_axis("loss", scores, direction)
    finite = [score for score in scores if math.isfinite(score)]
    assert all(0 <= axis.place(score) <= 1 for score in finite)
    assert all(axis.place(score) is None for score in scores if not math.isfinite(score))
    assume(len(set(finite)) > 1)
    best = min(finite) if direction is Direction.LOW else max(finite)
    assert axis.place(best) == (0.0 if direction is Direction.LOW else 1.0)


def test_a_few_numbers_with_a_word_are_a_list_and_many_have_the_word_below_them():
    few = axis_of("decay", [None, 0.1, 0.001])
    assert few.words == ("0.001", "0.1", "None")
    many = axis_of("decay", [None, *(n / 100 for n in range(50))])
    assert many.words == ("None",)
    assert many.place(None) < many.place(0.0) < many.place(0.49) == 1


def test_one_far_score_does_not_press_the_others_together():
    scores = [0.1 + n / 1000 for n in range(100)] + [1e30]
    axis = score_axis("loss", scores, Direction.LOW)
    assert axis.cut
    assert axis.place(1e30) == 1
    assert axis.place(0.15) > 0.3


@pytest.mark.parametrize(
    ("values", "log"),
    [([1e-5, 1e-4, 1e-3, 1e-2], True), ([16, 64, 256, 1024], True), ([1, 2, 3, 4], False),
     ([n / 1000 for n in range(1, 1001)], False), ([0, 0.01, 1], False)],
)  # fmt: skip
def test_numbers_that_lie_evenly_by_logarithm_are_drawn_so(values, log):
    assert axis_of("x", values).log is log


@given(st.lists(st.floats(), max_size=300), st.integers(4, 60))
def test_a_thinned_curve_keeps_its_ends_and_its_peaks(values, most):
    kept = thinned(values, most)
    assert len(kept) <= max(most, 4)
    assert kept == sorted(set(kept))
    if not values:
        assert kept == []
        return
    assert {0, len(values) - 1} <= set(kept)
    finite = [value for value in values if math.isfinite(value)]
    if finite:
        held = [values[at] for at in kept if math.isfinite(values[at])]
        assert (min(held), max(held)) == (min(finite), max(finite))


def test_what_decides_the_scores_is_most_important():
    rows = [[(n % 10) / 9, (n * 7 % 13) / 12, (0.25, 0.75)[n % 2]] for n in range(60)]
    rows[3][1] = None
    scores = [row[0] ** 2 + 0.01 * row[2] for row in rows]
    found = importances(["lr", "units", "__proto__"], rows, scores, {"__proto__": [0.25, 0.75]})
    assert next(iter(found)) == "lr"
    assert found["lr"] > 0.8
    assert math.isclose(sum(found.values()), 1)
    assert found == importances(
        ["lr", "units", "__proto__"], rows, scores, {"__proto__": [0.25, 0.75]}
    )


@pytest.mark.parametrize("scores", [[], [1.0], [0.5] * 20])
def test_where_nothing_differs_nothing_is_important(scores):
    assert importances(["lr"], [[n / 20] for n in range(len(scores))], scores, {}) == {}
