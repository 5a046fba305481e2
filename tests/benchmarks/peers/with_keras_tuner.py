"""keras-tuner: the script's function in one process, one trial after another.

python with_keras_tuner.py SCRIPT COUNT
"""

import importlib
import sys
from pathlib import Path

import keras_tuner

script, count = Path(sys.argv[1]).stem, int(sys.argv[2])
sys.path.insert(0, str(Path.cwd()))
train = importlib.import_module(script).train


class Tuner(keras_tuner.RandomSearch):
    def run_trial(self, trial, *args, **kwargs):
        lr = trial.hyperparameters.Float("lr", 1e-5, 0.1, sampling="log")
        extra = [f"logs/{trial.trial_id}"] if script == "keras_digits" else []
        return train(lr, *extra)


tuner = Tuner(max_trials=count, directory="tuner", project_name="search", seed=1)
tuner.search()
print(tuner.oracle.get_best_trials(1)[0].hyperparameters.values)
