"""What one of the 1,000 trainings of digits_mlp.py gave, looked up in their table."""

import csv
from pathlib import Path

lr = 0.001
units = 32
activation = "relu"
solver = "adam"
momentum = 0.9

TABLE = Path(__file__).with_name("digits_table.csv")


def losses():
    """The loss by the settings as they are written; of adam there is no momentum."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    return {tuple(settings): float(loss) for *settings, loss in rows}


def key(lr, units, activation, solver, momentum=None):
    return f"{lr:g}", str(units), activation, solver, f"{momentum:g}" if solver == "sgd" else ""


if __name__ == "__main__":
    print("loss:", losses()[key(lr, units, activation, solver, momentum)])
