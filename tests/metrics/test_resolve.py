from __future__ import annotations

import pytest

from hprun.metrics.resolve import Series, could_mean, resolve

KERAS = ["train//epoch_loss", "train//batch_loss", "validation//epoch_loss"]
KERAS += ["train//epoch_learning_rate", "validation//evaluation_loss_vs_iterations"]
LIGHTNING = [f"lightning_logs/version_0//{tag}" for tag in ("loss_step", "loss_epoch", "val_loss")]
LOADERS = [f"version_0//val_loss/dataloader_idx_{k}" for k in (0, 1)]
TRAINER = [f"runs/Jan01_host//{t}" for t in ("train/loss", "eval/loss", "train/train_loss")]
TF1 = [".//epoch_loss", ".//epoch_val_loss", ".//batch_loss"]
TORCH = [".//val_loss", "loss_val//loss", "loss_train//loss", ".//Loss/val"]


def series(*names: str) -> list[Series]:
    return [Series("" if run == "." else run, tag) for run, tag in (n.split("//") for n in names)]


@pytest.mark.parametrize(
    ("name", "there", "rule", "found"),
    [
        ("val_loss", KERAS, "keras", ["validation//epoch_loss"]),
        ("loss", KERAS, "keras", ["train//epoch_loss"]),
        ("train_loss", KERAS, "keras", ["train//epoch_loss"]),
        ("learning_rate", KERAS, "keras", ["train//epoch_learning_rate"]),
        ("valid_loss", KERAS, "synonym", ["validation//epoch_loss"]),
        ("epoch_loss", KERAS, "exact tag", ["train//epoch_loss", "validation//epoch_loss"]),
        ("val_loss", KERAS[4:], "keras", [KERAS[4]]),
        ("loss", KERAS[1:3], "keras", ["train//batch_loss"]),
        ("val_loss", TF1, "keras", [".//epoch_val_loss"]),
        ("loss", TF1, "keras", [".//epoch_loss"]),
        ("loss", TF1[2:], "keras", [".//batch_loss"]),
        ("val_loss", ["a/validation//epoch_loss"], "keras", ["a/validation//epoch_loss"]),
        (
            "val_loss",
            ["1/validation//epoch_loss", "2/validation//epoch_loss"],
            "keras",
            ["1/validation//epoch_loss", "2/validation//epoch_loss"],
        ),
        ("loss", LIGHTNING, "epoch", ["lightning_logs/version_0//loss_epoch"]),
        ("val_loss", LIGHTNING, "exact tag", ["lightning_logs/version_0//val_loss"]),
        ("val_loss", LOADERS, "data loader", LOADERS),
        ("val_loss/dataloader_idx_1", LOADERS, "exact tag", LOADERS[1:]),
        ("val_loss", TRAINER, "synonym", ["runs/Jan01_host//eval/loss"]),
        ("eval_loss", TRAINER, "synonym", ["runs/Jan01_host//eval/loss"]),
        (
            "train_loss",
            TRAINER,
            "synonym",
            ["runs/Jan01_host//train/loss", "runs/Jan01_host//train/train_loss"],
        ),
        ("val_loss", TORCH, "exact tag", [".//val_loss"]),
        ("val_loss", TORCH[1:2], "synonym", ["loss_val//loss"]),
        ("val_loss", TORCH[3:], "synonym", [".//Loss/val"]),
        ("valid_accuracy", [".//val/acc_epoch"], "synonym", [".//val/acc_epoch"]),
        ("valAcc", [".//val_accuracy"], "synonym", [".//val_accuracy"]),
        ("loss", [".//model/loss"], "scope", [".//model/loss"]),
        ("loss", [".//Loss"], "synonym", [".//Loss"]),
        ("loss_train/loss", TORCH, "run/tag", ["loss_train//loss"]),
        ("validation/epoch_loss", ["x/validation//epoch_loss"], "run/tag", None),
        (".//val_loss", TORCH, "as written", [".//val_loss"]),
        ("//val_loss", TORCH, "as written", [".//val_loss"]),
        ("validation//epoch_loss", ["x/validation//epoch_loss"], "as written", None),
        ("./x//a", ["x//a", "y/x//a"], "as written", ["x//a"]),
        ("x//a", ["z/x//a", "y/x//a"], "as written", ["y/x//a", "z/x//a"]),
        ("a", ["r//a", ".//b/a"], "exact tag", ["r//a"]),
    ],
)
def test_names_mean_the_series_of_the_first_rule_that_yields_any(name, there, rule, found):
    wanted = there if found is None else found
    for given in (series(*there), series(*reversed(there))):
        assert resolve(name, given) == (rule, sorted(series(*wanted)))


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("loss", [".//eval/loss", ".//train/loss"]),
        ("loss", ["val//Loss"]),
        ("val_loss", [".//eval/a_loss", ".//eval/b_loss"]),
        ("val_loss", [".//val_loss_step", ".//batch_val_loss", "train//epoch_loss"]),
        ("val_loss", [".//test_loss", ".//loss"]),
        ("validation//loss", [".//validation/loss", "evalidation//loss"]),
        ("dation/epoch_loss", ["validation//epoch_loss"]),
        ("oss", [".//loss", "r//loss"]),
        ("epoch", [".//", ".//_"]),
        ("val_loss", []),
    ],
)
def test_names_do_not_mean_what_only_looks_like_it(name, there):
    assert resolve(name, series(*there)) is None


def test_a_tag_with_two_slashes_in_a_row_can_be_written():
    odd = Series("r", "a//b")
    assert resolve("r//a//b", [odd]) == ("as written", [odd])


def test_what_a_name_resolves_to_could_be_meant():
    there = series(*KERAS, *LIGHTNING, *LOADERS, *TRAINER, *TF1, *TORCH)
    for name in ("val_loss", "loss", "train_loss", "x//val_loss", "loss_train/loss"):
        may = could_mean(name)
        found = resolve(name, there)
        assert found is None or all(may(one) for one in found[1])
    assert not could_mean("val_loss")(Series("train", "epoch_accuracy"))
