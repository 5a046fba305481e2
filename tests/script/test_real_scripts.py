"""Scripts as people write them, rendered and run, with small stand-ins for the frameworks."""

from __future__ import annotations

import pytest

from hprun.errors import SiteError

TORCH = {
    "torch.py": "class Adam:\n    def __init__(self, params, lr=1, weight_decay=0):\n"
    "        print('adam', lr, weight_decay)\n"
}
KERAS = {
    "keras.py": "class Adam:\n    def __init__(self, learning_rate=1):\n"
    "        self.rate = learning_rate\n"
    "class Dense:\n    def __init__(self, units, activation=None):\n"
    "        self.shown = (units, activation)\n"
    "class Model:\n    def __init__(self, layers):\n        print([l.shown for l in layers])\n"
    "    def fit(self, optimizer, schedule, epochs):\n"
    "        for epoch in range(epochs):\n"
    "            optimizer.rate = schedule(epoch, optimizer.rate)\n"
    "        print(optimizer.rate)\n"
}


def test_globals_at_the_top(prints):
    source = """\
# Settings
BATCH_SIZE = 128
epochs = 3  # epochs to train
from keras import Adam, Dense, Model

learning_rate = 0.5
units, activation = 64, "relu"


def schedule(epoch, lr):
    if epoch < 1:
        return lr
    return lr * 0.5


model = Model([Dense(units, activation=activation), Dense(10)])
model.fit(
    optimizer=Adam(learning_rate=learning_rate),
    schedule=schedule,
    epochs=epochs,
)
print(f"{BATCH_SIZE=} {learning_rate:.2f}")
"""
    values = {"learning_rate": 0.25, "units": 32, "activation": "tanh", "epochs": 2}
    values["BATCH_SIZE"] = 16
    assert prints(source, values, files=KERAS) == (
        "[(32, 'tanh'), (10, None)]\n0.125\nBATCH_SIZE=16 0.25"
    )


def test_a_marked_call(prints):
    source = """\
from keras import Adam, Dense, Model
model = Model([
    Dense(64, activation="relu"),  # hp
])
model.fit(Adam(learning_rate=0.5), lambda epoch, rate: rate, epochs=3)  # hp
"""
    values = {"activation": "tanh", "learning_rate": 0.25}
    assert prints(source, values, files=KERAS) == "[(64, 'tanh')]\n0.25"


def test_main_with_argparse(prints):
    source = """\
from __future__ import print_function
import argparse
from torch import Adam


def train(args, model, epoch, lr=None):
    print(args.lr, args.gamma, args.dry_run)


def main():
    parser = argparse.ArgumentParser(description="lr --lr example")
    parser.add_argument("--lr", type=float, default=1.0, metavar="LR",
                        help="learning rate (default: 1.0)")
    parser.add_argument("--gamma", type=float, default=0.7, metavar="M")
    parser.add_argument("--dry-run", action="store_true", default=False)
    args = parser.parse_args()
    Adam([], lr=args.lr)
    config = {"lr": args.lr, "gamma": args.gamma}
    train(args, config, 1)


if __name__ == "__main__":
    main()
"""
    values = {"lr": 0.25, "gamma": 0.5, "dry_run": True}
    assert prints(source, values, files=TORCH) == "adam 0.25 0\n0.25 0.5 True"


def test_a_dataclass_of_settings(prints):
    source = """\
from dataclasses import dataclass, field
from torch import Adam


@dataclass
class OptimConfig:
    lr: float = 1e-3
    weight_decay: float = 0.0


@dataclass
class Config:
    optim: OptimConfig = field(default_factory=OptimConfig)
    layers: list = field(default_factory=lambda: [64, 64])
    seed: int = 0


def main(config: Config) -> None:
    lr = config.optim.lr
    Adam([], lr=lr, weight_decay=config.optim.weight_decay)
    print(config.layers)


if __name__ == "__main__":
    main(Config(seed=1))
"""
    values = {"OptimConfig.lr": 0.25, "weight_decay": 0.5, "Config.layers": (8,)}
    assert prints(source, values, files=TORCH) == "adam 0.25 0.5\n[8]"


def test_a_nested_dict_of_settings(prints):
    source = """\
config = {
    "model": {"units": 64, "dropout": 0.5},
    "optim": {
        "name": "sgd",  # or adam
        "lr": 1e-3,
    },
}


def build(units, dropout):
    print(units, dropout)


build(**config["model"])
print(config["optim"]["name"], config["optim"]["lr"])
"""
    values = {"units": 8, "config.model.dropout": 0, "optim.lr": 0.25, "name": "adam"}
    assert prints(source, values) == "8 0\nadam 0.25"


def test_globals_read_by_name(prints):
    source = """\
learning_rate = 6e-4
eval_only = False
config_keys = [k for k, v in globals().items() if not k.startswith("_")]
exec(open("configurator.py").read())
config = {k: globals()[k] for k in config_keys}
print(config)
"""
    files = {"configurator.py": "pass\n"}
    values = {"learning_rate": 0.25, "eval_only": True}
    printed = prints(source, values, files=files)
    assert printed == "{'learning_rate': 0.25, 'eval_only': True}"


def test_a_class_with_its_settings_as_defaults(prints):
    source = """\
class Trainer:
    momentum = 0.9

    def __init__(self, lr=0.1, units=(64, 64)):
        self.lr = lr
        self.units = units

    def fit(self, epochs=10):
        patience = 5
        print(self.lr, self.units, self.momentum, epochs, patience)


Trainer().fit(epochs=3)
"""
    values = {"lr": 0.25, "Trainer.units": (8, 4), "momentum": 0.5, "fit.patience": 2}
    assert prints(source, values) == "0.25 (8, 4) 0.5 3 2"


def test_a_notebook_export(prints):
    source = """\
#!/usr/bin/env python
# coding: utf-8

# # Training *lr*

# In[1]:


def get_ipython():
    from types import SimpleNamespace
    return SimpleNamespace(run_line_magic=print)


get_ipython().run_line_magic('matplotlib', 'inline')
lr = 0.1


# In[2]:


print(f'training with {lr}')
lr
"""
    assert prints(source, {"lr": 0.25}) == "matplotlib inline\ntraining with 0.25"


def test_settings_from_a_module_need_a_sub(template, prints):
    files = {"config.py": "LR = 0.1\nclass Model:\n    units = 64\n"}
    source = "from config import LR, Model\nprint(LR, Model.units)\n"
    with pytest.raises(SiteError, match="no place for units") as caught:
        template(source, "units", files=files)
    sub = r"config.py:^    units = (\S+)"
    assert sub in caught.value.hint
    assert prints(source, {"units": 8, "LR": 0.25}, files=files, subs=[sub]) == "0.25 8"


def test_a_loop_over_the_name_is_refused(template):
    source = "for lr in (0.1, 0.01):\n    print(lr)\n"
    with pytest.raises(SiteError, match="line 1 loops over lr"):
        template(source, "lr")
