"""Ten settings such as a training has, and a loss that they might give it; see functions.py."""

import math

lr = 0.01
decay = 1e-4
dropout = 0.2
units = 128
batch = 32
layers = 3
optimizer = "sgd"
momentum = 0.9
activation = "relu"
schedule = "flat"

RATES = {"sgd": -1.4, "adam": -3.1, "rmsprop": -3.5}
DEPTHS = {"relu": 4.165, "tanh": 2.2, "elu": 5.8, "sigmoid": 1.4}
OPTIMIZERS = {"sgd": 0.0, "adam": 0.12, "rmsprop": 0.18}
ACTIVATIONS = {"relu": 0.0, "elu": 0.06, "tanh": 0.15, "sigmoid": 0.4}
SCHEDULES = {"cosine": 0.0, "steps": 0.08, "flat": 0.16}


def loss(
    *, lr, decay, dropout, units, batch, layers, optimizer, activation, schedule, momentum=0.9,
    deceptive=True,
):  # fmt: skip
    rate = RATES[optimizer] + 0.45 * math.log2(batch / 48)
    total = 0.26 * (math.log10(lr) - rate) ** 2
    total += 0.06 * (math.log10(decay) + 4.2 + dropout) ** 2
    total += 1.4 * (dropout - 0.22) ** 2
    total += 0.05 * math.log2(units / 150) ** 2 + 0.04 * math.log2(batch / 48) ** 2
    total += 0.04 * (layers - DEPTHS[activation]) ** 2
    if optimizer == "sgd":
        total += 2.0 * (momentum - 0.88) ** 2
    if deceptive and (optimizer == "sgd") != (activation == "relu"):
        total += 0.15
    if optimizer == "sgd" and schedule == "flat":
        total += 0.1
    return total + OPTIMIZERS[optimizer] + ACTIVATIONS[activation] + SCHEDULES[schedule]


if __name__ == "__main__":
    settings = {
        "lr": lr, "decay": decay, "dropout": dropout, "units": units, "batch": batch,
        "layers": layers, "optimizer": optimizer, "momentum": momentum, "activation": activation,
        "schedule": schedule,
    }  # fmt: skip
    print("loss:", loss(**settings))
