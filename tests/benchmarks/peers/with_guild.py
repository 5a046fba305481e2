"""Guild AI: its command on the unchanged script, as a batch or staged for two queues.

python with_guild.py SCRIPT COUNT batch|queues
"""

import os
import subprocess
import sys
from pathlib import Path

script, count, mode = sys.argv[1:]
guild = str(Path(sys.executable).with_name("guild"))
home = Path("../guild").absolute()
home.mkdir(exist_ok=True)
# SKIP_NOTF: else its plug-ins keep TensorBoard's callback of today's Keras from finding TensorFlow.
environment = os.environ | {"GUILD_HOME": str(home), "SKIP_NOTF": "1"}
values = f"lr=logspace[-5:-1:{count}]"
batch = [guild, "run", "-y", script, values, "--max-trials", count]
if mode == "batch":
    os.execve(guild, batch, environment)
subprocess.run([*batch, "--stage-trials"], env=environment, check=True)
queue = [guild, "run", "-y", "queue", "run-once=yes"]
queues = [subprocess.Popen(queue, env=environment) for _ in range(2)]
sys.exit(max(queue.wait() for queue in queues))
