"""Fixtures: a template from source text, and running a rendered script."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hprun.script import Request, make_template, parse_sub


def as_bytes(content):
    return content if isinstance(content, bytes) else content.encode()


@pytest.fixture
def template():
    """Make a Template: template(source, "lr", files={…}, subs=[…], …); the script is train.py."""

    def make(source, *names, files=None, subs=(), script="train.py", **asked):
        workspace = {script: source, **(files or {})}
        read = {path: as_bytes(content) for path, content in workspace.items()}.get
        request = Request(script, names, subs=tuple(map(parse_sub, subs)), **asked)
        return make_template(request, read)

    return make


@pytest.fixture
def render(template):
    """Render and check a script for one choice of values; the text of the script comes back."""

    def make(source, values, **asked):
        made = template(source, *values, **asked)
        made.check({name: [value] for name, value in values.items()})
        return made.render(values).files["train.py"].decode()

    return make


@pytest.fixture
def run(tmp_path):
    """Run a rendering in a folder of its own; what it prints comes back."""

    def start(rendering, files=None):
        for path, content in {**(files or {}), **rendering.files}.items():
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(as_bytes(content))
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "train.py", *rendering.argv],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return start


@pytest.fixture
def prints(template, run):
    """Render, check and run a script for one choice of values; what it prints comes back."""

    def start(source, values, *, files=None, **asked):
        made = template(source, *values, files=files, **asked)
        made.check({name: [value] for name, value in values.items()})
        return run(made.render(values), files)

    return start
