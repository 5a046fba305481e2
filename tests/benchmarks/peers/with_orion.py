"""Orion: its command with two workers; the script writes the file of results itself.

Importing orion.client in each trial, as Orion documents it, takes far longer than this.

    python with_orion.py SCRIPT COUNT
"""

import os
import sys
from pathlib import Path

script, count = sys.argv[1], sys.argv[2]
given = 'import sys; lr = float(sys.argv[-1].rpartition("=")[2])'
code = Path(script).read_text("utf-8").replace("lr = 0.01", given, 1)
code = code.replace('logs = "logs"', 'logs = f"logs/{lr}"', 1)
code += """
    import json

    with open(os.environ["ORION_RESULTS_PATH"], "w") as results:
        json.dump([{"name": "loss", "type": "objective", "value": value}], results)
"""
Path("with_argument.py").write_text(code, "utf-8")
storage = {"ORION_DB_TYPE": "pickleddb", "ORION_DB_ADDRESS": str(Path("orion.pkl").absolute())}
command = [
    *(str(Path(sys.executable).with_name("orion")), "hunt", "-n", "search", "--n-workers", "2"),
    *("--exp-max-trials", count, os.environ["TRIAL_PYTHON"], "with_argument.py"),
    "--lr~loguniform(1e-5, 0.1)",
]
os.execve(command[0], command, os.environ | storage)
