"""Makes the table of 1,000 trainings that strategies are measured on: hprun runs all of them.

`python -m tests.benchmarks.digits_trainings` takes four minutes on two cores, and writes
workloads/digits_table.csv anew.
"""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.functions import digits

_WORKLOADS = Path(__file__).with_name("workloads")
_SCRIPT, _TABLE = "digits_mlp.py", "digits_table.csv"


def main() -> None:
    """Train, and write the losses in the order of the grid."""
    space = digits().space
    specs = [word for spec in space.specs for word in ("--hp", spec)]
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(_WORKLOADS / _SCRIPT, folder)
        hprun = [sys.executable, "-m", "hprun"]
        asked = [*hprun, "run", *specs, "--metric", "val_loss:min", _SCRIPT]
        subprocess.run(asked, cwd=folder, check=True)
        told = subprocess.run([*hprun, "results", "--json"], cwd=folder, check=True,
                              capture_output=True, text=True).stdout  # fmt: skip
    trials = sorted(json.loads(told)["trials"], key=lambda trial: trial["trial"])
    names = [axis.name for axis in space.axes]
    with (_WORKLOADS / _TABLE).open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow([*names, "val_loss"])
        for trial in trials:
            settings = [_written(trial["values"].get(name, "")) for name in names]
            table.writerow([*settings, f"{trial['score']:.5f}"])


def _written(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
