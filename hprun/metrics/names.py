"""From `--metric NAME[:min|:max|:last]` to a metric, and which way a name is better."""

from __future__ import annotations

import re

from hprun.errors import MetricError
from hprun.metrics.words import SPLITS, parts, pieces
from hprun.model import Direction, Metric, Reduce

_LOWER_IS_BETTER = """
    loss losses error errors err mse mae rmse msle rmsle mape smape wape mase medae
    perplexity ppl bpc bpb bpd nll logloss entropy crossentropy xent bce cost regret
    wer cer mer ter eer fid kid lpips lpip brier ece mce kl kld kldiv divergence distance
    hinge huber deviance crps hamming fpr fnr latency runtime duration penalty misclassification
"""
_HIGHER_IS_BETTER = """
    acc accuracy auc auroc auprc aucpr ap map f1 f2 fbeta score scores
    fitness reward rewards return returns r2 iou miou jaccard dice dsc bleu sacrebleu rouge
    rougel rougelsum meteor chrf cider precision recall sensitivity specificity tpr tnr
    kappa mcc ndcg mrr hits hit likelihood loglikelihood elbo psnr ssim similarity correlation
    corr pearson spearman success successes win wins winrate throughput silhouette
"""
_LOW = frozenset(_LOWER_IS_BETTER.split())
_HIGH = frozenset(_HIGHER_IS_BETTER.split())
_NEGATED = frozenset({"neg", "negative", "negated", "minus"})

_REDUCERS = {"min": Reduce.MIN, "max": Reduce.MAX, "last": Reduce.LAST, "final": Reduce.LAST}
_NO_REDUCERS = frozenset({"mean", "avg", "average", "median", "sum", "first", "best", "std"})
_ASK = "say which way is better: write NAME:min or NAME:max, or add --direction min or max"


def parse_metric(text: str, direction: str | None = None) -> Metric:
    """Read a `--metric` as written and `direction` ("min" or "max", from `--direction`).

    Raises MetricError for an empty name, an unknown suffix, and a name that does not say which
    way is better where nothing else does.
    """
    name, reduce = _take_suffix(text.strip())
    if not name or name.endswith("//"):
        raise MetricError(
            f"the metric {text!r} has no name", hint="write --metric NAME[:min|:max|:last]"
        )
    if direction is not None:
        return Metric(name, reduce, _read_direction(direction))
    if reduce is not Reduce.LAST:
        return Metric(name, reduce, Direction(reduce.value))
    low, high = _says(name)
    if low == high:
        what = "both that lower and that higher" if low else "neither that lower nor that higher"
        raise MetricError(f"the name of the metric {name!r} says {what} is better", hint=_ASK)
    return Metric(name, reduce, Direction.LOW if low else Direction.HIGH)


def direction_is_explicit(text: str, direction: str | None = None) -> bool:
    """Tell whether the user said which way is better, so that no name had to be asked."""
    return direction is not None or _take_suffix(text.strip())[1] is not Reduce.LAST


def _take_suffix(text: str) -> tuple[str, Reduce]:
    """Take `:min`, `:max` or `:last` off; other colons belong to the name."""
    name, colon, suffix = text.rpartition(":")
    if not colon:
        return text, Reduce.LAST
    word = suffix.strip().lower()
    if word in _REDUCERS:
        return name.strip(), _REDUCERS[word]
    if not word or word in _NO_REDUCERS or _looks_like_a_reducer(word):
        raise MetricError(
            f"the metric {text!r} ends in :{suffix}, which is no way to reduce a curve",
            hint="use :min, :max or :last, or none (the last value)",
        )
    return text, Reduce.LAST


def _looks_like_a_reducer(word: str) -> bool:
    from difflib import get_close_matches

    near = word.startswith(("min", "max")) or get_close_matches(word, _REDUCERS, cutoff=0.66)
    return word.isalpha() and bool(near)


def _read_direction(direction: str) -> Direction:
    try:
        return Direction(direction)
    except ValueError:
        raise MetricError(
            f"--direction {direction!r} is neither min nor max",
            hint="min: lower is better; max: higher is better",
        ) from None


def _says(name: str) -> tuple[bool, bool]:
    """Tell whether a name says "lower is better" and whether it says "higher"."""
    run, _, tag = name.rpartition("//")
    low, high = _says_in(tag)
    # A run's folder is asked only where the tag says nothing: `loss_val//value`.
    return _says_in(run) if run and not (low or high) else (low, high)


def _says_in(name: str) -> tuple[bool, bool]:
    found = {_bare(word) for piece in pieces(name) for word in _joins(parts(piece))}
    low, high = bool(found & _LOW), bool(found & _HIGH)
    return (high, low) if found & _NEGATED else (low, high)


def _joins(found: list[str]) -> list[str]:
    """All runs of neighbouring words, for `mIoU` is no word m, no io and no u."""
    count = len(found)
    return ["".join(found[a:b]) for a in range(count) for b in range(a + 1, count + 1)]


_SPLIT_PREFIX = re.compile(rf"({'|'.join(sorted(SPLITS, key=len, reverse=True))})(?=.)")


def _bare(word: str) -> str:
    """Take off what a word carries: `rouge1` is rouge, `valloss` is loss."""
    if word in _LOW or word in _HIGH:
        return word
    word = _SPLIT_PREFIX.sub("", word, count=1) if _SPLIT_PREFIX.match(word) else word
    return word if word in _LOW or word in _HIGH else word.rstrip("0123456789")
