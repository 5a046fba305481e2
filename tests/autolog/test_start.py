"""What a script sees of us: nothing, until it imports a framework, and no harm then."""

import ast
import json
from pathlib import Path

import pytest

import hprun.autolog

HERE = Path(hprun.autolog.__file__).parent
STATE = """\
import json, os, sys
state = {"path": sys.path, "modules": sorted(sys.modules), "environment": dict(os.environ)}
with open("result.json", "w") as file:
    json.dump(state, file)
"""
FAKE = """\
__version__ = "3.0"
class Model:
    def fit(self, epochs=1):
        return "fitted"
"""


@pytest.mark.parametrize("path", [None, "/one:/two", "/one"])
def test_a_script_without_keras_is_in_the_same_world(lab, path):
    lab.write(STATE)
    variables = {} if path is None else {"PYTHONPATH": path}
    assert lab.plain(**variables).returncode == 0
    plain = lab.result
    done = lab.attempt(**variables)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert lab.result == plain
    assert not lab.checkpoints.exists()
    assert not list(lab.root.glob("*.autolog"))


def test_the_persons_own_sitecustomize_runs(lab):
    (lab.root / "own").mkdir()
    (lab.root / "own" / "sitecustomize.py").write_text("import sys; sys.own = 'ran'\n")
    lab.write(STATE + "print(sys.own, sys.modules['sitecustomize'].__file__)\n")
    own = {"PYTHONPATH": str(lab.root / "own")}
    plain, done = lab.plain(**own), lab.attempt(**own)
    assert done.stdout == plain.stdout == f"ran {lab.root / 'own' / 'sitecustomize.py'}\n"


def test_an_error_in_the_persons_sitecustomize_is_told_as_ever(lab):
    (lab.root / "own").mkdir()
    (lab.root / "own" / "sitecustomize.py").write_text("raise RuntimeError('mine')\n")
    lab.write("print('on')\n")
    own = {"PYTHONPATH": str(lab.root / "own")}
    plain, done = lab.plain(**own), lab.attempt(**own)
    assert "RuntimeError: mine" in done.stderr
    assert (done.returncode, done.stdout) == (plain.returncode, plain.stdout) == (0, "on\n")


def test_without_settings_nothing_is_watched(lab):
    lab.write("import sys; print([type(f).__name__ for f in sys.meta_path])")
    watched = lab.attempt()
    bare = lab._start({"PYTHONPATH": str(HERE / "site")}, {})
    assert "_Watch" in watched.stdout
    assert bare.stdout == lab.plain().stdout


def test_a_fit_is_wrapped_once_keras_is_imported(lab):
    lab.write(FAKE, "keras.py")
    lab.write("import keras\nprint(keras.Model.fit.__wrapped__, keras.__loader__)\n")
    done = lab.attempt()
    assert "function Model.fit" in done.stdout
    assert "SourceFileLoader" in done.stdout
    assert [row["event"] for row in lab.events("start")] == ["start"]


def test_children_are_not_watched(lab):
    lab.write(FAKE, "keras.py")
    child = "import keras; print(hasattr(keras.Model.fit, '__wrapped__'))"
    lab.write(
        f"import os, subprocess, sys\n"
        f"print(subprocess.run([sys.executable, '-c', {child!r}], stdout=-1).stdout)\n"
        f"if os.fork() == 0:\n    {child}\n    sys.stdout.flush(); os._exit(0)\n"
        f"os.wait()\n{child}\n"
    )
    done = lab.attempt()
    assert done.stderr == ""
    assert done.stdout.split() == ["b'False\\n'", "False", "True"]


@pytest.mark.parametrize("name", ["keras", "pytorch_lightning"])
def test_a_framework_that_is_not_as_expected_is_left_alone(lab, name):
    lab.write("value = 3\n", f"{name}.py")
    lab.write(f"import {name}\nprint({name}.value)\n")
    done = lab.attempt()
    assert (done.returncode, done.stdout, done.stderr) == (0, "3\n", "")
    (error,) = lab.events("error")
    assert error["where"] == name
    assert "AttributeError" in error["error"]


def test_a_fit_that_we_cannot_look_after_is_as_without_us(lab):
    lab.write(FAKE, "keras.py")
    lab.write("import keras\nprint(keras.Model().fit(epochs=3))\n")
    done = lab.attempt()
    assert (done.returncode, done.stdout, done.stderr) == (0, "fitted\n", "")
    assert lab.events("error")


def test_a_wrong_call_fails_as_without_us(lab):
    lab.write(FAKE, "keras.py")
    lab.write("import keras\nkeras.Model().fit(epochen=3)\n")
    plain, done = lab.plain(), lab.attempt()
    assert done.returncode == plain.returncode == 1
    assert done.stderr.splitlines()[-1] == plain.stderr.splitlines()[-1]


def test_an_old_keras_is_left_alone_and_that_is_said(lab):
    lab.write(FAKE.replace('"3.0"', '"2.15.0"'), "keras.py")
    lab.write("import keras\nprint(keras.Model().fit())\n")
    assert lab.attempt().stdout == "fitted\n"
    assert lab.record.notes == ("no checkpoints: Keras 2.15.0 is older than 3",)


def test_an_import_that_fails_fails_as_without_us_and_can_be_tried_again(lab):
    lab.write(f"import os\nif 'BROKEN' in os.environ: raise ImportError('no')\n{FAKE}", "keras.py")
    lab.write(
        "import os\nos.environ['BROKEN'] = '1'\n"
        "try:\n    import keras\nexcept ImportError as error:\n    print(error)\n"
        "del os.environ['BROKEN']\nimport keras\n"
        "print(hasattr(keras.Model.fit, '__wrapped__'))\n"
    )
    assert lab.attempt().stdout.split() == ["no", "True"]


def test_broken_settings_do_no_harm(lab):
    lab.write(FAKE, "keras.py")
    lab.write("import keras\nprint(keras.Model().fit())\n")
    for settings in ("nonsense", "{}", json.dumps({"record": "/no/such/place"})):
        added = {"PYTHONPATH": str(HERE / "site"), "HPRUN_AUTOLOG": settings}
        done = lab._start(added, {})
        assert (done.returncode, done.stdout, done.stderr) == (0, "fitted\n", "")


@pytest.mark.parametrize("path", sorted((*HERE.glob("site/*.py"), *HERE.glob("inside/*.py"))))
def test_what_runs_in_the_script_runs_on_an_old_python_and_without_hprun(path):
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level or not (node.module or "").startswith("hprun")
        if isinstance(node, ast.Import):
            assert not any(alias.name.startswith("hprun") for alias in node.names)
