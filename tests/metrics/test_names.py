from __future__ import annotations

import pytest

from hprun.errors import MetricError
from hprun.metrics import direction_is_explicit, parse_metric
from hprun.model import Direction, Metric, Reduce


@pytest.mark.parametrize(
    ("text", "metric"),
    [
        ("val_loss:min", Metric("val_loss", Reduce.MIN, Direction.LOW)),
        ("foo:max", Metric("foo", Reduce.MAX, Direction.HIGH)),
        ("loss:MAX", Metric("loss", Reduce.MAX, Direction.HIGH)),
        ("loss:last", Metric("loss", Reduce.LAST, Direction.LOW)),
        ("acc:final", Metric("acc", Reduce.LAST, Direction.HIGH)),
        ("acc", Metric("acc", Reduce.LAST, Direction.HIGH)),
        (" acc ", Metric("acc", Reduce.LAST, Direction.HIGH)),
        ("loss:0", Metric("loss:0", Reduce.LAST, Direction.LOW)),
        ("a:b:max", Metric("a:b", Reduce.MAX, Direction.HIGH)),
        ("validation//epoch_loss", Metric("validation//epoch_loss", Reduce.LAST, Direction.LOW)),
        (".//x:min", Metric(".//x", Reduce.MIN, Direction.LOW)),
        ("C:/logs//loss:min", Metric("C:/logs//loss", Reduce.MIN, Direction.LOW)),
    ],
)
def test_a_metric_is_a_name_and_a_suffix(text, metric):
    assert parse_metric(text) == metric


LOW = """loss val_loss eval/loss train-loss valLoss Loss/val error err test_err mse MSE mae RMSE
    root_mean_squared_error mean_squared_logarithmic_error perplexity ppl categorical_crossentropy
    log_loss word_error_rate wer kl_divergence fid loss_epoch loss_val//value neg_log_likelihood
    negative_accuracy valloss error_rate val_loss/dataloader_idx_0 run_acc//loss epoch_loss"""
HIGH = """acc val_acc eval/acc accuracy sparse_categorical_accuracy top5Acc auc AUC roc_auc f1 F1
    f1_score F1Score macro-f1 score reward episode_return r2 r2_score iou IoU meanIoU mIoU mAP
    mAP@50 bleu rougeL rouge1 precision recall@10 dice ndcg10 fitness neg_mean_squared_error
    neg_loss val.acc psnr log_likelihood testacc run_loss//acc Dice/val cosine_similarity"""


@pytest.mark.parametrize("name", LOW.split())
def test_names_that_say_low(name):
    assert parse_metric(name).direction is Direction.LOW


@pytest.mark.parametrize("name", HIGH.split())
def test_names_that_say_high(name):
    assert parse_metric(name).direction is Direction.HIGH


@pytest.mark.parametrize(
    "name", ["lr", "foo", "performance", "permutation", "val", "closs", "x//y"]
)
def test_a_name_that_says_neither_asks(name):
    with pytest.raises(MetricError, match="neither that lower nor that higher") as caught:
        parse_metric(name)
    assert "--direction" in caught.value.hint


@pytest.mark.parametrize("name", ["dice_loss", "acc_error", "loss//f1_loss"])
def test_a_name_that_says_both_asks(name):
    with pytest.raises(MetricError, match="both that lower and that higher") as caught:
        parse_metric(name)
    assert "--direction" in caught.value.hint
    assert parse_metric(name, "min").direction is Direction.LOW
    assert parse_metric(f"{name}:min").direction is Direction.LOW


@pytest.mark.parametrize(
    "text", ["", " ", ":min", "run//", "loss:", "loss:mn", "loss:maximum", "loss:mean", "loss:best"]
)
def test_what_cannot_be_meant_is_an_error(text):
    with pytest.raises(MetricError) as caught:
        parse_metric(text)
    assert caught.value.hint


def test_a_given_direction_wins():
    assert parse_metric("foo", "max") == Metric("foo", Reduce.LAST, Direction.HIGH)
    assert parse_metric("loss", "max") == Metric("loss", Reduce.LAST, Direction.HIGH)
    assert parse_metric("reward:min", "max") == Metric("reward", Reduce.MIN, Direction.HIGH)
    with pytest.raises(MetricError, match="neither min nor max"):
        parse_metric("loss", "down")


@pytest.mark.parametrize(
    ("text", "direction", "explicit"),
    [
        ("loss", None, False),
        ("loss:last", None, False),
        ("loss:min", None, True),
        ("x", "max", True),
    ],
)
def test_it_is_known_who_chose_the_direction(text, direction, explicit):
    assert direction_is_explicit(text, direction) is explicit
