"""The unit and the script as text, and what systemd makes of the unit."""

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from hprun.errors import ConfigError
from hprun.preemption.boot_files import Boot, fill, script_text, unit_text

TEMPLATES = Path(__file__).parents[2] / "templates"
UNIT = (TEMPLATES / "hprun.service").read_text(encoding="utf-8")
SCRIPT = (TEMPLATES / "gce-startup.sh").read_text(encoding="utf-8")
PROGRAM = "c $(touch x) `touch y` %n $HOME ${HOME} ;&| é @USER@/bin/hprun"
NASTY = """a b $(touch x) `touch y` "q" 's' %n %% \\t $HOME ${HOME} ;&| é @USER@"""
PLAIN = Boot("hprun", "kim", "/srv/job", "/srv/job/.venv/bin/hprun", "/srv/job/cache")
SYSTEMD = next(
    (path for path in ("/usr/lib/systemd/systemd", "/lib/systemd/systemd") if Path(path).exists()),
    None,
)


@pytest.fixture
def nasty():
    """A project with a bad name, where anybody may look; its boot, and the folder around it."""
    with tempfile.TemporaryDirectory() as around:
        Path(around).chmod(0o755)
        runtime = Path(around, "runtime")
        runtime.mkdir()
        runtime.chmod(0o777)
        folder = Path(around, NASTY)
        program = Path(around, PROGRAM)
        folder.mkdir()
        program.parent.mkdir(parents=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        boot = Boot(
            name="hprun",
            user="kim",
            folder=str(folder),
            hprun=str(program),
            cache=str(folder / "cache"),
            venv=("VIRTUAL_ENV", str(folder)),
            disk="data",
            mount=str(folder / "mount"),
            gpu=True,
        )
        yield boot, Path(around)


def settings(unit):
    """The settings of a unit as they stand, by name."""
    found = {}
    for line in unit.splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def test_the_unit_says_what_the_search_needs_to_survive():
    found = settings(unit_text(UNIT, PLAIN))
    expected = {
        "Type": "exec",
        "User": "kim",
        "WorkingDirectory": "/srv/job",
        "Restart": "on-failure",
        "RestartSec": "10",
        "KillMode": "mixed",
        "TimeoutStopSec": "25",
        "OOMPolicy": "continue",
        "NoNewPrivileges": "yes",
        "StartLimitIntervalSec": "0",
        "WantedBy": "multi-user.target",
        "Environment": "PYTHONUNBUFFERED=1",
        "EnvironmentFile": "-/etc/default/hprun",
        "ExecStart": ':"/srv/job/.venv/bin/hprun" resume --all --yes --quiet'
        ' --cache "/srv/job/cache"',
    }
    assert {name: found[name] for name in expected} == {k: [v] for k, v in expected.items()}


def test_final_answers_and_stops_are_not_undone_but_crashes_are():
    found = settings(unit_text(UNIT, PLAIN))
    final = {int(word) for word in found["RestartPreventExitStatus"][0].split()}
    clean = {int(word) for word in found["SuccessExitStatus"][0].split()}
    assert final == {1, 2, 3}
    assert clean == {75, 129, 130, 143}  # hprun stop; 128 + SIGHUP, SIGINT, SIGTERM
    assert 70 not in final | clean


def test_the_unit_waits_for_the_script_and_the_script_does_not_wait_for_the_unit():
    assert "google-startup-scripts.service" in settings(unit_text(UNIT, PLAIN))["After"][0].split()
    script = script_text(SCRIPT, "", PLAIN)
    starts = [line for line in script.splitlines() if "systemctl start" in line]
    assert len(starts) == 1
    assert "--no-block" in starts[0]


def test_what_is_not_asked_for_is_not_in_the_unit():
    found = settings(unit_text(UNIT, PLAIN))
    assert "ExecStartPre" not in found
    assert "AssertPathIsMountPoint" not in found
    assert all(all(values) for values in found.values())
    asked = replace(PLAIN, gpu=True, mount="/mnt/data", venv=("CONDA_PREFIX", "/opt/conda"))
    found = settings(unit_text(UNIT, asked))
    assert found["ExecStartPre"] == ['/bin/sh -c "nvidia-smi -L >/dev/null"']
    assert found["AssertPathIsMountPoint"] == ["/mnt/data"]
    assert '"CONDA_PREFIX=/opt/conda"' in found["Environment"]
    assert any(line.startswith('"PATH=/opt/conda/bin:/usr') for line in found["Environment"])


def test_no_place_of_a_template_is_left_open():
    for text in (unit_text(UNIT, PLAIN), script_text(SCRIPT, unit_text(UNIT, PLAIN), PLAIN)):
        assert not re.search("@[A-Z_]+@", text)


def test_a_value_that_looks_like_a_place_is_left_alone():
    assert fill("@A@ @B@", {"A": "@B@", "B": "2"}) == "@B@ 2"
    with pytest.raises(KeyError):
        fill("@C@", {})


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"name": "a b"}, "--name"),
        ({"name": "../x"}, "--name"),
        ({"name": ""}, "--name"),
        ({"user": "kim\nExecStart=/bin/evil"}, "--user"),
        ({"user": "-kim"}, "--user"),
        ({"user": "%u"}, "--user"),
        ({"disk": "a/b", "mount": "/m"}, "--disk"),
        ({"disk": "data"}, "--mount"),
        ({"mount": "/"}, "--mount"),
        ({"folder": "/a\nExecStart=/bin/evil"}, "--folder"),
        ({"folder": "/a\rb"}, "--folder"),
        ({"folder": "/a\x00b"}, "--folder"),
        ({"folder": "/a\u2028b"}, "--folder"),
        ({"folder": "/a\udcff"}, "--folder"),
        ({"folder": "/a\\"}, "--folder"),
        ({"mount": "/a "}, "--mount"),
        ({"hprun": "/a\tb"}, "--hprun"),
        ({"hprun": "/kim's/hprun"}, "--hprun"),
        ({"hprun": '/a"b/hprun'}, "--hprun"),
        ({"hprun": "/a\\b/hprun"}, "--hprun"),
        ({"cache": "/a\x1b[2J"}, "--cache"),
        ({"venv": ("VIRTUAL_ENV", "/a:b")}, "--venv"),
    ],
)
def test_what_no_unit_can_say_is_refused(change, names):
    with pytest.raises(ConfigError, match=names):
        replace(PLAIN, **change)


def test_words_reach_the_script_as_they_are(nasty):
    boot, around = nasty
    text = script_text(SCRIPT, unit_text(UNIT, boot), boot)
    assignments = text[: text.index("\nsay()")]
    words = ("name", "user", "folder", "hprun", "disk", "mount_point", "gpu")
    show = "".join(f'printf "%s\\0" "${name}"\n' for name in words)
    shown = subprocess.run(
        ["bash", "-c", assignments + "\n" + show],
        cwd=around,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.split("\0")[:-1] == [
        boot.name, boot.user, boot.folder, boot.hprun, boot.disk, boot.mount, "yes"
    ]  # fmt: skip
    assert {path.name for path in around.iterdir()} == {NASTY, PROGRAM.partition("/")[0], "runtime"}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs apt package systemd")
@pytest.mark.parametrize("kind", ["plain", "nasty"])
def test_systemd_finds_nothing_wrong_with_the_unit(nasty, kind):
    boot, around = nasty
    if kind == "plain":
        boot = replace(PLAIN, user="kim", folder=str(around), hprun="/bin/true")
    unit = around / "hprun.service"
    unit.write_text(unit_text(UNIT, boot), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{around}:"},
    )
    assert (done.returncode, "hprun.service" in done.stderr) == (0, False), done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs apt package systemd")
def test_systemd_would_find_something_wrong(tmp_path):
    unit = tmp_path / "hprun.service"
    unit.write_text(unit_text(UNIT, replace(PLAIN, hprun="/no/such/program")), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, check=False
    )
    assert done.returncode != 0


@pytest.mark.skipif(SYSTEMD is None, reason="needs apt package systemd")
def test_systemd_reads_bad_names_as_they_are(nasty):
    boot, around = nasty
    # Without a manager to ask, a dry run of one tells how it reads a unit; never as root.
    (around / "hprun.service").write_text(unit_text(UNIT, boot), encoding="utf-8")
    done = subprocess.run(
        [SYSTEMD, "--test", "--user", "--unit=hprun.service"],
        capture_output=True,
        check=False,
        timeout=60,
        cwd="/",
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(around),
            "XDG_RUNTIME_DIR": str(around / "runtime"),
            "SYSTEMD_UNIT_PATH": f"{around}:",
        },
        **({"user": "nobody"} if os.getuid() == 0 else {}),
    )
    said = done.stdout.decode()
    assert "-> Unit hprun.service:" in said, said + done.stderr.decode()
    block = said.split("-> Unit hprun.service:")[1].split("-> Unit ")[0]
    lines = [line.strip() for line in block.splitlines()]
    assert f"WorkingDirectory: {boot.folder}" in lines
    assert f"Description: hprun: the searches in {boot.folder}" in lines
    assert f"AssertPathIsMountPoint: {boot.mount} untested" in lines
    assert f"Environment: VIRTUAL_ENV={boot.folder}" in lines
    assert any(line.startswith(f"Environment: PATH={boot.folder}/bin:/usr") for line in lines)
    commands = [line for line in lines if line.startswith("Command Line:")]
    # It shows the words as a shell would take them.
    start = subprocess.run(
        ["bash", "-c", 'printf "%s\\0" ' + commands[-1].removeprefix("Command Line:")],
        cwd=around / "runtime",
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    assert start[:-1] == [boot.hprun, "resume", "--all", "--yes", "--quiet", "--cache", boot.cache]
