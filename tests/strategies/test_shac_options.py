"""SHAC's options: what a user may write, and what is refused with a sentence."""

import pytest

from hprun.errors import ConfigError
from hprun.strategies.shac.options import ShacOptions, batch_for, shac_options


def test_nothing_written_is_the_default():
    assert shac_options({}, None) == ShacOptions()


def test_texts_and_values_are_read_alike():
    texts = {"faithful": "yes", "num_batches": "20", "relax_checks": "false"}
    values = {"faithful": True, "num_batches": 20, "relax_checks": False}
    assert shac_options(texts, 200) == shac_options(values, 200)
    assert shac_options(texts, 200).total_budget == 200


def test_batches_of_ten_are_the_default_of_the_faithful_mode():
    assert shac_options({"faithful": True}, 200).num_batches == 20


@pytest.mark.parametrize(
    ("written", "trials", "part"),
    [
        ({"num_batch": 3}, 200, "no option 'num_batch'"),
        ({"faithful": "perhaps"}, 200, "true or false"),
        ({"batch": "0"}, 200, "whole number"),
        ({"batch": "2.5"}, 200, "whole number"),
        ({"max_classifiers": True}, 200, "whole number"),
        ({"early_stop": True}, 200, "only with faithful"),
        ({"num_batches": 4}, 200, "only with faithful"),
        ({"faithful": True, "batch": 5}, 200, "no effect"),
        ({"faithful": True}, None, "budget"),
        ({"faithful": True, "num_batches": 7}, 200, "equal batches"),
        ({"faithful": True, "num_batches": 50}, 200, "cross-validation"),
    ],
)
def test_what_cannot_take_effect_is_refused(written, trials, part):
    with pytest.raises(ConfigError, match=part) as caught:
        shac_options(written, trials)
    assert caught.value.hint


@pytest.mark.parametrize(("trials", "batch"), [(1000, 10), (100, 10), (50, 5), (30, 4), (8, 4)])
def test_few_trials_have_small_batches(trials, batch):
    assert batch_for(trials, ShacOptions()) == batch
    assert batch_for(trials, ShacOptions(batch=7)) == 7
