"""Hydra: the script's function as a multirun, one by one (basic) or two at once (joblib).

python with_hydra.py SCRIPT COUNT basic|joblib
"""

import importlib
import os
import sys
from pathlib import Path

import hydra


@hydra.main(version_base=None, config_name=None)
def main(config):
    sys.path.insert(0, os.environ["HERE"])
    extra = [f"logs/{config.lr}"] if os.environ["SCRIPT"] == "keras_digits" else []
    return importlib.import_module(os.environ["SCRIPT"]).train(float(config.lr), *extra)


if __name__ == "__main__":
    script, count, launcher = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    os.environ |= {"SCRIPT": Path(script).stem, "HERE": str(Path.cwd())}
    values = ",".join(repr(1e-5 * 1e4 ** (n / max(1, count - 1))) for n in range(count))
    sys.argv[1:] = ["-m", f"+lr={values}", "hydra.sweep.dir=multirun"]
    if launcher == "joblib":
        sys.argv += ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    main()
