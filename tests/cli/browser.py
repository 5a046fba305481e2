"""A Chromium without a window, driven by a test."""

import base64
import json
import os
import signal
import subprocess
import sys
import time


class Browser:
    """A Chromium without a window, spoken to through its pipe in the DevTools protocol."""

    def __init__(self, profile):
        commands, self._to = os.pipe()
        self._from, answers = os.pipe()
        moved = f"import os, sys; os.dup2({commands}, 3); os.dup2({answers}, 4)"
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"{moved}; os.execvp('chromium', sys.argv[1:])",
             "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
             "--window-size=1400,900", f"--user-data-dir={profile}"],
            pass_fds=(commands, answers), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        os.close(commands)
        os.close(answers)
        self._number, self._session, self._heard = 0, None, b""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]

    def call(self, method, **params):
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self._heard:
                heard = os.read(self._from, 1 << 20)
                assert heard, "the browser is gone"
                self._heard += heard
            text, _, self._heard = self._heard.partition(b"\0")
            answer = json.loads(text)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]

    def evaluate(self, expression):
        """What a JavaScript expression comes to in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def once(self, expression, holds, patience_s=60.0):
        """What an expression comes to once it is as it should be, or after a while."""
        until = time.monotonic() + patience_s
        while True:
            found = self.evaluate(expression)
            if holds(found) or time.monotonic() > until:
                return found
            time.sleep(0.2)

    def text_once(self, holds, patience_s=60.0):
        """All text of the page once it is as it should be, or as it is after a while."""
        return self.once(ALL_TEXT, holds, patience_s)

    def resize(self, width, height, *, dark=False):
        """A window of so many pixels, for one who prefers dark pages or not; a small one: a phone's."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=width < 600)  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def picture(self, file, *, whole=False):
        """Keep what is to be seen, or the whole page, as a PNG."""
        taken = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(taken["data"]))

    def close(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self._to)
        os.close(self._from)


def nodes(then):
    """JavaScript that gives a function all nodes in their order, also those in others' shadows."""
    return f"""(() => {{
      const found = [];
      const walk = (node) => {{
        if (!node) return;  // nothing has been loaded yet
        found.push(node);
        if (['STYLE', 'SCRIPT', 'TEMPLATE'].includes(node.nodeName)) return;
        if (node.shadowRoot) walk(node.shadowRoot);
        node.childNodes.forEach(walk);
      }};
      walk(document.documentElement);
      return ({then})(found);
    }})()"""


ALL_TEXT = nodes("""(all) => all.filter((node) => node.nodeType === 3 && node.data.trim())
  .map((node) => node.data.trim()).join('\\n')""")
