"""A TensorBoard that `hprun tensorboard` started, asked through its HTTP interface."""

import contextlib
import json
import subprocess
import time
import urllib.error
import urllib.request

EVERY_STATUS = ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"]


class Board:
    """A TensorBoard that `hprun tensorboard` started."""

    def __init__(self, project, *args):
        self.process = project.start("tensorboard", *args, stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        assert line.startswith("TensorBoard: http://127.0.0.1:"), line + self.process.stderr.read()
        self.address = line.split()[1]
        assert any("Press CTRL+C" in line for line in self.process.stderr)

    def ask(self, path, **body):
        url = f"{self.address}data/{path}"
        data = json.dumps(body).encode() if body else None
        asked = urllib.request.Request(url, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(asked, timeout=30) as page:
            return json.load(page)

    def groups(self):
        found = self.ask("plugin/hparams/session_groups", experimentName="", startIndex=0,
                         sliceSize=5000, allowedStatuses=EVERY_STATUS, colParams=[])  # fmt: skip
        return {group["name"][5:]: group for group in found.get("sessionGroups", [])}

    def groups_once(self, holds, patience_s=60.0):
        """The rows of the tab once they are as they should be, or as they are after a while."""
        until = time.monotonic() + patience_s
        while True:
            with contextlib.suppress(urllib.error.HTTPError):  # before it has read anything
                groups = self.groups()
                if holds(groups) or time.monotonic() > until:
                    return groups
            time.sleep(0.1)
