"""Studio's `fs_tracker` for runs of hprun: the places that a script asks for are in its run's folder.

Python 3.8 and newer; nothing but the standard library, for this runs in the script's process.
"""

import os
from pathlib import Path

_FOLDER = "HPRUN_FOLDER"
_ARRAYS = ".hprun"


def get_artifact(tag):
    # type: (str) -> str | None
    """Give the path of an artifact; None for one that is not there.

    The name of an array parameter gives a file for `np.load`; `workspace`, `modeldir` and `tb` are
    folders.
    """
    return get_artifacts().get(tag)


def get_artifacts():
    # type: () -> dict[str, str]
    """Give the paths of all artifacts by tag."""
    own = {"workspace": _folder(), "modeldir": _folder() / "modeldir", "tb": _folder() / "tb"}
    arrays = {file.stem: file for file in (_folder() / _ARRAYS).glob("*.npy")}
    return {tag: str(path) for tag, path in {**own, **arrays}.items()}


def get_tensorboard_dir(experiment_name=None):
    # type: (str | None) -> str
    """Give the folder for TensorBoard's files, made if need be; hprun reads the metric there."""
    del experiment_name  # a run has one
    return _made("tb")


def get_model_directory(experiment_name=None):
    # type: (str | None) -> str
    """Give the folder for models, made if need be; it outlives an attempt that was cut off."""
    del experiment_name
    return _made("modeldir")


def get_experiment_key():
    # type: () -> str
    """Give what names this trial among all: its search and its number."""
    return "{}__{}".format(os.environ.get("HPRUN_SEARCH", ""), os.environ.get("HPRUN_TRIAL", ""))


def _folder():
    # type: () -> Path
    return Path(os.environ.get(_FOLDER) or Path.cwd())


def _made(name):
    # type: (str) -> str
    path = _folder() / name
    path.mkdir(parents=True, exist_ok=True)
    return str(path)
