"""Optuna: the objective runs the script in a process, a finished study is topped up to COUNT.

python with_optuna.py SCRIPT COUNT
"""

import os
import subprocess
import sys
from pathlib import Path

import optuna

script, count = sys.argv[1], int(sys.argv[2])
code = (
    Path(script).read_text("utf-8").replace("lr = 0.01", "import sys; lr = float(sys.argv[1])", 1)
)
code = code.replace('logs = "logs"', 'logs = f"logs/{lr}"', 1)
Path("with_argument.py").write_text(code, "utf-8")


def objective(trial):
    lr = trial.suggest_float("lr", 1e-5, 0.1, log=True)
    command = [os.environ["TRIAL_PYTHON"], "with_argument.py", repr(lr)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(said.rpartition("loss:")[2])


optuna.logging.set_verbosity(optuna.logging.WARNING)
backend = optuna.storages.journal.JournalFileBackend("study.log")
study = optuna.create_study(
    storage=optuna.storages.JournalStorage(backend), study_name="study", load_if_exists=True
)
done = len(study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.COMPLETE]))
if done < count:
    study.optimize(objective, n_trials=count - done, n_jobs=2)
print(study.best_params, study.best_value)
