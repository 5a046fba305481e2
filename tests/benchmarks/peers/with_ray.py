"""Ray Tune: the script's function in two actors that are used again; an experiment is restored.

python with_ray.py SCRIPT COUNT
"""

import importlib
import os
import sys
from pathlib import Path

import ray
from ray import tune

script, count, here = Path(sys.argv[1]).stem, int(sys.argv[2]), str(Path.cwd())


def objective(config):
    sys.path.insert(0, here)
    extra = ["logs"] if script == "keras_digits" else []
    tune.report({"loss": importlib.import_module(script).train(config["lr"], *extra)})


os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
if tune.Tuner.can_restore(f"{here}/ray/search"):
    tuner = tune.Tuner.restore(f"{here}/ray/search", trainable=objective, resume_errored=True)
else:
    tuner = tune.Tuner(
        objective,
        param_space={"lr": tune.loguniform(1e-5, 0.1)},
        tune_config=tune.TuneConfig(
            num_samples=count,
            max_concurrent_trials=2,
            metric="loss",
            mode="min",
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(name="search", storage_path=f"{here}/ray", verbose=0),
    )
print(tuner.fit().get_best_result(metric="loss", mode="min").config)
