"""GPUs that do not exist: hprun finds them, what runs import is as ever."""

import json
import os
import sys
from pathlib import Path

import pytest

FAKE = Path(__file__).parent / "fake"


_MAIN = f"""\
import sys
sys.path.insert(0, {str(FAKE)!r})
from hprun.cli.main import main
sys.argv[0] = "hprun"
sys.exit(main())
"""


@pytest.fixture
def machine(tmp_path, project):
    """Give the environment of a machine with these devices (and variables)."""
    project.command = lambda *args: [sys.executable, "-c", _MAIN, *args]

    def make(*devices, **variables: str) -> dict[str, str]:
        file = tmp_path / "nvml.json"
        file.write_text(json.dumps({"devices": devices}), encoding="utf-8")
        env = {name: value for name, value in os.environ.items() if name not in _NOT_OURS}
        return {**env, "FAKE_NVML": str(file), **variables}

    return make


_NOT_OURS = ("CUDA_VISIBLE_DEVICES", "VIRTUAL_ENV", "CONDA_PREFIX")
